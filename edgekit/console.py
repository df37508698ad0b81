"""What the command line prints: tables for people, JSON for machines, one sentence for failures."""

from __future__ import annotations

import contextlib
import json as json_format
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, cast

from edgekit.core.errors import EdgekitError

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from edgekit.core.report import Report
    from edgekit.core.types import Progress
    from edgekit.operators.target import Check
    from edgekit.verbs.bench import Benchmark
    from edgekit.verbs.convert import Conversion, Conversions
    from edgekit.verbs.inspect import Inspection
    from edgekit.verbs.setup import Finding
    from edgekit.verbs.verify import Proof


def run(app: typer.Typer) -> None:
    """Run the command line and leave with its exit code."""
    import typer

    # Typer carries a Click of its own, or not, by version; this base is the right one in both.
    usage_error = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
    try:
        arguments = sys.argv[1:] or ["--help"]
        code = typer.main.get_command(app).main(arguments, "edgekit", standalone_mode=False)
    except EdgekitError as error:
        code = _fail(type(error).__name__, str(error))
    except usage_error as error:
        hint = "see `edgekit --help`, or `edgekit VERB --help`"
        code = _fail("BadInput", f"{error.format_message().rstrip('.')}; {hint}.")
    except (KeyboardInterrupt, typer.Abort):
        code = 130
        print("Stopped. The same command resumes from here.", file=sys.stderr)
    except BrokenPipeError:  # such as `edgekit list | head`
        code = 0
        sys.stdout = None
    sys.exit(code if isinstance(code, int) else 0)


def _fail(kind: str, message: str) -> int:
    sentence = " ".join(message.split())
    if "--json" in sys.argv:
        _print_json({"error": {"kind": kind, "message": sentence}})
    else:
        print(f"edgekit: {sentence}", file=sys.stderr)
    return 2


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Give a `Progress` that draws a bar on a terminal, or writes lines where there is none."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda fraction, doing: bar.update(task, completed=fraction, description=doing)


def _lines() -> Progress:
    last = ""

    def tell(fraction: float, doing: str) -> None:
        nonlocal last
        if doing != last:
            print(f"[{fraction:4.0%}] {doing}", file=sys.stderr, flush=True)
        last = doing

    return tell


def show_lines(lines: Iterable[str]) -> None:
    """Print plain lines."""
    for line in lines:
        print(line)


def show_list(kinds: Mapping[str, Mapping[str, str]], *, json: bool) -> None:
    """Print names and summaries by kind."""
    if json:
        _print_json(
            {
                kind: [{"name": name, "summary": text} for name, text in things.items()]
                for kind, things in kinds.items()
            }
        )
        return
    for kind, things in kinds.items():
        width = max(map(len, things), default=0)
        print(kind)
        for name, text in things.items():
            print(f"  {name:{width}}  {text}")


def show_doctor(findings: Iterable[Finding], *, json: bool) -> None:
    """Print what is here and what is missing."""
    findings = list(findings)
    if json:
        _print_json({"checks": findings})
        return
    _table(
        ("", "kind", "name", "how to get it"),
        (("ok" if row.ok else "--", row.kind, row.name, row.message) for row in findings),
    )


def show_inspection(inspection: Inspection, *, json: bool) -> None:
    """Print what is in a file: a line a figure, a table for inputs, outputs and operators."""
    if json:
        _print_json(inspection)
        return
    for problem in inspection.problems:
        print(f"edgekit: {problem}", file=sys.stderr)
    for name, value in _fields(inspection):
        if not isinstance(value, tuple):
            print(f"{name:24} {_plain(value)}")
    tables = {
        "inputs": inspection.inputs,
        "outputs": inspection.outputs,
        "operators": inspection.operators,
    }
    for name, rows in tables.items():
        print()
        columns = [column for column, _ in _fields(rows[0])][1:] if rows else []
        _table((name, *columns), ([_plain(value) for _, value in _fields(row)] for row in rows))


