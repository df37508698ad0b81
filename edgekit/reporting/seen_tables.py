"""Tables of what is seen: further figures by variant, what is taken for what."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.core.report import Report, Row, Tally
from edgekit.reporting.seen import Seen
from edgekit.reporting.wording import by_variant, place_name, places

MOST_IN_MATRIX = 26
"""Classes up to which there is a table of all pairs."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A recipe's further figures on one place.

    Attributes:
        place: Where.
        variants: Names of the columns after the reference's.
        lines: Name, the reference's figure, and for each variant its figure and its change; the
            change is "" where there is none.
    """

    place: str
    variants: tuple[str, ...]
    lines: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """How many examples of one class were taken for another.

    Attributes:
        share: Of the class's examples, 0..1.
        change: Against the reference; "" for none.
    """

    count: int
    share: float
    change: str
    is_right: bool


def figures_of(report: Report, seen: Seen | None) -> Figures | None:
    """Return the further figures of every variant where most can be compared; None without any."""
    rows = [row for row in report.rows if row.details and _is_whole(report, row)]
    if not rows:
        return None
    found = places(rows)
    wanted = (seen.runtime, seen.device) if seen else found[0]
    place = wanted if wanted in found else found[0]
    here = [row for row in rows if (row.runtime, row.device) == place]
    names = dict.fromkeys([*report.reference_details, *(n for row in here for n in row.details)])
    return Figures(
        place=place_name(place),
        variants=tuple(by_variant(here)),
        lines=tuple(_line(name, report, here) for name in names),
    )


def matrix(seen: Seen) -> list[tuple[str, list[Cell]]]:
    """Return for each class how often the file took it for each; empty for too many classes."""
    file, before = seen.file, seen.reference
    if not file or not file.taken_for or len(file.labels) > MOST_IN_MATRIX:
        return []
    return [
        (label, [_cell(file, before, row, column) for column in range(len(file.labels))])
        for row, label in enumerate(file.labels)
    ]


def most_confused(seen: Seen, count: int = 8) -> list[tuple[str, str, int, int | None]]:
    """Return the pairs that the file confuses most: class, taken for, how often, reference's."""
    file, before = seen.file, seen.reference
    if not file or not file.taken_for:
        return []
    pairs = [
        (number, file.labels[row], file.labels[column], row, column)
        for row, counts in enumerate(file.taken_for)
        for column, number in enumerate(counts)
        if row != column and number
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [
        (label, other, number, before.taken_for[row][column] if before else None)
        for number, label, other, row, column in pairs[:count]
    ]


def compared_text(seen: Seen) -> str:
    """Say on how many examples the file answers otherwise than the reference."""
    if not seen.compared:
        return ""
    share = 100 * seen.different / seen.compared
    where = place_name((seen.runtime, seen.device))
    return (
        f"On the first {seen.compared:,} test examples, {seen.variant} on {where} answers "
        f"otherwise than the Keras model on {seen.different:,} ({share:.1f} %)."
    )


def _is_whole(report: Report, row: Row) -> bool:
    """Whether a row was scored on all examples, so that it compares with the reference's."""
    return row.examples == max(each.examples or 0 for each in report.rows)


def _line(
    name: str, report: Report, rows: list[Row]
) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    before = report.reference_details.get(name)
    cells = []
    for row in rows:
        value = row.details.get(name)
        change = "" if value is None or before is None else _change(value - before, before)
        cells.append(("" if value is None else _figure(value, value), change))
    return name, "" if before is None else _figure(before, before), tuple(cells)


def _figure(value: float, scale: float) -> str:
    return f"{value:,.1f}" if abs(scale) >= 10 else f"{value:.3g}"


def _change(change: float, scale: float) -> str:
    text = f"{change:+,.1f}" if abs(scale) >= 10 else f"{change:+.2g}"
    return "" if float(text.replace(",", "")) == 0 else text


def _cell(file: Tally, before: Tally | None, row: int, column: int) -> Cell:
    count, total = file.taken_for[row][column], sum(file.taken_for[row])
    change = count - before.taken_for[row][column] if before else 0
    return Cell(
        count=count,
        share=count / total if total else 0.0,
        change=f"{change:+d}" if change else "",
        is_right=row == column,
    )
