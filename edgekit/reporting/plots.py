"""The two plots of a report: size against the metric, and latency per runtime."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekit.core.report import Report, Row
from edgekit.reporting import latency, wording
from edgekit.reporting.svg import (
    COLOURS,
    LineStyle,
    drawing,
    log_ticks,
    style,
    svg,
    text_width,
    value_ticks,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NARROW = 500.0
_BAR = 22.0
_DISC = 17.0
"""Diameter of a variant's disc: room for a number of two digits."""
_APART = 0.8 * _DISC
"""Discs closer than this hide each other's numbers."""
_LEGEND_LINE = 22.0
_REFERENCE: LineStyle = {"color": COLOURS["muted"], "linestyle": "--", "linewidth": 1.0}
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
    """Return every measured variant with its sizes and its value where it got worst."""
    measured = []
    for variant, rows_of in wording.by_variant(report.rows).items():
        rows = list(rows_of.values())
        worst, facts = wording.worst(rows), wording.facts(rows)
        if worst is None or worst.value is None or not facts.size_bytes:
            continue
        if abs(worst.value) > _LARGEST or abs(report.reference) > _LARGEST:
            continue  # such as a loss that went to infinity
        measured.append(
            Point(
                variant=variant,
                compressed=facts.compressed_bytes or facts.size_bytes,
                size=facts.size_bytes,
                value=worst.value,
                good=all(row.ok is not False for row in rows),
            )
        )
    return tuple(measured)


def size_plot(report: Report, *, width: float) -> str:
    """Draw size against the metric as SVG, `width` pixels wide; "" if nothing was measured.

    Each variant is a disc with a number, and a legend below says which number is which variant.
    """
    shown = points(report)
    if not shown:
        return ""
    names = ("Keras reference", *(point.variant for point in shown))
    column = 2 * _DISC + 8 + max(map(text_width, names))
    columns = max(1, int(width // column))
    legend = _LEGEND_LINE * -(-len(names) // columns) + 12
    height = (430.0 if width > _NARROW else 460.0) + legend
    with drawing(width, height) as figure:
        left = 26 + text_width(wording.value_text(report.metric, report.reference))
        box = (left / width, (34 + legend) / height)
        axes = figure.add_axes((*box, 1 - (left + 12) / width, 1 - (50 + legend) / height))
        style(axes, grid="both")
        _size_axis(axes, shown)
        _value_axis(axes, report, [point.value for point in shown])
        axes.axhline(report.reference, **_REFERENCE)
        _draw_points(axes, shown)
        below = figure.add_axes((0, 0, 1, (legend - 12) / height))
        _draw_legend(below, shown, columns=columns, column=column)
        return svg(figure, f"size-{width:.0f}")


def latency_plot(report: Report, *, width: float) -> str:
    """Draw median latencies, one panel a runtime, as SVG; "" if none has real times."""
    timed = [row for row in report.rows if 0 < (latency.latency_ms(row) or 0) < _LARGEST]
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


def _size_axis(axes: Axes, shown: Sequence[Point]) -> None:
    sizes = [size for point in shown for size in (point.compressed, point.size)]
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
    ends = (low - room, high + room)
    axes.set_ylim(ends if report.metric.higher_is_better else ends[::-1])  # better is up
    value_ticks(axes.yaxis, report.metric.unit)


def _draw_points(axes: Axes, shown: Sequence[Point]) -> None:
    """Draw each variant: a disc at the compressed size, a line to the size of the file, a ring."""
    anchors = [axes.transData.transform((point.compressed, point.value)) for point in shown]
    discs = spread([(float(x), float(y)) for x, y in anchors])
    for number, (point, at) in enumerate(zip(shown, discs, strict=True), 1):
        colour = COLOURS["accent" if point.good else "bad"]
        x, y = axes.transData.inverted().transform(at)
        sizes = (x, point.compressed, point.size)
        axes.plot(sizes, (point.value,) * 3, color=colour, linewidth=1.2, alpha=0.45)
        axes.plot(
            (point.compressed, point.size), (point.value,) * 2, "o", ms=6, mec=colour, mew=1.4,
            mfc=COLOURS["surface"], clip_on=False, zorder=3,
        )  # fmt: skip
        _draw_disc(axes, number, (x, y), good=point.good)


def _draw_disc(axes: Axes, number: int, at: tuple[float, float], *, good: bool) -> None:
    colour = COLOURS["accent" if good else "bad"]
    marker = "o" if good else "s"  # told apart without the colour too
    axes.plot(
        *at, marker, ms=_DISC, mfc=colour, mec=COLOURS["surface"], mew=1, clip_on=False, zorder=4
    )
    size = 10.5 if number < 10 else 9.0
    write(axes, str(number), *at, anchor="center", colour="surface", weight="bold", size=size)


def spread(anchors: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return where discs go: at their points, or beside them where they would hide a number.

    Args:
        anchors: The points, x and y in pixels.

    Returns:
        The centre of each, in order: as high as its point, and never on another disc's number.
    """
    centres: list[tuple[float, float]] = []
    for x, y in anchors:
        beside = ((x + side * step * _DISC, y) for step in itertools.count() for side in (1, -1))
        free = (at for at in beside if all(math.dist(at, other) >= _APART for other in centres))
        centres.append(next(free))
    return centres


def _draw_legend(axes: Axes, shown: Sequence[Point], *, columns: int, column: float) -> None:
    """Name the variant of each number and the dashed line, column by column."""
    axes.set_axis_off()
    names = [*(point.variant for point in shown), "Keras reference"]
    lines = -(-len(names) // columns)
    axes.set_xlim(0, axes.bbox.width)
    axes.set_ylim(lines * _LEGEND_LINE, 0)
    for index, name in enumerate(names):
        across, down = divmod(index, lines)
        x, y = column * across + _DISC, _LEGEND_LINE * (down + 0.5)
        if index < len(shown):
            _draw_disc(axes, index + 1, (x, y), good=shown[index].good)
        else:
            axes.plot((x - _DISC / 2, x + _DISC / 2), (y, y), **_REFERENCE)
        write(axes, name, x, y, dx=_DISC, colour="ink")


def _time_axis(axes: Axes, timed: Sequence[Row], *, room: float) -> None:
    """Scale all panels alike, with `room`, a share of the width, for figures at the bars' ends."""
    style(axes, grid="x")
    times = [time for row in timed for time in _median_and_p90(row)]
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


def _median_and_p90(row: Row) -> tuple[float, float]:
    """Return the latency and its 90th percentile, or the same again where that is not known."""
    median = latency.latency_ms(row) or 0.0
    return median, max(median, latency.p90_ms(row) or 0.0)


def _draw_bars(axes: Axes, variants: Sequence[str], rows: dict[str, Row], *, named: bool) -> None:
    start = axes.get_xlim()[0]
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.set_yticks([])
    for position, variant in enumerate(variants):
        if named:
            write(axes, variant, 0, position, share="x", anchor="right", dx=-8, colour="ink")
        row = rows.get(variant)
        if row is None:
            write(axes, wording.NONE, 0, position, share="x", dx=4)
            continue
        median, p90 = _median_and_p90(row)
        axes.barh(position, median - start, left=start, height=0.6, color=COLOURS["accent"])
        axes.plot((median, p90), (position, position), color=COLOURS["ink"], linewidth=1.2)
        write(axes, wording.latency_text(median).removesuffix(" ms"), p90, position, dx=5)
