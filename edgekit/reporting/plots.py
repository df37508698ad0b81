"""The two plots of a report: size against the metric, and latency per runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekit.core.report import Report, Row
from edgekit.reporting import wording
from edgekit.reporting.labels import Box, place_labels
from edgekit.reporting.svg import (
    COLOURS,
    FONT_SIZE,
    drawing,
    log_ticks,
    short,
    style,
    svg,
    text_width,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NARROW = 500.0
_BAR = 22.0
_LARGEST = 1e12
"""No axis reaches further."""
_LOG_FROM = 8.0
"""From this ratio between the largest and the smallest value on, an axis is logarithmic."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A variant among the sizes, in bytes; not `good` if a measurement of it broke a limit."""

    variant: str
    compressed: int
    size: int
    value: float
    good: bool


def points(report: Report) -> tuple[Point, ...]:
    """Return every measured variant with its sizes and its value where it dropped most."""
    found = []
    for variant, rows_of in wording.by_variant(report.rows).items():
        rows = list(rows_of.values())
        worst, facts = wording.worst(rows), wording.facts(rows)
        if worst is None or worst.value is None or not facts.size_bytes:
            continue
        if abs(worst.value) > _LARGEST or abs(report.reference) > _LARGEST:
            continue  # such as a loss that went to infinity
        found.append(
            Point(
                variant=variant,
                compressed=facts.compressed_bytes or facts.size_bytes,
                size=facts.size_bytes,
                value=worst.value,
                good=all(row.ok is not False for row in rows),
            )
        )
    return tuple(found)


def size_plot(report: Report, *, width: float) -> str:
    """Draw size against the metric as SVG, `width` pixels wide; "" if nothing was measured."""
    found = points(report)
    if not found:
        return ""
    height = 430.0 if width > _NARROW else 520.0
    with drawing(width, height) as figure:
        left = 26 + text_width(wording.value_text(report.metric, report.reference))
        box = (left / width, 34 / height, 1 - (left + 12) / width, 1 - 50 / height)
        axes = figure.add_axes(box)
        style(axes, grid="both")
        _size_axis(axes, found)
        _value_axis(axes, report, [point.value for point in found])
        obstacles = [_draw_point(axes, point) for point in found]
        obstacles += _draw_reference(axes, report.reference)
        _label_points(axes, found, obstacles)
        return svg(figure, f"size-{width:.0f}")


def latency_plot(report: Report, *, width: float) -> str:
    """Draw median latencies, one panel a runtime, as SVG; "" if none has real times."""
    timed = [row for row in report.rows if 0 < (row.latency_ms_median or 0) < _LARGEST]
    if not timed:
        return ""
    where, variants = wording.places(timed), list(wording.by_variant(timed))
    across = len(where) if width > _NARROW else 1
    names = max(text_width(variant) for variant in variants) + 8
    column, panel = (width - names) / across, 74 + _BAR * len(variants)
    height = panel * -(-len(where) // across)
    with drawing(width, height) as figure:
        for index, place in enumerate(where):
            line, position = divmod(index, across)
            left, bottom = names + column * position, height - panel * (line + 1) + 44
            box = (left / width, bottom / height, (column - 12) / width, (panel - 68) / height)
            axes = figure.add_axes(box)
            _time_axis(axes, timed, room=64 / column)
            here = {row.variant: row for row in timed if (row.runtime, row.device) == place}
            _draw_bars(axes, variants, here, named=position == 0)
            name = wording.place_name(place)
            write(axes, name, 0, 1, share="xy", dy=12, colour="ink", weight="bold")
        return svg(figure, f"latency-{width:.0f}")


def _size_axis(axes: Axes, found: Sequence[Point]) -> None:
    sizes = [size for point in found for size in (point.compressed, point.size)]
    low, high = min(sizes), max(sizes)
    if high > _LOG_FROM / 2 * low:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.8, high * 1.5)
        log_ticks(axes.xaxis, low / 1.8, high * 1.5, width=axes.bbox.width)
    else:
        axes.set_xlim(low - 0.3 * low, high + 0.3 * low)
    axes.xaxis.set_major_formatter(lambda size, _: _plain(wording.size_text(round(size))))


def _plain(size: str) -> str:
    """Return a round size as one writes it at an axis: `50 kB` for `50.0 kB`."""
    figure, _, unit = size.partition(" ")
    return f"{float(figure.replace(',', '')):g} {unit}"


