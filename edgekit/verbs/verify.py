"""Prove a file: run it on one runtime, or on all that are here, and compare its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

from edgekit.core.errors import BadData, BadInput, NotFound, Unavailable, WorkerFailed
from edgekit.core.report import Evaluation
from edgekit.core.types import AnyPath, Batch, Progress, silent
from edgekit.core.variant import PRECISIONS, has_reference_weights
from edgekit.intake.evaluation import GivenAnswers
from edgekit.running.agreement import compare
from edgekit.running.judgement import Judgement, OutputJudgement, arithmetic, judge
from edgekit.running.place import Place, places, refuse_unrunnable, target
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.reader import Port, ports, read
from edgekit.tflite.sidecar import descriptions_of
from edgekit.verbs.check import is_accepted
from edgekit.verbs.examination import Exam, exam_for
from edgekit.verbs.witnesses import Witnesses


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What running a file in one place showed.

    Attributes:
        against: What its outputs were compared with.
        status: "measured" or "not run".
        ok: Whether the answers are within the precision's limits; None if not run.
        outputs: How each output compares with the reference's, beside its limits.
        evaluation: How right the file is on examples with right answers, under the name of the
            runtime, beside its source; None if none were given. It does not decide `ok`.
        arena_bytes: Working memory it took on a microcontroller's runtime; None on others.
        reason: Which limit was broken, or why it was not run.
    """

    file: str
    precision: str
    runtime: str
    device: str
    against: str
    status: Literal["measured", "not run"]
    ok: bool | None = None
    max_abs_error: float | None = None
    mean_abs_error: float | None = None
    cosine: float | None = None
    outputs: tuple[OutputJudgement, ...] = ()
    evaluation: Evaluation | None = None
    adapter: str = ""
    arena_bytes: int | None = None
    reason: str = ""


def verify(
    path: AnyPath,
    *,
    runtime: str = "",
    device: str = "local",
    vectors: AnyPath | None = None,
    evaluate: GivenAnswers | None = None,
    progress: Progress = silent,
) -> list[Proof]:
    """Run a file, or each plain precision of a build, and compare with the reference.

    Args:
        path: A `.tflite` file or the folder of a build.
        runtime: Name of a runtime. If empty, the file runs wherever a target's verdict is proven,
            or on the tflite-runtime of another `device`.
        device: Where the runtime runs.
        vectors: Golden vectors; by default those a build or `edgekit convert` left beside the
            file. A lone input or output may have any name in them. Without any, answers to random
            input are compared with those of other kernels: that finds wrong kernels and
            delegates, not a wrong conversion.
        evaluate: Examples with right answers; see
            `edgekit.intake.evaluation.read_known_answers`. The source's scores stand beside the
            file's if `convert` was given the same examples.
        progress: Told which file runs where.

    Raises:
        NotFound: There is no such file or folder.
        BadData: The golden vectors, or the examples with right answers, cannot be used.
        BadModelFile: A file is not a `.tflite` model.
        Unavailable: The runtime or device asked for is not there.
    """
    files = _files(Path(path))
    for file in files:
        refuse_unrunnable(file, runtime)
    given = None if vectors is None else Path(vectors)
    if given is not None:
        _refuse_nan(given)
    chosen = places_asked(runtime, device)
    picky = {} if runtime else picky_places(chosen)
    witnesses = {file: Witnesses(file) for file in files}
    exams = {file: None if evaluate is None else exam_for(file, evaluate) for file in files}
    jobs = [
        (file, place)
        for file, place in product(files, chosen)
        if place not in picky or is_accepted(file, picky[place])
    ]
    proofs = []
    for done, (file, place) in enumerate(jobs):
        progress(done / len(jobs), f"running {file} on {place.runtime}, {place.device}")
        beside, exam = given or find_vectors(file), exams[file]
        proofs.append(prove(file, place, vectors=beside, exam=exam, witnesses=witnesses[file]))
    return proofs


def prove(
    file: Path,
    place: Place,
    *,
    vectors: Path | None,
    precision: str = "",
    against: str = "",
    exam: Exam | None = None,
    witnesses: Witnesses | None = None,
) -> Proof:
    """Run a file in one place and compare; a runtime that fails is a verdict, not an error.

    Args:
        file: The `.tflite`.
        place: Where it runs.
        vectors: Golden vectors; if None, other kernels answer random input.
        precision: Of the file; read from what is beside it, or from itself, if empty.
        against: What the vectors hold, for `Proof.against`.
        exam: Examples with right answers, for `Proof.evaluation`.
        witnesses: Those other kernels, where they are asked of several places.
    """
    precision = precision or precision_of(file)
    proof = Proof(
        file=str(file),
        precision=precision,
        runtime=place.runtime,
        device=place.device,
        against=against or ("golden vectors" if vectors else "other kernels"),
        status="not run",
    )
    if reason := place.missing():
        return replace(proof, reason=reason)
    witnesses = witnesses or Witnesses(file)
    inputs, kept = _called_as_in(file, vectors) if vectors else (witnesses.inputs, {})
    try:
        with open_session(file, runtime=place.runtime, device=place.device) as session:
            answers = session(inputs)
            evaluation = exam.sat(session, place.runtime) if exam else None
            adapter = session.info.get("adapter", "")
            steps, arena_bytes = session.steps, session.arena_bytes
    except (WorkerFailed, Unavailable) as error:
        return replace(proof, ok=False, reason=str(error))
    references = [(proof.against, kept)] if vectors else witnesses.beside(place)
    judged = _first_agreeing(
        references, answers, precision=arithmetic(precision, adapter), steps=steps
    )
    if judged is None:
        return replace(proof, reason=witnesses.absence())
    name, expected, judgement = judged
    agreement = compare(expected, answers)
    return replace(
        proof,
        against=name,
        status="measured",
        ok=not judgement.problem,
        outputs=judgement.outputs,
        evaluation=evaluation,
        max_abs_error=agreement.max_abs_error,
        mean_abs_error=agreement.mean_abs_error,
        cosine=agreement.cosine,
        adapter=adapter,
        arena_bytes=arena_bytes or None,
        reason=judgement.problem,
    )


