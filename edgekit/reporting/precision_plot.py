"""The plot of a detector: precision against recall for each class, float beside quantized."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.report import Tally
from edgekit.reporting.seen import Seen
from edgekit.reporting.svg import COLOURS, drawing, style, svg, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NARROW = 500.0
_PANEL = 250.0
"""Height of the panel of a class."""
MOST_CLASSES = 12


def precision_plot(seen: Seen, *, width: float) -> str:
    """Draw a panel a class as SVG, `width` pixels wide; "" if nothing was located.

    The dashed line is the reference's, the other the file's.
    """
    reference, file = seen.reference, seen.file
    if not (reference and file and reference.precisions and file.precisions):
        return ""
    shown = [k for k, curve in enumerate(reference.precisions) if curve and file.precisions[k]]
    shown = shown[:MOST_CLASSES]
    if not shown:
        return ""
    across = min(len(shown), 3 if width > _NARROW else 1)
    height = _PANEL * -(-len(shown) // across)
    column = width / across
    with drawing(width, height) as figure:
        for index, label in enumerate(shown):
            line, position = divmod(index, across)
            left, bottom = column * position + 44, height - _PANEL * (line + 1) + 46
            box = (left / width, bottom / height, (column - 62) / width, (_PANEL - 82) / height)
            _draw(figure.add_axes(box), reference, file, label)
        return svg(figure, f"precision-{width:.0f}")


def _draw(axes: Axes, reference: Tally, file: Tally, label: int) -> None:
    style(axes, grid="both")
    recalls = np.linspace(0, 1, len(file.precisions[label]))
    before, after = reference.precisions[label], file.precisions[label]
    axes.plot(recalls, before, color=COLOURS["muted"], linestyle="--", linewidth=1.4)
    axes.plot(recalls, after, color=COLOURS["accent"], linewidth=1.8)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0", "", "0.5", "", "1"))
    axes.set_yticks((0, 0.25, 0.5, 0.75, 1), ("0", "", "0.5", "", "1"))
    write(axes, file.labels[label], 0, 1, share="xy", dy=24, colour="ink", weight="bold")
    figures = f"AP {np.mean(after):.3f}, float {np.mean(before):.3f}"
    write(axes, figures, 0, 1, share="xy", dy=9)
    write(axes, "recall", 1, 0, share="xy", dy=-28, anchor="right")