def _value_axis(axes: Axes, report: Report, values: Sequence[float]) -> None:
    low, high = min(*values, report.reference), max(*values, report.reference)
    room = 0.25 * (high - low) or 0.01 * abs(high) or 1.0
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_formatter(lambda value, _: short(wording.value_text(report.metric, value)))


def _draw_point(axes: Axes, point: Point) -> Box:
    """Draw the compressed size, filled, and a line to the size of the file, hollow."""
    colour = COLOURS["accent" if point.good else "bad"]
    marker = "o" if point.good else "X"  # told apart without the colour too
    sizes, values = (point.compressed, point.size), (point.value, point.value)
    axes.plot(sizes, values, color=colour, linewidth=1.2, alpha=0.45)
    for size, fill in ((point.size, COLOURS["surface"]), (point.compressed, colour)):
        axes.plot(size, point.value, marker, ms=8, mec=colour, mfc=fill, mew=1.4, clip_on=False)
    (left, y), (right, _) = axes.transData.transform(list(zip(sizes, values, strict=True)))
    return Box(min(left, right) - 5, y - 5, max(left, right) + 5, y + 5)


def _draw_reference(axes: Axes, reference: float) -> tuple[Box, Box]:
    text = "Keras reference"
    axes.axhline(reference, color=COLOURS["muted"], linestyle=(0, (4, 3)), linewidth=1)
    write(axes, text, 1, reference, share="x", anchor="right", dx=-2, dy=9)
    left, right = axes.transAxes.transform([(0, 0), (1, 0)])[:, 0]
    y = axes.transData.transform((1, reference))[1]
    return Box(left, y - 1, right, y + 1), Box(right - text_width(text) - 4, y, right, y + 18)


def _label_points(axes: Axes, found: Sequence[Point], obstacles: Sequence[Box]) -> None:
    (left, bottom), (right, top) = axes.transAxes.transform([(0, 0), (1, 1)])
    anchors = [tuple(axes.transData.transform((p.compressed, p.value))) for p in found]
    boxes = place_labels(
        anchors,
        [(text_width(point.variant), FONT_SIZE + 3) for point in found],
        obstacles=obstacles,
        bounds=Box(left, bottom, right, top),
    )
    for point, (x, y), box in zip(found, anchors, boxes, strict=True):
        if box is None:  # the tables name it
            continue
        middle = ((box.left + box.right) / 2, (box.bottom + box.top) / 2)
        leader = {"arrowstyle": "-", "color": COLOURS["muted"], "linewidth": 0.7, "shrinkB": 5}
        near = abs(middle[1] - y) < 4 and min(abs(box.left - x), abs(box.right - x)) < 12
        axes.annotate(
            short(point.variant),
            (x, y),
            xytext=middle,
            xycoords="figure pixels",
            textcoords="figure pixels",
            horizontalalignment="center",
            verticalalignment="center",
            color=COLOURS["ink"],
            arrowprops=None if near else leader,
        )


def _time_axis(axes: Axes, timed: Sequence[Row], *, room: float) -> None:
    """Scale all panels alike, with `room`, a share of the width, for figures at the bars' ends."""
    style(axes, grid="x")
    times = [t for row in timed for t in (row.latency_ms_median, row.latency_ms_p90) if t]
    low, high = min(times), max(times)
    if high > _LOG_FROM * low:
        axes.set_xscale("log")
        low, high = low / 2, high * (2 * high / low) ** (room / (1 - room))
        axes.set_xlim(low, high)
        log_ticks(axes.xaxis, low, high, width=axes.bbox.width)
        label = "ms, logarithmic"
    else:
        axes.set_xlim(0, high / (1 - room))
        label = "ms"
    axes.xaxis.set_major_formatter(lambda time, _: f"{time:g}")
    write(axes, label, 0, 0, share="xy", dy=-32)


def _draw_bars(axes: Axes, variants: Sequence[str], rows: dict[str, Row], *, named: bool) -> None:
    start = axes.get_xlim()[0]
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.set_yticks([])
    for position, variant in enumerate(variants):
        if named:
            write(axes, variant, 0, position, share="x", anchor="right", dx=-8, colour="ink")
        row = rows.get(variant)
        if row is None or row.latency_ms_median is None:
            write(axes, wording.NONE, 0, position, share="x", dx=4)
            continue
        median, p90 = row.latency_ms_median, row.latency_ms_p90 or row.latency_ms_median
        axes.barh(position, median - start, left=start, height=0.6, color=COLOURS["accent"])
        axes.plot((median, p90), (position, position), color=COLOURS["ink"], linewidth=1.2)
        write(axes, wording.latency_text(median).removesuffix(" ms"), p90, position, dx=5)
