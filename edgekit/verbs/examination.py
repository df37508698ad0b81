"""Put questions with known answers to a file, beside what its source was scored on them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core.recipe import Signature, Tensor
from edgekit.core.report import Evaluation
from edgekit.core.types import Run
from edgekit.intake.evaluation import GivenAnswers, KnownAnswers, read_known_answers, written
from edgekit.intake.scores import beside, questions_for, scores_of
from edgekit.tflite.reader import Port, ports, read
from edgekit.tflite.sidecar import descriptions_of


@dataclass(frozen=True, kw_only=True)
class Exam:
    """Examples with right answers, and how right the source is on them.

    Attributes:
        known: The examples.
        evaluation: With the source's scores, or without where they are not known.
    """

    known: KnownAnswers
    evaluation: Evaluation

    def sat(self, run: Run, runtime: str) -> Evaluation:
        """Return the evaluation with the scores of a file.

        Args:
            run: The file, as a function.
            runtime: What it runs on.
        """
        answers = run(self.known.inputs)
        asked = [(score.output, score.question) for score in self.evaluation.source]
        asked = asked or questions_for(self.known.labels, answers)
        scores = scores_of(self.known.labels, answers, asked)
        return beside(self.evaluation, runtime, scores)


def exam_of(path: Path, signature: Signature, evaluation: Evaluation | None) -> Exam:
    """Return the examples of a file, with the source's scores if they are for these examples.

    Args:
        path: The `.npz`; see `edgekit.intake.evaluation.read_known_answers`.
        signature: Of the model.
        evaluation: Of its source, maybe on other examples; None if there is none.

    Raises:
        NotFound, BadData: The examples cannot be used.
    """
    known = read_known_answers(path, signature)
    if evaluation and evaluation.data == known.sha256:
        return Exam(known=known, evaluation=replace(evaluation, file={}))
    return Exam(known=known, evaluation=Evaluation(examples=len(known), data=known.sha256))


def exam_for(file: Path, given: GivenAnswers, evaluation: Evaluation | None = None) -> Exam:
    """Return the examples for a `.tflite`, with what is known about its source.

    Args:
        file: The `.tflite`.
        given: The examples.
        evaluation: Of its source; if None, what was written beside the file.

    Raises:
        NotFound, BadData: The examples cannot be used.
    """
    if described := next(descriptions_of(file), None):
        signature, evaluation = described.signature, evaluation or described.evaluation
    else:
        inputs, outputs = ports(read(file))
        signature = Signature(
            inputs=tuple(map(_tensor, inputs)), outputs=tuple(map(_tensor, outputs))
        )
    with tempfile.TemporaryDirectory() as scratch:
        return exam_of(written(given, Path(scratch)), signature, evaluation)


def _tensor(port: Port) -> Tensor:
    """Return an input or output as its user sees it: numbers, however the file holds them."""
    return Tensor(
        name=port.name, shape=port.shape, dtype="float32" if port.scale else str(port.dtype)
    )


def together(evaluations: list[Evaluation]) -> Evaluation | None:
    """Return one evaluation of those of the same file on several runtimes; None of none."""
    if not evaluations:
        return None
    file = {runtime: scores for each in evaluations for runtime, scores in each.file.items()}
    return replace(evaluations[0], file=file)
