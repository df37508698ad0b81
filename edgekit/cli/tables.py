"""What the verbs answer, as tables for people or JSON for machines."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from edgekit.cli.output import print_json, say
from edgekit.reporting.terminal.table import Column, Group, Page
from edgekit.reporting.terminal.words import numbered, with_mark

if TYPE_CHECKING:
    from pathlib import Path

    from edgekit.building.rebuilding import Difference, Rebuilt
    from edgekit.core.report import Report
    from edgekit.tasks.many_builds import Built
    from edgekit.verbs.bench import Benchmark
    from edgekit.verbs.bundle.packing import Bundled
    from edgekit.verbs.data import Data
    from edgekit.verbs.doctor.local import Finding
    from edgekit.verbs.run.asking import Answers
    from edgekit.verbs.slim import Slimming


TOLD = ("version", "machine", "path")
"""Kinds of `doctor`'s findings that are told whatever is missing."""


def show_list(kinds: Mapping[str, Mapping[str, str]], *, json: bool) -> None:
    """Print names and summaries by kind."""
    if json:
        print_json(
            {
                kind: [{"name": name, "summary": text} for name, text in things.items()]
                for kind, things in kinds.items()
            }
        )
        return
    groups = (Group(title=kind, rows=list(things.items())) for kind, things in kinds.items())
    Page.of_stdout().grouped((Column(""), Column("")), groups)


def show_data(sets: Sequence[Data], *, json: bool) -> None:
    """Print the data sets, and below them under which licence and from whom they are."""
    if json:
        print_json({"data": sets})
        return
    page = Page.of_stdout()
    notes = numbered(f"{each.licence}; {each.source}" for each in sets)
    page.table(
        (Column("name"), Column("here"), Column("MB", "number"), Column("what")),
        (
            (
                each.name,
                "ships" if not each.urls else "yes" if each.here else "no",
                f"{each.size_bytes / 1e6:.1f}",
                with_mark(each.what, f"{each.licence}; {each.source}", notes),
            )
            for each in sets
        ),
    )
    page.lines()
    page.notes(notes)


def show_doctor(findings: Iterable[Finding], *, json: bool) -> None:
    """Print what is here and what is missing, and a line for a bug report."""
    from edgekit.verbs.doctor.versions import report_line

    findings = list(findings)
    line = report_line(findings)
    if json:
        print_json({"checks": findings, "line": line})
        return
    page = Page.of_stdout()
    notes = numbered(row.message for row in findings if not row.ok)
    told = [row for row in findings if row.kind in TOLD]
    if told:
        page.fields((row.name, _found(row, notes)) for row in told)
        page.lines()
    groups = (
        Group(title=kind, rows=[(row.name, _found(row, notes)) for row in rows])
        for kind, rows in groupby(findings, lambda row: row.kind)
        if kind not in TOLD
    )
    page.grouped((Column(""), Column("", "state")), groups)
    if notes:
        page.lines()
        page.notes(notes)
    if line:
        page.lines(["", "For a bug report:"])
        say(line)


def _found(row: Finding, notes: Mapping[str, int]) -> str:
    return row.message or "ok" if row.ok else with_mark("missing", row.message, notes)


def show_answers(found: Answers, *, json: bool) -> None:
    """Print what a model answered, under the name of what it was given if that is several."""
    if json:
        print_json(found)
        return
    for answer in found.answers:
        if len(found.answers) > 1:
            say(f"{answer.input}:")
        for line in answer.lines:
            say(line)
    for path in dict.fromkeys(answer.drawing for answer in found.answers if answer.drawing):
        say(f"drawn: {path}", aside=True)


def show_slimming(done: Slimming, *, json: bool) -> None:
    """Print what a file lost, or why it was left alone."""
    if json:
        print_json(done)
        return
    if done.out is None:
        say(f"{done.file}: left alone; {done.why_not}.")
        return
    for runtime, why in done.not_run.items():
        say(f"Not compared on {runtime}: {why}")
    for name, (claimed, needed) in done.versions.items():
        say(f"{name}: version {claimed} raised to {needed}, which its types and options need.")
    change = done.slim_bytes / done.size_bytes - 1
    say(
        f"{done.out}: {done.slim_bytes:,} bytes instead of {done.size_bytes:,} ({change:+.1%}), "
        f"compressed {done.slim_compressed_bytes:,} instead of {done.compressed_bytes:,}; "
        f"same answers on {', '.join(done.same_answers)}."
    )


