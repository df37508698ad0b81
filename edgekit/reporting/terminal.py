"""A build's table on the terminal, grouped by variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgekit.core.errors import printable
from edgekit.core.report import Report, Row
from edgekit.reporting import wording
from edgekit.reporting.verdict import recommendation, verdict

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_WIDE = 96
"""From this many columns on, the 90th percentile and the cosine have room too."""

_STYLES = {
    "ok": "green",
    "out of limits": "bold red",
    "failed": "bold red",
    "measured": "",
    "predicted": "yellow",
    "not run": "dim",
}


def show(report: Report, console: Console | None = None) -> None:
    """Print a report.

    Args:
        report: What to print.
        console: Where to print; stdout if left out. 80 columns are enough, 96 show more.
    """
    from rich.console import Console
    from rich.text import Text

    out = console or Console()
    for line in _heading(report):
        out.print(Text(printable(line)))
    notes = wording.footnotes(report.rows)
    wide = out.width >= _WIDE
    out.print()
    out.print(_table(report, wide=wide, header=True))
    for variant, by_place in wording.by_variant(report.rows).items():
        rows = list(by_place.values())
        out.print(Text.assemble((printable(variant), "bold"), _sizes(rows)))
        table = _table(report, wide=wide)
        for row in rows:
            table.add_row(*_cells(report, row, notes, wide=wide))
        out.print(table)
    _print_footnotes(out, notes)
    scored = wording.examples_text(report.rows)
    for line in (scored, *report.data, f"{report.date}, {report.machine}"):
        if line:
            out.print(Text(printable(line)))


def _heading(report: Report) -> tuple[str, ...]:
    metric, baseline = report.metric, report.baseline
    return (
        f"{report.recipe}, size {report.size}, seed {report.seed}: Keras reference "
        f"{wording.value_text(metric, report.reference)} {metric.name} "
        f"({baseline.name}: {wording.value_text(metric, baseline.value)}).",
        verdict(report),
        *filter(None, [recommendation(report)]),
    )


def _table(report: Report, *, wide: bool, header: bool = False) -> Table:
    """Return an empty table; all have the same widths, so that they line up."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=header, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", width=1)
    table.add_column("where", width=30, overflow="fold")
    unit = f"\n{report.metric.unit}"
    for title, width, shown in (
        (f"{report.metric.name}{unit}", 8, True),
        (f"drop{unit}", 6, True),
        ("max\nerror", 6, True),
        ("cosine", 7, wide),
        ("median\nms", 6, True),
        ("p90\nms", 6, wide),
    ):
        if shown:
            heading = Text(printable(title), "bold", overflow="fold")
            table.add_column(heading, width=width, justify="right")
    table.add_column("", min_width=17)
    return table


def _sizes(rows: Sequence[Row]) -> str:
    known = wording.facts(rows)
    if known.size_bytes is None:
        return ""
    compressed = f", {wording.size_text(known.compressed_bytes)} compressed"
    return f"  {wording.size_text(known.size_bytes)}{compressed if known.compressed_bytes else ''}"


def _cells(
    report: Report, row: Row, notes: dict[str, int], *, wide: bool
) -> tuple[str | Text, ...]:
    from rich.text import Text

    metric, state = report.metric, wording.state(row)
    cosine = wording.NONE if row.cosine is None else f"{row.cosine:.5f}"
    place = printable(wording.place_name((row.runtime, row.device)))
    figures = (
        _bare(wording.value_text(metric, row.value), metric.unit),
        wording.drop_text(metric, row.drop),
        wording.error_text(row.max_abs_error),
        *((cosine,) if wide else ()),
        _bare(wording.latency_text(row.latency_ms_median), "ms"),
        *((_bare(wording.latency_text(row.latency_ms_p90), "ms"),) if wide else ()),
    )
    mark = f" [{notes[row.reason]}]" if row.reason else ""
    return ("", Text(place), *figures, Text.assemble((state, _STYLES[state]), mark))


def _bare(text: str, unit: str) -> str:
    """Return a figure without the unit that stands in the column's heading."""
    return text.removesuffix(unit).rstrip() if unit else text


def _print_footnotes(out: Console, notes: dict[str, int]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0))
    for reason, number in notes.items():
        table.add_row(Text(f"[{number}]"), Text(printable(reason)))
    out.print()
    if notes:
        out.print(table)