def _first_agreeing(
    references: Iterable[tuple[str, Batch]],
    answers: Batch,
    *,
    precision: str,
    steps: Mapping[str, float],
) -> tuple[str, Batch, Judgement] | None:
    """Return the first reference that answers are within limits of, else the first; None if none.

    A reference that was passed over is named with the one that agrees.
    """
    first, passed_over = None, ""
    for name, expected in references:
        judgement = judge(expected, answers, precision=precision, steps=steps)
        if not judgement.problem:
            return f"{name}{passed_over}", expected, judgement
        first = first or (name, expected, judgement)
        passed_over = f" ({first[0]} answer otherwise)"
    return first


def _called_as_in(file: Path, vectors: Path) -> tuple[Batch, Batch]:
    """Read golden vectors; a lone input or output is the file's, whatever it is called."""
    inputs, outputs = ports(read(file))

    def named(batch: Batch, own: Sequence[Port]) -> Batch:
        if len(batch) == len(own) == 1:
            return {own[0].name: next(iter(batch.values()))}
        return batch

    given, expected = read_vectors(vectors)
    return named(given, inputs), named(expected, outputs)


def _refuse_nan(vectors: Path) -> None:
    """Refuse golden vectors of a user's that no answer could be compared with."""
    for role, batch in zip(("input", "output"), read_vectors(vectors), strict=True):
        for name, array in batch.items():
            if array.dtype.kind in "fc" and np.isnan(array).any():
                raise BadData(
                    f"'{vectors}' holds NaN as '{role}:{name}'; give inputs and answers that are "
                    "numbers."
                )


def precision_of(file: Path) -> str:
    """Return the precision of a file: as described beside it, else from its tensors."""
    for described in descriptions_of(file):
        if described.precision in PRECISIONS:
            return described.precision
    graph = read(file).main
    tensors = graph.tensors
    written = {k for op in graph.operators for k in op.outputs}  # not an LSTM's int16 state
    activations = {t.dtype for t in tensors if t.index in written and t.scales}
    if "int16" in activations:
        return "int16x8"
    if {"int8", "uint8"} & activations:
        return "int8"
    weights = {t.dtype for t in tensors if t.is_constant and len(t.shape) > 1}
    if {"int8", "uint8", "int4"} & weights:
        return "dynamic_int8"
    return "float16" if "float16" in weights else "float32"


def find_vectors(file: Path) -> Path | None:
    """Return the golden vectors that a build or a conversion left for a file, if any."""
    beside, of_build = vectors_path(file), file.parent.parent / "vectors.npz"
    if beside.is_file():
        return beside
    return of_build if _in_build(file) and of_build.is_file() else None


def vectors_path(file: Path) -> Path:
    """Return where `edgekit convert` leaves the golden vectors of a file."""
    return file.with_suffix(".vectors.npz")


def _in_build(file: Path) -> bool:
    """Whether a build's reference is a file's too: optimized variants have other weights."""
    is_build = (file.parent.parent / "plan.json").is_file()
    return is_build and has_reference_weights(file.parent.name)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = [file for file in sorted(path.glob("*/model.tflite")) if _in_build(file)]
        if not files:
            raise BadInput(
                f"'{path}' is not the folder of a build; give one made by `edgekit build`, "
                "or a .tflite file."
            )
        return files
    if not path.exists():
        raise NotFound(f"There is no file or folder '{path}'; give a .tflite or a run folder.")
    return [path]


def places_asked(runtime: str, device: str) -> Sequence[Place]:
    """Return where files are to run: on one runtime, or wherever targets are proven."""
    if runtime:
        place = Place(runtime=runtime, device=device)
        if reason := place.missing():
            raise Unavailable(reason)
        return [place]
    if device != "local":
        return places_asked("tflite-runtime", device)
    # A target with a converter runs another file, made from this one.
    by_target = [place for name, place in places().items() if not target(name).converter]
    return list(dict.fromkeys(by_target))


def picky_places(chosen: Iterable[Place]) -> dict[Place, str]:
    """Return the places of targets that few files are meant for, with the names of the targets."""
    named = {place: name for name, place in places().items() if target(name).is_picky}
    return {place: named[place] for place in chosen if place in named}