def show_check(check: Check, *, json: bool) -> None:
    """Print a target's verdict, operator by operator."""
    if json:
        _print_json(check)
        return
    rows = (
        (str(o.index), o.name, str(o.version), str(o.needed_version or "?"), o.verdict,
         " ".join(filter(None, (o.reason, o.fix, f"[{o.source}]" if o.source else ""))))
        for o in check.operators
    )  # fmt: skip
    _table(("", "operator", "version", "needs", "verdict", "why, and what to do"), rows)
    for problem in check.problems:
        print(problem)
    yes = sum(o.verdict == "yes" for o in check.operators)
    verdict = "will run" if check.ok else "will NOT run"
    print(f"{check.target}: {verdict}; {yes} of {len(check.operators)} operators are accepted.")


def show_proofs(proofs: Iterable[Proof], *, json: bool) -> None:
    """Print what running files showed."""
    proofs = list(proofs)
    if json:
        _print_json({"proofs": proofs})
        return
    _table(
        ("file", "runtime", "device", "against", "max error", "mean error", "verdict"),
        (_proof_row(proof) for proof in proofs),
    )
    judged = [(proof.runtime, output) for proof in proofs for output in proof.outputs]
    if judged:
        _table(
            ("output", "is", "runtime", "measured (limit)"),
            ((output.output, output.kind, runtime, output.figures()) for runtime, output in judged),
        )


def _proof_row(proof: Proof) -> tuple[str, ...]:
    verdict = "ok" if proof.ok else "OUT OF LIMITS"
    if proof.status == "not run":
        verdict = "not run"
    largest, mean = (
        "" if error is None else f"{error:.2g}"
        for error in (proof.max_abs_error, proof.mean_abs_error)
    )
    why = f"{verdict}: {proof.reason}" if proof.reason else verdict
    return (proof.file, proof.runtime, proof.device, proof.against, largest, mean, why)


def show_conversion(result: Conversion | Conversions, *, json: bool) -> int:
    """Print converted files and the proof of them; return the exit code.

    Returns:
        0 if every file is within its limits, 1 if one is not, 2 if one could not be converted.
    """
    from edgekit.verbs.convert import Conversions

    done, refused = (
        (result.done, result.refused) if isinstance(result, Conversions) else ([result], {})
    )
    if json:
        files = [_conversion_json(each) for each in done]
        several = {"ok": result.ok, "conversions": files, "refused": refused}
        _print_json(several if isinstance(result, Conversions) else files[0])
    else:
        for each in done:
            _show_file(each)
        for precision, why in refused.items():
            print(f"edgekit: {precision}: {' '.join(why.split())}", file=sys.stderr)
    return 2 if refused else 0 if result.ok else 1


def _conversion_json(result: Conversion) -> dict[str, object]:
    artifact = result.artifact
    return {
        "file": artifact.path,
        "ok": result.ok,
        "verdict": result.verdict,
        "precision": artifact.precision,
        "size_bytes": artifact.size_bytes,
        "notes": result.notes,
        "proofs": result.proofs,
    }


def _show_file(result: Conversion) -> None:
    artifact = result.artifact
    for note in result.notes:
        print(note)
    show_proofs(result.proofs, json=False)
    size = f"{artifact.size_bytes:,} bytes"
    print(f"{artifact.path}: {artifact.precision}, {size}, {result.verdict}.")


def show_bench(times: Benchmark, *, json: bool) -> None:
    """Print the timing of one file; as JSON on one line, so that several files are JSON Lines."""
    if json:
        _print_json(times, indent=None)
        return
    print(
        f"{times.file}: median {times.latency_ms_median:.3f} ms, "
        f"p90 {times.latency_ms_p90:.3f} ms, peak memory "
        f"{times.peak_memory_bytes / 2**20:.1f} MiB; {times.runtime} on {times.device}, "
        f"{times.threads} thread(s), {times.runs} runs"
    )


def show_report(report: Report, folder: Path, *, json: bool) -> None:
    """Print a build's table and where its report is."""
    from edgekit.reporting import report_json, terminal

    if json:
        _print_json(report_json.to_json(report))
        return
    terminal.show(report)
    print(f"Report: {folder / 'report.html'}")


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


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


def _print_json(value: object, indent: int | None = 2) -> None:
    from edgekit.core.records import to_json

    print(json_format.dumps(to_json(value, finite=True), indent=indent, allow_nan=False))
