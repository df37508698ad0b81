"""A build's table on the terminal, grouped by variant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgekit.core.report import Report, Row
from edgekit.reporting import latency, wording
from edgekit.reporting.terminal.table import Column, Group, Page
from edgekit.reporting.terminal.words import with_mark
from edgekit.reporting.verdict import certainty, recommendation, verdict


def show(report: Report, page: Page | None = None) -> None:
    """Print a report: what was measured of each variant, reasons below, and which one to take.

    Args:
        report: What to print.
        page: Where to print; stdout if left out.
    """
    page = page or Page.of_stdout()
    notes = wording.footnotes(report.rows)
    page.lines([*_heading(report), ""])
    page.grouped(
        _columns(report),
        (
            Group(
                title=variant,
                beside=_sizes(list(by_place.values())),
                rows=[_cells(report, row, notes) for row in by_place.values()],
            )
            for variant, by_place in wording.by_variant(report.rows).items()
        ),
    )
    page.lines()
    page.notes(notes)
    page.lines(filter(None, _ending(report)))


def _heading(report: Report) -> tuple[str, ...]:
    metric, baseline = report.metric, report.baseline
    return (
        f"{report.recipe}, size {report.size}, seed {report.seed}: Keras reference "
        f"{wording.value_text(metric, report.reference)} {metric.name} "
        f"({baseline.name}: {wording.value_text(metric, baseline.value)}).",
        verdict(report),
    )


def _ending(report: Report) -> Iterator[str]:
    yield wording.examples_text(report.rows)
    yield certainty(report)
    yield latency.times_text(report)
    yield from report.data
    yield f"{report.date}, {report.machine}"
    yield recommendation(report)


def _columns(report: Report) -> tuple[Column, ...]:
    unit = report.metric.unit
    return (
        Column("where"),
        Column(f"{report.metric.name} {unit}".rstrip(), "number"),
        Column(f"{report.metric.worsening} {unit}".rstrip(), "number"),
        Column("max error", "number"),
        Column("cosine", "number", optional=True),
        Column("time ms", "number"),
        Column("p90 ms", "number", optional=True),
        Column("state", "state"),
    )


def _sizes(rows: Sequence[Row]) -> str:
    known = wording.facts(rows)
    if known.size_bytes is None:
        return ""
    compressed = f", {wording.size_text(known.compressed_bytes)} compressed"
    return f"{wording.size_text(known.size_bytes)}{compressed if known.compressed_bytes else ''}"


def _cells(report: Report, row: Row, notes: dict[str, int]) -> tuple[str, ...]:
    metric = report.metric
    return (
        wording.place_name((row.runtime, row.device)),
        _bare(wording.value_text(metric, row.value), metric.unit),
        wording.drop_text(metric, row.drop),
        wording.error_text(row.max_abs_error),
        wording.NONE if row.cosine is None else f"{row.cosine:.5f}",
        _bare(wording.latency_text(latency.latency_ms(row)), "ms"),
        _bare(wording.latency_text(latency.p90_ms(row)), "ms"),
        with_mark(wording.state_text(row), row.reason, notes),
    )


def _bare(text: str, unit: str) -> str:
    """Return a figure without the unit that stands in the column's heading."""
    return text.removesuffix(unit).rstrip() if unit else text
