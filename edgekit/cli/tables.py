"""What the verbs answer, as tables for people or JSON for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from edgekit.cli.output import print_json, say, table

if TYPE_CHECKING:
    from pathlib import Path

    from edgekit.core.report import Report
    from edgekit.operators.target import Check
    from edgekit.tflite.metadata.values import TensorMetadata
    from edgekit.verbs.bench import Benchmark
    from edgekit.verbs.bundle.packing import Bundled
    from edgekit.verbs.doctor.local import Finding
    from edgekit.verbs.inspect import Inspection
    from edgekit.verbs.run.asking import Answers
    from edgekit.verbs.slim import Slimming


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
    for kind, things in kinds.items():
        width = max(map(len, things), default=0)
        say(kind)
        for name, text in things.items():
            say(f"  {name:{width}}  {text}")


def show_doctor(findings: Iterable[Finding], *, json: bool) -> None:
    """Print what is here and what is missing."""
    findings = list(findings)
    if json:
        print_json({"checks": findings})
        return
    table(
        ("", "kind", "name", "what is here, or how to get it"),
        (("ok" if row.ok else "--", row.kind, row.name, row.message) for row in findings),
    )


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


def show_inspection(inspection: Inspection, *, json: bool) -> None:
    """Print what is in a file: a line a figure, a table for inputs, outputs and operators."""
    if json:
        print_json(inspection)
        return
    for problem in inspection.problems:
        say(f"edgekit: {problem}", aside=True)
    for name, value in _fields(inspection):
        if not isinstance(value, tuple) and name not in ("metadata", "metadata problem"):
            say(f"{name:24} {_plain(value)}")
    _show_metadata(inspection)
    tables = {
        "inputs": inspection.inputs,
        "outputs": inspection.outputs,
        "operators": inspection.operators,
    }
    for name, rows in tables.items():
        say("")
        columns = [column for column, _ in _fields(rows[0])][1:] if rows else []
        table((name, *columns), ([_plain(value) for _, value in _fields(row)] for row in rows))


def _show_metadata(inspection: Inspection) -> None:
    """Print what a file says of itself: a line a text, and a line for each tensor."""
    if inspection.metadata_problem:
        say(f"edgekit: {inspection.metadata_problem}", aside=True)
    for packed in inspection.packed_files:
        say(f"{'packed file':24} {packed.name}, {packed.size_bytes:,} bytes")
    if not inspection.metadata:
        return
    for name, value in _fields(inspection.metadata):
        if isinstance(value, str) and value:
            say(f"{'metadata ' + name:24} {value}")
    for side in ("inputs", "outputs"):
        for tensor in getattr(inspection.metadata, side):
            say(f"{'metadata ' + side[:-1]:24} {_tensor_text(tensor)}")


def _tensor_text(tensor: TensorMetadata) -> str:
    """Return what metadata say of a tensor, on one line."""
    scaled = ""
    if tensor.mean and tensor.std:
        mean, std = (
            ", ".join(f"{value:g}" for value in side) for side in (tensor.mean, tensor.std)
        )
        scaled = f"(x - {mean}) / {std}"
    content = " ".join(filter(None, (tensor.colors, tensor.content)))
    files = ", ".join(f"{each.kind} in {each.name}" for each in tensor.files)
    told = "; ".join(filter(None, (tensor.description, content, scaled, files)))
    return f"{tensor.name}: {told}" if told else tensor.name


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
    change = done.slim_bytes / done.size_bytes - 1
    say(
        f"{done.out}: {done.slim_bytes:,} bytes instead of {done.size_bytes:,} ({change:+.1%}), "
        f"compressed {done.slim_compressed_bytes:,} instead of {done.compressed_bytes:,}; "
        f"same answers on {', '.join(done.same_answers)}."
    )


def show_check(check: Check, *, json: bool) -> None:
    """Print a target's verdict, operator by operator."""
    if json:
        print_json(check)
        return
    rows = (
        (str(o.index), o.name, str(o.version), str(o.needed_version or "?"), o.verdict,
         " ".join(filter(None, (o.reason, o.fix, f"[{o.source}]" if o.source else ""))))
        for o in check.operators
    )  # fmt: skip
    column = "predicted" if check.is_predicted else "verdict"
    table(("", "operator", "version", "needs", column, "why, and what to do"), rows)
    for problem in check.problems:
        say(problem)
    say(f"{check.target}: {_verdict_of(check)}.")


def _verdict_of(check: Check) -> str:
    """Return what a target's verdict comes to, and of how many operators."""
    verdicts = Counter(operator.verdict for operator in check.operators)
    verdict, accepted = "will run" if check.ok else "will NOT run", "accepted"
    if check.is_predicted:
        verdict = f"is predicted {'to' if check.ok else 'NOT to'} run"
        accepted = "predicted to be accepted"
    unknown = ""
    if verdicts["unknown"]:
        unknown = f", and of {verdicts['unknown']} it is not known"
        if check.ok and not verdicts["no"]:  # else the CPU takes what an accelerator does not
            verdict = "may run"
    yes, total = verdicts["yes"], len(check.operators)
    return f"{verdict}; {yes} of {total} operators are {accepted}{unknown}"


def show_bench(times: Benchmark, *, json: bool) -> None:
    """Print the timing of one file; as JSON on one line, so that several files are JSON Lines."""
    if json:
        print_json(times, indent=None)
        return
    say(
        f"{times.file}: median {times.latency_ms_median:.3f} ms, "
        f"p90 {times.latency_ms_p90:.3f} ms, peak memory "
        f"{times.peak_memory_bytes / 2**20:.1f} MiB; {times.runtime} on {times.device}, "
        f"{times.threads} thread(s), {times.runs} runs"
    )


def show_bundle(made: Bundled, *, json: bool) -> None:
    """Print where a bundle is."""
    if json:
        print_json(made)
        return
    say(f"{made.folder}: {made.files} files, {made.size_bytes:,} bytes, for {made.packager}.")
    say(f"{made.zip}: the same, {made.zip_bytes:,} bytes.")


def show_report(report: Report, folder: Path, *, json: bool) -> None:
    """Print a build's table and where its report is."""
    from edgekit.reporting import report_json, terminal

    if json:
        print_json(report_json.to_json(report))
        return
    terminal.show(report)
    say(f"Report: {folder / 'report.html'}")


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """Give the fields of a dataclass, named in words."""
    if is_dataclass(value):
        for field in fields(value):
            yield field.name.replace("_", " "), getattr(value, field.name)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if is_dataclass(value):
        value = dict(_fields(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "x".join(map(str, value)) if all(isinstance(v, int) for v in value) else str(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
