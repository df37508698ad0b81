"""What the command line prints: tables for people, JSON for machines, one sentence for failures."""

from __future__ import annotations

import contextlib
import json as json_format
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edgekit.core.errors import EdgekitError

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from edgekit.core.report import Report
    from edgekit.core.types import Progress
    from edgekit.operators.target import Check
    from edgekit.verbs.bench import Benchmark
    from edgekit.verbs.convert import Conversion
    from edgekit.verbs.inspect import Inspection
    from edgekit.verbs.setup import Finding
    from edgekit.verbs.verify import Proof


def run(app: typer.Typer) -> None:
    """Run the command line and leave with its exit code."""
    import typer

    # Typer carries a Click of its own, or not, by version; this base is the right one in both.
    usage_error: Any = typer.BadParameter.__base__
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
        print("Stopped. The same command goes on from here.", file=sys.stderr)
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


def show_list(found: Mapping[str, Mapping[str, str]], *, json: bool) -> None:
    """Print names and summaries by kind."""
    if json:
        _print_json(
            {
                kind: [{"name": name, "summary": text} for name, text in things.items()]
                for kind, things in found.items()
            }
        )
        return
    for kind, things in found.items():
        width = max(map(len, things), default=0)
        print(kind)
        for name, text in things.items():
            print(f"  {name:{width}}  {text}")


def show_doctor(found: Iterable[Finding], *, json: bool) -> None:
    """Print what is here and what is missing."""
    rows = list(found)
    if json:
        _print_json({"checks": [asdict(row) for row in rows]})
        return
    _table(("", "kind", "name", "how to get it"), (_doctor_row(row) for row in rows))


def _doctor_row(row: Finding) -> tuple[str, ...]:
    return ("ok" if row.ok else "--", row.kind, row.name, row.message)


def show_inspection(found: Inspection, *, json: bool) -> None:
    """Print what is in a file."""
    facts = asdict(found)
    if json:
        _print_json(facts)
        return
    for problem in found.problems:
        print(f"edgekit: {problem}", file=sys.stderr)
    for key, value in facts.items():
        if key not in ("inputs", "outputs", "operators", "signatures", "problems"):
            print(f"{key.replace('_', ' '):24} {_plain(value)}")
    for part in ("inputs", "outputs", "operators"):
        rows = facts[part]
        print()
        _table(
            (part, *list(rows[0])[1:]) if rows else (part,),
            (tuple(_plain(value) for value in row.values()) for row in rows),
        )


def show_check(found: Check, *, json: bool) -> None:
    """Print a target's verdict, operator by operator."""
    if json:
        _print_json(asdict(found))
        return
    rows = (
        (str(o.index), o.name, str(o.version), str(o.needed_version or "?"), o.verdict,
         " ".join(filter(None, (o.reason, o.fix, f"[{o.source}]" if o.source else ""))))
        for o in found.operators
    )  # fmt: skip
    _table(("", "operator", "version", "needs", "verdict", "why, and what to do"), rows)
    for problem in found.problems:
        print(problem)
    yes = sum(o.verdict == "yes" for o in found.operators)
    verdict = "will run" if found.ok else "will NOT run"
    print(f"{found.target}: {verdict}; {yes} of {len(found.operators)} operators are accepted.")


def show_proofs(proofs: Iterable[Proof], *, json: bool) -> None:
    """Print what running files showed."""
    proofs = list(proofs)
    if json:
        _print_json({"proofs": [asdict(proof) for proof in proofs]})
        return
    _table(
        ("file", "runtime", "device", "against", "max error", "mean error", "verdict"),
        (_proof_row(proof) for proof in proofs),
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


def show_conversion(result: Conversion, *, json: bool) -> None:
    """Print a converted file and the proof of it."""
    artifact = result.artifact
    if json:
        _print_json(
            {
                "file": str(artifact.path),
                "ok": result.ok,
                "precision": artifact.precision,
                "size_bytes": artifact.size_bytes,
                "notes": list(result.notes),
                "proofs": [asdict(proof) for proof in result.proofs],
            }
        )
        return
    for note in result.notes:
        print(note)
    show_proofs(result.proofs, json=False)
    ending = "verified" if result.ok else "NOT delivered under its name: it is out of limits"
    print(f"{artifact.path}: {artifact.precision}, {artifact.size_bytes:,} bytes, {ending}.")


def show_bench(found: Benchmark, *, json: bool) -> None:
    """Print the timing of one file."""
    if json:
        _print_json(asdict(found), indent=None)
        return
    print(
        f"{found.file}: median {found.latency_ms_median:.3f} ms, "
        f"p90 {found.latency_ms_p90:.3f} ms, peak memory "
        f"{found.peak_memory_bytes / 2**20:.1f} MiB; {found.runtime} on {found.device}, "
        f"{found.threads} thread(s), {found.runs} runs"
    )


def show_report(report: Report, folder: Path, *, json: bool) -> None:
    """Print a build's table and where its report stands."""
    from edgekit.reporting import report_json, terminal

    if json:
        _print_json(report_json.to_json(report))
        return
    terminal.show(report)
    print(f"Report: {folder / 'report.html'}")


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(_escaped(cell) for cell in row))
    Console().print(table)


def _escaped(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "x".join(map(str, value)) if all(isinstance(v, int) for v in value) else str(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print_json(value: Any, indent: int | None = 2) -> None:
    print(json_format.dumps(value, indent=indent))
