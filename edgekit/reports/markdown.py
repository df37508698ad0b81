"""A build's report as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgekit.core.kinds import Reporter
from edgekit.core.paths import atomic
from edgekit.core.report import Report
from edgekit.reporting import wording


def write(report: Report, folder: Path) -> Path:
    """Write `report.md` into `folder` and return its path."""
    path = folder / "report.md"
    text = wording.printable("\n".join(_lines(report)) + "\n")
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _lines(report: Report) -> Iterator[str]:
    metric, baseline = report.metric, report.baseline
    notes = wording.footnotes(report.rows)
    yield f"# {wording.markdown_text(report.recipe)}"
    yield f"\n{wording.markdown_text(wording.verdict(report))}\n"
    reference = wording.value_text(metric, report.reference)
    simpler = f"{baseline.name}: {wording.value_text(metric, baseline.value)}"
    yield wording.markdown_text(
        f"Keras reference: {reference} {metric.name} ({simpler}). A cell gives the {metric.name} "
        "and, in brackets, how much worse that is than the reference. "
        f"{wording.examples_text(report.rows)}"
    )
    yield ""
    yield from _matrix(report, notes)
    if notes:
        yield "\n## Reasons\n"
        yield from (f"{number}. {wording.markdown_text(why)}" for why, number in notes.items())
    yield "\n## Measurements\n"
    yield from _measurements(report)
    yield "\n## Where this comes from\n"
    yield from _provenance(report)


def _matrix(report: Report, notes: dict[str, int]) -> Iterator[str]:
    where = wording.places(report.rows)
    names = [wording.place_name(place) for place in where]
    yield from wording.markdown_head(["variant", "size", "compressed", *names])
    for variant, rows in wording.by_variant(report.rows).items():
        known = wording.facts(rows.values())
        sizes = [wording.size_text(known.size_bytes), wording.size_text(known.compressed_bytes)]
        cells = []
        for place in where:
            row = rows.get(place)
            if row is None:
                cells.append("")
                continue
            drop = wording.drop_text(report.metric, row.drop)
            figures = f"{wording.value_text(report.metric, row.value)} ({drop}) "
            note = f", reason {notes[row.reason]}" if row.reason else ""
            measured = figures if row.status == "measured" else ""
            cells.append(f"{measured}{wording.state(row)}{note}")
        yield wording.markdown_row([variant, *sizes, *cells])


def _measurements(report: Report) -> Iterator[str]:
    yield from wording.markdown_head(
        ["variant", "where", "max error", "mean error", "cosine", "same tokens", "median", "p90",
         "sparsity", "unique weights", "examples", "adapter"]
    )  # fmt: skip
    for row in report.rows:
        if row.status == "measured":
            yield wording.markdown_row(
                [
                    row.variant,
                    wording.place_name((row.runtime, row.device)),
                    wording.error_text(row.max_abs_error),
                    wording.error_text(row.mean_abs_error),
                    wording.NONE if row.cosine is None else f"{row.cosine:.6f}",
                    wording.percent_text(row.same_tokens_percent),
                    wording.latency_text(row.latency_ms_median),
                    wording.latency_text(row.latency_ms_p90),
                    wording.percent_text(None if row.sparsity is None else 100 * row.sparsity),
                    wording.NONE if row.unique_weights is None else f"{row.unique_weights:,}",
                    wording.NONE if row.examples is None else f"{row.examples:,}",
                    row.adapter,
                ]
            )


def _provenance(report: Report) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    for what, text in (
        ("Machine", report.machine),
        ("Date", report.date),
        ("Versions", versions),
        ("Size and seed", f"{report.size}, seed {report.seed}"),
        ("Training", f"{report.train_seconds:,.0f} s"),
        *(("Note", note) for note in report.notes),
    ):
        yield f"- {what}: {wording.markdown_text(text)}"


report = Reporter(write=write)
