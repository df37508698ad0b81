"""The table of what recipes measure besides their metric: the precision of each class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgekit.core.report import Report
from edgekit.reporting import wording
from edgekit.reporting.seen_tables import Figures, figures_of

SHOWN = ("int8", "qat-int8")
"""Variants that stand beside the Keras model."""

MOST = 12
"""Figures of a recipe; its report has all."""


def details_table(reports: Sequence[Report]) -> Iterator[str]:
    """Give the lines of the table: one per recipe; none if no recipe has further figures."""
    rows = [
        (report.recipe, figures)
        for report in reports
        if (figures := figures_of(report, None)) is not None
    ]
    if not rows:
        return
    yield (
        f"Further figures: of the Keras float model, and in brackets of {' and '.join(SHOWN)} on "
        "the first place that scored all test examples."
    )
    yield ""
    yield from wording.markdown_head(["recipe", "figures"])
    for name, figures in rows:
        yield wording.markdown_row([name, _cell(figures)])


def _cell(figures: Figures) -> str:
    """Return `AP of RBC 84.6 (84.5, 84.4); ...`."""
    columns = [figures.variants.index(name) for name in SHOWN if name in figures.variants]
    texts = [
        f"{name} {before or wording.NONE}"
        + (f" ({', '.join(cells[at][0] or wording.NONE for at in columns)})" if columns else "")
        for name, before, cells in figures.lines[:MOST]
    ]
    left_out = len(figures.lines) - MOST
    return "; ".join(texts) + (f"; {left_out} more in the report" if left_out > 0 else "")
