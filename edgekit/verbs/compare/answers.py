"""What two files answer to the same inputs, on one runtime after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from edgekit.core.errors import BadData, Unavailable, WorkerFailed
from edgekit.core.report import Evaluation
from edgekit.core.types import Array, Batch
from edgekit.running.agreement import compare
from edgekit.running.judgement import OutputJudgement, arithmetic, judge
from edgekit.running.limits import LIMITS
from edgekit.running.place import Place
from edgekit.running.quantization import example_shape
from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.reader import Port, ports, read
from edgekit.verbs.compare.interfaces import matched
from edgekit.verbs.examination import Exam
from edgekit.verbs.verify import precision_of, vectors_path

T = TypeVar("T")

EXAMPLES = 64
"""Random examples, where no golden vectors lie beside a file."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What both files are asked.

    Attributes:
        inputs: Of the first file: input name -> array, axis of examples first.
        kind: Where they are from: golden vectors beside a file, or random numbers.
    """

    inputs: Batch
    kind: Literal["golden", "random"]

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))


@dataclass(frozen=True, kw_only=True)
class AnswersCompared:
    """How two files answer the same inputs in one place.

    Attributes:
        inputs: What they were asked: "golden" inputs, kept beside a file, or "random" ones.
        status: "measured" or "not run".
        reference: Which file the other is held against: the finer one, or the first of equals.
        precision: Whose limits hold: the coarser file's.
        ok: Whether the answers are within those limits; None if they were not compared.
        same_bytes: Whether all answers are the same, bit for bit.
        outputs: How each output of one compares with the other's, beside its limits.
        evaluation_a: How right the first file is on examples with right answers; None if none were
            given. It does not decide `ok`.
        evaluation_b: The same of the second file.
        reason: Which limit was broken, or why nothing was compared.
    """

    runtime: str
    device: str
    inputs: Literal["golden", "random"]
    examples: int
    status: Literal["measured", "not run"] = "not run"
    reference: Literal["A", "B"] = "A"
    precision: str = ""
    ok: bool | None = None
    same_bytes: bool = False
    max_abs_error: float | None = None
    mean_abs_error: float | None = None
    outputs: tuple[OutputJudgement, ...] = ()
    evaluation_a: Evaluation | None = None
    evaluation_b: Evaluation | None = None
    reason: str = ""


def inputs_for(a: Path, b: Path) -> Asked:
    """Return inputs that both files take: golden vectors beside one of them, or random numbers.

    Random numbers are drawn for the file whose inputs are quantized, which cannot show others.

    Raises:
        BadInput: The inputs are no numbers, or too many.
    """
    own = ports(read(a))[0]
    for file in (a, b):
        if (golden := _golden_inputs(file, own)) is not None:
            return Asked(inputs=golden, kind="golden")
    narrow = b if any(port.scale for port in ports(read(b))[0]) else a
    drawn = random_batch(narrow, EXAMPLES)
    names = {} if narrow == a else _names(b, a, 0)
    return Asked(inputs=_renamed(drawn, names), kind="random")


def compare_answers(
    files: tuple[Path, Path], place: Place, asked: Asked, exams: tuple[Exam | None, Exam | None]
) -> AnswersCompared:
    """Ask both files on one runtime; one that does not run there is named, and no error.

    Args:
        files: The first and the second.
        place: Where they run.
        asked: What they are asked.
        exams: Examples with right answers for each.
    """
    compared = AnswersCompared(
        runtime=place.runtime, device=place.device, inputs=asked.kind, examples=len(asked)
    )
    if reason := place.missing():
        return replace(compared, reason=reason)
    a, b = files
    batches = asked.inputs, _renamed(asked.inputs, _names(a, b, 0))
    sat: list[_Sat] = []
    failed = []
    for name, file, batch, exam in zip("AB", files, batches, exams, strict=True):
        try:
            sat.append(_ask(file, place, batch, exam))
        except (WorkerFailed, Unavailable, BadData) as error:
            failed.append(f"{name} does not run there: {error}")
    if failed:
        return replace(compared, reason=" ".join(failed))
    second = replace(sat[1], answers=_renamed(sat[1].answers, _names(b, a, 1)))
    second = replace(second, steps=_renamed(second.steps, _names(b, a, 1)))
    return _judged(compared, sat[0], second, (precision_of(a), precision_of(b)))


@dataclass(frozen=True, kw_only=True)
class _Sat:
    """What a file answered.

    Attributes:
        steps: Output name -> difference between neighbouring values, where it is quantized.
    """

    answers: dict[str, Array]
    steps: dict[str, float]
    adapter: str
    evaluation: Evaluation | None


def _ask(file: Path, place: Place, batch: Batch, exam: Exam | None) -> _Sat:
    with open_session(file, runtime=place.runtime, device=place.device) as session:
        return _Sat(
            answers=session(batch),
            steps=session.steps,
            adapter=session.info.get("adapter", ""),
            evaluation=exam.sat(session, place.runtime) if exam else None,
        )


def _judged(
    compared: AnswersCompared, a: _Sat, b: _Sat, precisions: tuple[str, str]
) -> AnswersCompared:
    """Hold the coarser file's answers against the finer one's, within the limits of the coarser."""
    of_a, of_b = (
        arithmetic(precision, each.adapter)
        for precision, each in zip(precisions, (a, b), strict=True)
    )
    swapped = LIMITS[of_a].error > LIMITS[of_b].error
    (finer, coarser), precision = ((b, a), of_a) if swapped else ((a, b), of_b)
    try:
        judgement = judge(finer.answers, coarser.answers, precision=precision, steps=coarser.steps)
    except BadData as error:  # shapes that only show while running
        return replace(compared, reason=str(error))
    agreement = compare(finer.answers, coarser.answers)
    return replace(
        compared,
        status="measured",
        reference="B" if swapped else "A",
        precision=precision,
        ok=not judgement.problem,
        same_bytes=all(a.answers[k].tobytes() == b.answers[k].tobytes() for k in a.answers),
        max_abs_error=agreement.max_abs_error,
        mean_abs_error=agreement.mean_abs_error,
        outputs=judgement.outputs,
        evaluation_a=a.evaluation,
        evaluation_b=b.evaluation,
        reason=judgement.problem,
    )


def _golden_inputs(file: Path, own: tuple[Port, ...]) -> Batch | None:
    """Return the inputs that a conversion or a build left beside a file, if they fit.

    Those of a build are test examples, whatever was done to a variant's weights.
    """
    run_dir = file.absolute().parent.parent
    of_build = [run_dir / "vectors.npz"] if (run_dir / "plan.json").is_file() else []
    for path in (vectors_path(file), *of_build):
        if path.is_file():
            batch, _ = read_vectors(path)
            if len(batch) == len(own) == 1:
                batch = {own[0].name: next(iter(batch.values()))}
            shapes = {port.name: example_shape(port) for port in own}
            if {name: array.shape[1:] for name, array in batch.items()} == shapes:
                return batch
    return None


def _names(of: Path, into: Path, side: int) -> dict[str, str]:
    """Return the name of an input (0) or output (1) in one file -> its name in another."""
    pairs = matched(ports(read(of))[side], ports(read(into))[side])
    return {one.name: other.name for one, other in pairs if one and other}


def _renamed(batch: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    return {names.get(name, name): value for name, value in batch.items()}
