"""A build's report as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgekit.core.errors import printable
from edgekit.core.kinds import Reporter
from edgekit.core.paths import atomic
from edgekit.core.recipe import Metric
from edgekit.core.report import ExplainedFile, Report, Row
from edgekit.reporting import latency, seen_tables, wording
from edgekit.reporting.seen import Seen, read_seen
from edgekit.reporting.verdict import certainty, recommendation, verdict


def write(report: Report, folder: Path) -> Path:
    """Write `report.md` into `folder` and return its path."""
    path = folder / "report.md"
    text = printable("\n".join(_lines(report, read_seen(folder))) + "\n")
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _lines(report: Report, seen: Seen | None) -> Iterator[str]:
    metric, baseline = report.metric, report.baseline
    notes = wording.footnotes(report.rows)
    yield f"# {wording.markdown_text(report.recipe)}"
    yield f"\n{wording.markdown_text(verdict(report))}\n"
    if advice := recommendation(report):
        yield f"{wording.markdown_text(advice)}\n"
    reference = wording.value_text(metric, report.reference)
    simpler = f"{baseline.name}: {wording.value_text(metric, baseline.value)}"
    yield wording.markdown_text(
        f"Keras reference: {reference} {metric.name} ({simpler}). A cell gives the {metric.name}; "
        f"in brackets its {metric.worsening}, how much worse that is than the reference, and the "
        "most that is allowed; and the latency, where it means something. "
        + " ".join(
            (wording.examples_text(report.rows), certainty(report), latency.times_text(report))
        )
    )
    yield ""
    yield from _matrix(report, notes)
    if notes:
        yield "\n## Reasons\n"
        yield from (f"{number}. {wording.markdown_text(why)}" for why, number in notes.items())
    yield from _seen(report, seen)
    yield "\n## Measurements\n"
    yield from _measurements(report)
    yield from _arenas(report)
    yield from _outputs(report)
    yield from _explanations(report)
    yield "\n## Where this comes from\n"
    yield from _provenance(report)


def _matrix(report: Report, notes: dict[str, int]) -> Iterator[str]:
    where = wording.places(report.rows)
    names = [wording.place_name(place) for place in where]
    yield from wording.markdown_head(["variant", *wording.SIZES, *names])
    for variant, rows in wording.by_variant(report.rows).items():
        sizes = wording.size_texts(wording.facts(rows.values()))
        cells = []
        for place in where:
            row = rows.get(place)
            if row is None:
                cells.append("")
                continue
            note = f", reason {notes[row.reason]}" if row.reason else ""
            measured = _figures(report.metric, row) if row.status == "measured" else ""
            behind = ", no better than the baseline" if row in report.behind_baseline else ""
            cells.append(f"{measured}{wording.state_text(row)}{behind}{note}")
        yield wording.markdown_row([variant, *sizes, *cells])


def _figures(metric: Metric, row: Row) -> str:
    """Return `91.41 % (+0.21 of 1.00 %), 0.0684 ms, `: what stands before a state."""
    drop = wording.drop_text(metric, row.drop)
    limit = f" of {wording.amount_text(metric, row.drop_limit)}" if row.drop_limit else ""
    ms = latency.latency_ms(row)
    time = "" if ms is None else f"{wording.latency_text(ms)}, "
    return f"{wording.value_text(metric, row.value)} ({drop}{limit}), {time}"


def _seen(report: Report, seen: Seen | None) -> Iterator[str]:
    """Give the short form of what `report.html` shows."""
    further = seen_tables.figures_of(report, seen)
    confused = seen_tables.most_confused(seen, 5) if seen else []
    if not (further or confused or (seen and seen.compared)):
        return
    yield "\n## Test examples\n"
    if seen and seen.compared:
        yield f"{wording.markdown_text(seen_tables.compared_text(seen))}\n"
    if seen and confused:
        yield from wording.markdown_head(["is", "taken for", seen.variant, "Keras"])
        for label, other, count, before in confused:
            known = wording.NONE if before is None else str(before)
            yield wording.markdown_row([label, other, str(count), known])
        yield ""
    if further:
        yield wording.markdown_text(f"On {further.place}, with the change against Keras:") + "\n"
        yield from wording.markdown_head(["figure", "Keras", *further.variants])
        for name, figure, cells in further.lines:
            texts = [f"{value} ({change})" if change else value for value, change in cells]
            yield wording.markdown_row([name, figure, *texts])


def _measurements(report: Report) -> Iterator[str]:
    yield from wording.markdown_head(
        ["variant", "where", "max error", "mean error", "cosine", "same tokens", "latency",
         "p90 of one call", "sparsity", "unique weights", "examples", "95 % interval",
         f"of its {report.metric.worsening}", "right answers lost, gained", "adapter"]
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
                    latency.latency_of_files(row),
                    wording.latency_text(latency.p90_ms(row)),
                    wording.percent_text(None if row.sparsity is None else 100 * row.sparsity),
                    wording.NONE if row.unique_weights is None else f"{row.unique_weights:,}",
                    wording.NONE if row.examples is None else f"{row.examples:,}",
                    wording.interval_text(report.metric, row.value_interval),
                    wording.interval_text(report.metric, row.drop_interval),
                    wording.NONE
                    if row.right_lost is None
                    else f"{row.right_lost:,}, {row.right_gained:,}",
                    row.adapter,
                ]
            )


def _arenas(report: Report) -> Iterator[str]:
    """Give a table of the working memory that files take on a microcontroller, if it is known."""
    known = [row for row in report.rows if row.arena_bytes is not None]
    if known:
        yield "\n## Working memory on a microcontroller\n"
        yield from wording.markdown_head(["variant", "where", "file", "arena"])
    for row in known:
        where = wording.place_name((row.runtime, row.device))
        sizes = map(wording.size_text, (row.size_bytes, row.arena_bytes))
        yield wording.markdown_row([row.variant, where, *sizes])


def _outputs(report: Report) -> Iterator[str]:
    judged = [(row, each) for row in report.rows for each in row.judged]
    if not judged:
        return
    yield "\n## Outputs beside their limits\n"
    head = ["variant", "where", "output", "is", "measured (limit)", "verdict"]
    yield from wording.markdown_head(head)
    for row, each in judged:
        where, verdict = wording.place_name((row.runtime, row.device)), wording.TRIED[each.ok]
        cells = [row.variant, where, each.output, each.kind, each.figures, verdict]
        yield wording.markdown_row(cells)


def _explanations(report: Report) -> Iterator[str]:
    if report.explanations:
        yield "\n## Where precision is lost"
    for explained in report.explanations:
        title = ", ".join(filter(None, (explained.variant, explained.part)))
        yield f"\n### {wording.markdown_text(title)}\n"
        yield from _explained(explained)


def _explained(explained: ExplainedFile) -> Iterator[str]:
    if explained.problem:
        yield wording.markdown_text(f"It could not be explained: {explained.problem}")
        return
    for line in explained.advice.splitlines():
        yield f"- {wording.markdown_text(line)}"
    yield from (f"- {wording.markdown_text(sentence)}" for sentence in explained.patterns)
    if explained.skipped:
        late = "; ".join(explained.skipped)
        yield f"- {wording.markdown_text(f'Not tried, for want of time: {late}.')}"
    yield ""
    yield from wording.markdown_head(
        ["layer", "is", "to blame for", "SNR, dB", "own", "inherited", "because"]
    )
    for each in explained.layers:
        ratios = [f"{db:.1f}" for db in (each.snr_db, each.own_db, each.inherited_db)]
        blame = wording.percent_text(100 * each.blame)
        yield wording.markdown_row([each.layer, each.kind, blame, *ratios, each.because])
    if explained.more_layers:
        yield f"\n{explained.more_layers} more layers have less to do with it."
    if explained.tried:
        yield ""
        yield from wording.markdown_head(
            ["tried", "size", "outputs beside their limits", "verdict"]
        )
    for step in explained.tried:
        size, verdict = wording.size_text(step.size_bytes or None), wording.TRIED[step.ok]
        yield wording.markdown_row([step.what, size, step.figures, verdict])


def _provenance(report: Report) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    for what, text in (
        ("Machine", report.machine),
        ("Date", report.date),
        ("Versions", versions),
        ("Size and seed", f"{report.size}, seed {report.seed}"),
        ("Training", f"{report.train_seconds:,.0f} s"),
        *(("Data", sentence) for sentence in report.data),
        *(("Note", note) for note in report.notes),
    ):
        yield f"- {what}: {wording.markdown_text(text)}"
    yield from ("\nTo build it again:\n", *wording.markdown_code(wording.command_of(report)))


report = Reporter(write=write)
