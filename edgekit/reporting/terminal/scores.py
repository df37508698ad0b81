"""How answers compare: the columns of outputs and limits, and two scores side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.reporting.terminal.table import Column

if TYPE_CHECKING:
    from edgekit.core.report import Score

JUDGED = (Column("output"), Column("is"), Column("where"), Column("measured (limit)"))
"""Columns of how outputs compare with others, beside their limits."""


def side_by_side(before: Score | None, score: Score) -> tuple[str, ...]:
    """Return a score, another one with how sure it is, and their difference.

    Args:
        before: What the other is held against; None if it is not known.
        score: The other.
    """
    factor, digits, unit, points = 100.0, ".1f", " %", " points"
    if score.question == "mean absolute error":
        factor, digits, unit, points = 1.0, ".4g", "", ""
    source, difference = "not known", ""
    if before:
        source = f"{factor * before.value:{digits}}{unit}"
        difference = f"{factor * (score.value - before.value):+{digits}}{points}"
    file = f"{factor * score.value:{digits}}{unit}"
    if score.half_width is not None:
        file += f" +- {factor * score.half_width:{digits}}"
    return (source, file, difference)
