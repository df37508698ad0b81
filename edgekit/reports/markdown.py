"""A build's report as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgekit import report_text as words
from edgekit.paths import atomic
from edgekit.types import Report


def report(report: Report, folder: Path) -> Path:
    """Write `report.md` into `folder` and return its path."""
    path = folder / "report.md"
    text = words.printable("\n".join(_lines(report)) + "\n")
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _lines(report: Report) -> Iterator[str]:
    metric, (baseline, baseline_value) = report.metric, report.baseline
    notes = words.footnotes(report.rows)
    yield f"# {words.markdown_text(report.recipe)}"
    yield f"\n{words.markdown_text(words.verdict(report))}\n"
    reference = words.value_text(metric, report.reference)
    yield words.markdown_text(
        f"Keras reference: {reference} {metric.name} "
        f"({baseline}: {words.value_text(metric, baseline_value)}). A cell gives the {metric.name} "
        "and, in brackets, how much worse that is than the reference. "
        f"{words.examples_text(report.rows)}"
    )
    yield ""
    yield from _matrix(report, notes)
    if notes:
        yield "\n## Reasons\n"
        yield from (f"{number}. {words.markdown_text(why)}" for why, number in notes.items())
    yield "\n## Measurements\n"
    yield from _measurements(report)
    yield "\n## Where this comes from\n"
    yield from _provenance(report)


def _matrix(report: Report, notes: dict[str, int]) -> Iterator[str]:
    where = words.places(report.rows)
    names = [words.place_name(place) for place in where]
    yield from words.markdown_head(["variant", "size", "compressed", *names])
    for variant, rows in words.by_variant(report.rows).items():
        known = words.facts(rows.values())
        sizes = [words.size_text(known.size_bytes), words.size_text(known.compressed_bytes)]
        cells = []
        for place in where:
            row = rows.get(place)
            if row is None:
                cells.append("")
                continue
            drop = words.drop_text(report.metric, row.drop)
            figures = f"{words.value_text(report.metric, row.value)} ({drop}) "
            note = f", reason {notes[row.reason]}" if row.reason else ""
            measured = figures if row.status == "measured" else ""
            cells.append(f"{measured}{words.state(row)}{note}")
        yield words.markdown_row([variant, *sizes, *cells])


def _measurements(report: Report) -> Iterator[str]:
    yield from words.markdown_head(
        ["variant", "where", "max error", "mean error", "cosine", "same tokens", "median", "p90",
         "sparsity", "unique weights", "examples", "adapter"]
    )  # fmt: skip
    for row in report.rows:
        if row.status == "measured":
            yield words.markdown_row(
                [
                    row.variant,
                    words.place_name((row.runtime, row.device)),
                    words.error_text(row.max_abs_error),
                    words.error_text(row.mean_abs_error),
                    words.NONE if row.cosine is None else f"{row.cosine:.6f}",
                    words.percent_text(row.same_tokens_percent),
                    words.latency_text(row.latency_ms_median),
                    words.latency_text(row.latency_ms_p90),
                    words.percent_text(None if row.sparsity is None else 100 * row.sparsity),
                    words.NONE if row.unique_weights is None else f"{row.unique_weights:,}",
                    words.NONE if row.examples is None else f"{row.examples:,}",
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
        yield f"- {what}: {words.markdown_text(text)}"