def show_benchmarks(timed: Sequence[Benchmark], *, json: bool) -> None:
    """Print the timings of files that ran in the same place in the same way; as JSON Lines."""
    if json:
        for each in timed:
            print_json(each, indent=None)
    if json or not timed:
        return
    first = timed[0]
    threads = "1 thread" if first.threads == 1 else f"{first.threads} threads"
    Page.of_stdout().grouped(
        (
            Column("file"),
            Column("median ms", "number"),
            Column("p90 ms", "number"),
            Column("peak MiB", "number"),
        ),
        [
            Group(
                title=f"{first.runtime} on {first.device}",
                beside=f"{threads}, {first.runs} runs{_doubt(first)}",
                rows=[
                    (
                        each.file,
                        f"{each.latency_ms_median:.3f}",
                        f"{each.latency_ms_p90:.3f}",
                        f"{each.peak_memory_bytes / 2**20:.1f}",
                    )
                    for each in timed
                ],
            )
        ],
    )


def _doubt(timed: Benchmark) -> str:
    """Say that times are not those of the hardware that is meant."""
    if timed.hardware == "real":
        return ""
    return f"; {timed.hardware}: these times say nothing of real hardware"


def show_bundle(made: Bundled, *, json: bool) -> None:
    """Print where a bundle is."""
    if json:
        print_json(made)
        return
    say(f"{made.folder}: {made.files} files, {made.size_bytes:,} bytes, for {made.packager}.")
    say(f"{made.zip}: the same, {made.zip_bytes:,} bytes.")


def show_rebuilt(rebuilt: Rebuilt, *, json: bool) -> None:
    """Print whether a build gave the same again, or what differs, the first file first."""
    if json:
        print_json(rebuilt)
        return
    for sentence in rebuilt.changed:
        say(f"Changed: {sentence}.")
    count = f"{rebuilt.compared} files"
    if rebuilt.match:
        say(f"MATCH: all {count} that a build gives again have the same bytes.")
        return
    first, *more = rebuilt.differences
    say(f"DIFFERS: {first}; {len(more) + 1} of {count} differ.")
    for each in more:
        say(f"  {each}")
    if rebuilt.folder and first.file.endswith(".tflite") and None not in _sizes(first):
        files = (f"{folder}/{first.file}" for folder in (rebuilt.run_dir, rebuilt.folder))
        say(shlex.join(["Look", "closer:", "edgekit", "compare", *files]))


def _sizes(difference: Difference) -> tuple[int | None, int | None]:
    return difference.was_bytes, difference.is_bytes


def show_builds(built: Sequence[Built], *, json: bool) -> None:
    """Print what came of several builds, a row each, and below why some are not in order."""
    if json:
        print_json({"builds": built})
        return
    page = Page.of_stdout()
    notes = numbered(each.reason for each in built if each.reason)
    columns = (
        Column("recipe"),
        Column("verdict", "state"),
        Column("reference", "number"),
        Column("in limits", "number"),
        Column("seconds", "number", optional=True),
        Column("report"),
    )
    page.table(columns, (_build_row(each, notes) for each in built))
    if notes:
        page.lines()
        page.notes(notes)


def _build_row(built: Built, notes: Mapping[str, int]) -> tuple[str, ...]:
    from edgekit.reporting import wording

    verdict = {True: "within limits", False: "out of limits", None: "failed"}[built.ok]
    metric, value = built.metric, built.reference
    return (
        built.recipe,
        with_mark(verdict, built.reason, notes) if built.reason else verdict,
        wording.value_text(metric, value) if metric and value is not None else "",
        f"{built.good} of {built.measured}" if built.ok is not None else "",
        f"{built.seconds:.0f}",
        str(built.folder / "report.html") if built.ok is not None else "",
    )


def show_report(report: Report, folder: Path, *, json: bool) -> None:
    """Print a build's table and where its report is."""
    from edgekit.reporting import report_json
    from edgekit.reporting.terminal import report as terminal

    if json:
        print_json(report_json.to_json(report))
        return
    terminal.show(report)
    say(f"Report: {folder / 'report.html'}")
