"""The plot of an explanation: the layers to blame, with the signal-to-noise ratio of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.core.report import ExplainedFile, ExplainedLayer
from edgekit.reporting.svg import COLOURS, drawing, style, svg, text_width, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR = 24.0
_LOW_DB, _HIGH_DB = 0.0, 60.0
"""Ends of the axis: at 0 dB there is as much noise as signal; beyond 60 dB nothing shows."""

POOR_DB = 20.0
"""Below this, a hundredth of the signal is lost; such bars have the colour of what is wrong."""


def noise_plot(explained: ExplainedFile, *, width: float, number: int = 1) -> str:
    """Draw the layers of an explanation as SVG, `width` pixels wide; "" if it has none.

    A bar ends at the signal-to-noise ratio of what the layer passes on; a ring stands where it
    would be if the layer were given exact values. `number` is the plot's own in a page.
    """
    layers = explained.layers
    if not layers:
        return ""
    height = _BAR * len(layers) + 44
    names = min(max(text_width(each.layer) for each in layers) + 10, 0.55 * width)
    with drawing(width, height) as figure:
        box = (names / width, 36 / height, 1 - (names + 70) / width, 1 - 40 / height)
        axes = figure.add_axes(box)
        style(axes, grid="x")
        axes.set_xlim(_LOW_DB, _HIGH_DB)
        axes.set_ylim(len(layers) - 0.4, -0.6)
        axes.set_yticks([])
        axes.set_xticks((0, 20, 40, 60))
        for position, layer in enumerate(layers):
            _draw(axes, layer, position)
        write(axes, "signal-to-noise ratio, dB", 0, 0, share="xy", dy=-28)
        return svg(figure, f"noise-{number}-{width:.0f}")


def _draw(axes: Axes, layer: ExplainedLayer, position: int) -> None:
    whole, own = (_within(value) for value in (layer.snr_db, layer.own_db))
    colour = COLOURS["bad" if layer.own_db < POOR_DB else "accent"]
    write(axes, layer.layer, 0, position, share="x", anchor="right", dx=-8, colour="ink")
    axes.barh(position, whole - _LOW_DB, left=_LOW_DB, height=0.5, color=colour)
    axes.plot((whole, own), (position, position), color=colour, linewidth=1.2, alpha=0.6)
    axes.plot(
        own, position, "o", ms=7, mec=colour, mew=1.5, mfc=COLOURS["surface"], clip_on=False,
        zorder=3,
    )  # fmt: skip
    write(axes, f"{layer.snr_db:.0f} dB", 1, position, share="x", dx=14)


def _within(decibels: float) -> float:
    return min(max(decibels, _LOW_DB), _HIGH_DB)
