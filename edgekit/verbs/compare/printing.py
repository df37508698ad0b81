"""Print a comparison of two files: what differs in a table each, every ratio with its spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from edgekit.core.report import Evaluation, Score
from edgekit.reporting.terminal.scores import JUDGED, side_by_side
from edgekit.reporting.terminal.table import Column, Group, Page
from edgekit.reporting.terminal.words import numbered, with_mark
from edgekit.verbs.compare.answers import AnswersCompared
from edgekit.verbs.compare.comparing import Comparison
from edgekit.verbs.compare.interfaces import PortDifference
from edgekit.verbs.compare.turns import Turns
from edgekit.verbs.inspect import Inspection

HOLDS = (Column("holds"), Column("A", "number"), Column("B", "number"), Column("B / A", "number"))
OPERATORS = (
    Column("operator"),
    Column("A", "number"),
    Column("B", "number"),
    Column("versions"),
    Column(""),
)
PORTS = (Column("differs"), Column("A"), Column("B"))
ANSWERS = (
    Column("where"),
    Column("inputs"),
    Column("max difference", "number"),
    Column("mean", "number"),
    Column("verdict", "state"),
)
SCORED = (
    Column("output"),
    Column("known answers"),
    Column("where"),
    Column("A", "number"),
    Column("B (+- at 95 %)", "number"),
    Column("difference", "number"),
)
LATENCY = (Column("file"), Column("median ms", "number"), Column("p90 ms", "number"))


def show(found: Comparison) -> None:
    """Print what two files hold, answer and take."""
    page = Page.of_stdout()
    page.fields([("A", found.a.file), ("B", found.b.file)])
    page.lines()
    page.table(HOLDS, _holds(found.a, found.b))
    if found.a.sparse_bytes or found.b.sparse_bytes:
        page.lines()
        page.fields(
            (f"XNNPACK's sparse path, {name}", each.xnnpack_sparse_path)
            for name, each in (("A", found.a), ("B", found.b))
        )
    if found.operators:
        page.lines()
        page.table(OPERATORS, _operators(found))
    page.lines()
    if found.ports:
        page.table(PORTS, map(_port, found.ports))
    else:
        page.lines(["Inputs and outputs are the same."])
    page.lines()
    _show_answers(page, found)
    page.lines()
    _show_latency(page, found)


def _holds(a: Inspection, b: Inspection) -> Iterator[tuple[str, ...]]:
    """Yield a row for each figure that files have."""
    for name, of_a, of_b in (
        ("bytes", a.size_bytes, b.size_bytes),
        ("zlib-compressed bytes", a.compressed_bytes, b.compressed_bytes),
        ("zstd-compressed bytes", a.zstd_bytes, b.zstd_bytes),
        *(
            (f"{kind} constants, bytes", a.weights_bytes.get(kind, 0), b.weights_bytes.get(kind, 0))
            for kind in dict.fromkeys((*a.weights_bytes, *b.weights_bytes))
        ),
    ):
        yield name, f"{of_a:,}", f"{of_b:,}", f"{of_b / of_a:.2f}" if of_a else ""
    if a.sparse_bytes or b.sparse_bytes:
        sizes = (f"{each.sparse_bytes:,}" if each.sparse_bytes else "" for each in (a, b))
        yield "bytes if sparse-encoded", *sizes, ""
    yield "weights that are zero", f"{a.sparsity:.1%}", f"{b.sparsity:.1%}", ""
    yield "most values in a weight tensor", f"{a.unique_weights:,}", f"{b.unique_weights:,}", ""
    yield "operators", *(f"{sum(o.count for o in each.operators):,}" for each in (a, b)), ""
    yield "oldest runtime", *(each.minimum_runtime or "not known" for each in (a, b)), ""


def _operators(found: Comparison) -> Iterator[tuple[str, ...]]:
    for pair in found.operators:
        versions = [", ".join(map(str, each)) for each in (pair.a, pair.b)]
        one = "" if all(versions) else f"only in {'A' if pair.a else 'B'}"
        told = " and ".join(dict.fromkeys(filter(None, versions)))
        yield pair.name, *(str(sum(each.values())) for each in (pair.a, pair.b)), told, one


def _port(port: PortDifference) -> tuple[str, ...]:
    return f"{port.side} {port.name}", port.in_a or "none", port.in_b or "none"


def _show_answers(page: Page, found: Comparison) -> None:
    if found.why_no_answers:
        page.lines([f"Answers: {found.why_no_answers}"])
        return
    notes = numbered(each.reason for each in found.answers)
    page.table(ANSWERS, (_answers_row(each, notes) for each in found.answers))
    if notes:
        page.lines()
        page.notes(notes)
    judged = [row for each in found.answers for row in _judged(each)]
    scored = [row for each in found.answers for row in _scored(each)]
    for columns, rows in ((JUDGED, judged), (SCORED, scored)):
        if rows:
            page.lines()
            page.table(columns, rows)


def _answers_row(each: AnswersCompared, notes: Mapping[str, int]) -> tuple[str, ...]:
    verdict = "not run"
    if each.status == "measured":
        verdict = "ok" if each.ok else "OUT OF LIMITS"
        verdict += ", same bytes" if each.same_bytes else f", as {each.precision}"
    largest, mean = (
        "" if error is None else f"{error:.2g}"
        for error in (each.max_abs_error, each.mean_abs_error)
    )
    asked = f"{each.examples} {each.inputs}"
    return _where(each), asked, largest, mean, with_mark(verdict, each.reason, notes)


def _judged(each: AnswersCompared) -> Iterator[tuple[str, ...]]:
    if not each.same_bytes:
        for output in each.outputs:
            yield output.output, output.kind, _where(each), output.figures()


def _scored(each: AnswersCompared) -> Iterator[tuple[str, ...]]:
    """Yield how right both files are, side by side."""
    before = {(score.output, score.question): score for score in _scores(each.evaluation_a)}
    for score in _scores(each.evaluation_b):
        known = before.get((score.output, score.question))
        yield score.output, score.question, _where(each), *side_by_side(known, score)


def _scores(evaluation: Evaluation | None) -> Iterator[Score]:
    for scores in evaluation.file.values() if evaluation else ():
        yield from scores


def _where(each: AnswersCompared | Turns) -> str:
    return each.runtime if each.device == "local" else f"{each.runtime} on {each.device}"


def _show_latency(page: Page, found: Comparison) -> None:
    timed = found.latency
    if timed is None:
        page.lines([f"Latency: not measured. {found.why_no_latency}"])
        return
    rows: Sequence[Sequence[str]] = [
        ("A", f"{timed.a_ms_median:.3f}", f"{timed.a_ms_p90:.3f}"),
        ("B", f"{timed.b_ms_median:.3f}", f"{timed.b_ms_p90:.3f}"),
    ]
    beside = f"{timed.rounds} rounds in turns, {timed.runs} runs each, 1 thread"
    page.grouped(LATENCY, [Group(title=_where(timed), beside=beside, rows=rows)])
    doubt = "" if timed.hardware == "real" else f" ({timed.hardware}: says nothing of hardware)"
    page.lines([f"{timed}{doubt}."])
