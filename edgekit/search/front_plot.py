"""The plot of a search: compressed size against how much worse a file answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.reporting import wording
from edgekit.reporting.plots import spread
from edgekit.reporting.svg import COLOURS, drawing, log_ticks, style, svg, value_ticks, write
from edgekit.search.candidate import Candidate, Found

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT = 420.0
_DISC = 17.0
_LABEL = 90.0
"""Width of a label of the lower axis, with the room around it."""
_LOG_FROM = 8.0
"""From this ratio between the largest and the smallest size on, the axis is logarithmic."""


def front_plot(found: Found, *, width: float) -> str:
    """Draw a search as SVG, `width` pixels wide; "" if nothing was measured.

    The front's files are discs with the numbers of the table, and a line joins those that no
    smaller one beats in drop. The others are rings, and squares where they break a limit. Up is
    better.
    """
    shown = [each for each in found.candidates if each.drop is not None and each.compressed_bytes]
    if not shown:
        return ""
    with drawing(width, _HEIGHT) as figure:
        axes = figure.add_axes((84 / width, 52 / _HEIGHT, 1 - 104 / width, 1 - 80 / _HEIGHT))
        style(axes, grid="both")
        _axes(axes, found, shown)
        by_name = {each.variant: each for each in shown}
        front = [by_name[name] for name in found.front if name in by_name]
        for each in shown:
            if each not in front:
                _draw_other(axes, each, good=not each.broken(found.limits))
        _draw_front(axes, front)
        unit = f", {found.metric.unit}" if found.metric.unit else ""
        title = f"{found.metric.worsening} of {found.metric.name}{unit}"
        write(axes, title, 0, 1, share="xy", dx=-78, dy=16)
        write(axes, "compressed", 1, 0, share="xy", anchor="right", dy=-40)
        return svg(figure, f"front-{width:.0f}")


def _axes(axes: Axes, found: Found, shown: list[Candidate]) -> None:
    from matplotlib.ticker import MaxNLocator

    sizes = [each.compressed_bytes or 1 for each in shown]
    low, high = min(sizes) / 1.3, max(sizes) * 1.3
    if high > _LOG_FROM * low:
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        log_ticks(axes.xaxis, low, high, width=axes.bbox.width)
    else:
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=max(2, int(axes.bbox.width // _LABEL))))
    axes.xaxis.set_major_formatter(lambda size, _: wording.size_text(round(size)))
    drops = [_seen(each, found) for each in shown]
    room = 0.1 * (max(drops) - min(drops)) or 0.1
    axes.set_ylim(max(drops) + room, min(drops) - room)  # a small drop is better, and up
    allowed = found.limits.max_drop
    if allowed is not None and allowed < max(drops) + room:
        axes.axhline(allowed, color=COLOURS["bad"], linewidth=1, linestyle="--", alpha=0.5)
    value_ticks(axes.yaxis, found.metric.unit)


def _seen(each: Candidate, found: Found) -> float:
    """Return where a drop is drawn: what is far out of limits stands at the lower edge."""
    allowed = found.limits.max_drop if found.limits.max_drop is not None else each.drop_limit
    drop = each.drop or 0.0
    return drop if allowed is None else min(drop, _FAR * max(allowed, 1e-9))


_FAR = 8.0
"""Drops beyond this many times the allowed one would leave no room for those that matter."""


def _draw_other(axes: Axes, each: Candidate, *, good: bool) -> None:
    colour = COLOURS["accent" if good else "bad"]
    low, high = sorted(axes.get_ylim())
    axes.plot(
        each.compressed_bytes or 1, min(max(each.drop or 0.0, low), high), "o" if good else "s",
        ms=7, mec=colour, mew=1.4, mfc=COLOURS["surface"], clip_on=False, zorder=3,
    )  # fmt: skip


def _draw_front(axes: Axes, front: list[Candidate]) -> None:
    points = [(float(each.compressed_bytes or 1), each.drop or 0.0) for each in front]
    # Some are in the front for their time alone; the line joins those that better the drop.
    drops = [drop for _, drop in points]
    joined = [at for number, at in enumerate(points) if at[1] <= min(drops[: number + 1])]
    if len(joined) > 1:
        axes.plot(*zip(*joined, strict=True), color=COLOURS["accent"], linewidth=1.2, alpha=0.5)
    anchors = [axes.transData.transform(point) for point in points]
    for number, at in enumerate(spread([(float(x), float(y)) for x, y in anchors]), 1):
        where = axes.transData.inverted().transform(at)
        axes.plot(
            *where, "o", ms=_DISC, mfc=COLOURS["accent"], mec=COLOURS["surface"], mew=1,
            clip_on=False, zorder=4,
        )  # fmt: skip
        write(axes, str(number), *where, anchor="center", colour="surface", weight="bold", size=10)
