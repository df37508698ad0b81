"""How right answers are, where what is right is known: shares and mean absolute errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.report import Evaluation, Question, Score
from edgekit.core.types import Array, Batch
from edgekit.intake.evaluation import read_known_answers
from edgekit.source_model.export import signature_of
from edgekit.source_model.interface import SourceModel
from edgekit.source_model.reference import run_model

MANY_CLASSES = 10
"""From as many classes on, the first five choices tell something beside the first."""

_Z = 1.96
"""Standard deviations around the mean that hold 95 % of a normal distribution."""


def evaluated(model: SourceModel, path: Path) -> Evaluation:
    """Say how right a loaded model is on examples whose right answers are known.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned, unchanged since.
        path: The `.npz`; see `edgekit.intake.evaluation.read_known_answers`.

    Raises:
        NotFound, BadData: The examples cannot be used.
    """
    known = read_known_answers(path, signature_of(model))
    answers = run_model(model, known.inputs)
    scores = scores_of(known.labels, answers, questions_for(known.labels, answers))
    return Evaluation(examples=len(known), data=known.sha256, source=scores)


def beside(evaluation: Evaluation, runtime: str, scores: Sequence[Score]) -> Evaluation:
    """Return an evaluation with a file's scores, each with how many right answers changed.

    Args:
        evaluation: With the source's scores, if they are known.
        runtime: On which the file ran.
        scores: Of the file.
    """
    source = {(score.output, score.question): score.right for score in evaluation.source}
    compared = [
        replace(score, changed=changes(source.get((score.output, score.question), ""), score.right))
        for score in scores
    ]
    return brief(replace(evaluation, file={runtime: tuple(compared)}))


def brief(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation as it is written down: not with which of maybe a million are right."""

    def without(scores: Sequence[Score]) -> tuple[Score, ...]:
        return tuple(replace(score, right="") for score in scores)

    file = {runtime: without(scores) for runtime, scores in evaluation.file.items()}
    return replace(evaluation, source=without(evaluation.source), file=file)


def side_by_side(evaluation: Evaluation, runtime: str) -> str:
    """Return a file's scores on a runtime beside its source's, as one line."""
    source = {(score.output, score.question): score.value for score in evaluation.source}
    figures = []
    for score in evaluation.file.get(runtime, ()):
        share = score.question != "mean absolute error"
        values = (score.value, source.get((score.output, score.question)))
        file, before = (
            "not known" if value is None else f"{100 * value:.1f} %" if share else f"{value:.3g}"
            for value in values
        )
        figures.append(f"{score.output}: {score.question} {file} (source {before})")
    return "; ".join(figures)


def shortfalls(evaluation: Evaluation, points: float) -> Iterator[str]:
    """Say of each share of a file that it is too far below its source's.

    Args:
        evaluation: Of both. Mean absolute errors have no limit here: their unit is the user's.
        points: How far a share may be below, in percentage points; one example always may.
    """
    allowed = max(points, 100 / evaluation.examples)
    source = {(score.output, score.question): score.value for score in evaluation.source}
    for runtime, scores in evaluation.file.items():
        for score in scores:
            before = 100 * source.get((score.output, score.question), 0.0)
            share = 100 * score.value
            if score.question != "mean absolute error" and before - share > allowed + 1e-9:
                yield (
                    f"Output '{score.output}' on {runtime}: {score.question} {share:.1f} %, "
                    f"{before:.1f} % of the source (at most {allowed:.1f} points less)."
                )


def questions_for(labels: Batch, answers: Batch) -> list[tuple[str, Question]]:
    """Return what can be asked of each output.

    Args:
        labels: Right answers by output; see `edgekit.intake.evaluation.KnownAnswers`.
        answers: The source's, or where they are not known a file's: they tell whether yes and no
            come as probabilities, 0..1, or as logits, whose threshold is 0.
    """
    asked: list[tuple[str, Question]] = []
    for name, right in labels.items():
        array = answers[name]
        if right.ndim < array.ndim or (right.dtype.kind == "i" and array.dtype.kind in "iub"):
            asked.append((name, "accuracy"))
            if right.ndim < array.ndim and array.shape[-1] >= MANY_CLASSES:
                asked.append((name, "in the first five"))
            continue
        share = bool(array.size and array.min() >= 0 and array.max() <= 1)
        if share and np.isin(right, (0, 1)).all():
            asked.append((name, "accuracy at 0.5"))
        else:
            asked.append((name, "accuracy at 0" if right.dtype == bool else "mean absolute error"))
    return asked


def scores_of(
    labels: Batch, answers: Batch, questions: Sequence[tuple[str, Question]]
) -> tuple[Score, ...]:
    """Return how right answers are.

    Args:
        labels: Right answers by output.
        answers: By output; quantized ones dequantized.
        questions: Of `questions_for`.

    Raises:
        BadData: An output is missing, or has another shape than its right answers ask for.
    """
    return tuple(_score(name, question, labels, answers) for name, question in questions)


def _score(name: str, question: Question, labels: Batch, answers: Batch) -> Score:
    right = labels[name]
    shape = answers[name].shape if name in answers else ()
    if (shape if right.ndim == len(shape) else shape[:-1]) != right.shape:
        raise BadData(
            f"Output '{name}' is {shape or 'nothing'}, and its right answers have shape "
            f"{right.shape}; evaluate with answers for this model."
        )
    each = _per_example(question, right, np.asarray(answers[name]))
    value = float(np.nan_to_num(each.mean(), nan=np.finfo(float).max))
    if question == "mean absolute error":
        spread = float(np.nan_to_num(each.std(ddof=1))) if len(each) > 1 else None
        half_width = None if spread is None else _Z * spread / len(each) ** 0.5
        return Score(output=name, question=question, value=value, half_width=half_width)
    # Of several answers each, an example may be right in part.
    which = "".join("1" if one else "0" for one in each) if np.isin(each, (0, 1)).all() else ""
    half_width = share_half_width(value, len(each))
    return Score(output=name, question=question, value=value, half_width=half_width, right=which)


def share_half_width(share: float, count: int) -> float:
    """Return half the width of the 95 % confidence interval of a share in 0..1.

    Args:
        share: What was measured.
        count: Of independent examples. Positions of one example are not independent, so that
            for several answers each it is still the number of examples.

    Source: Wilson, Probable inference, the law of succession, and statistical inference (JASA
    22, 1927): unlike p +- 1.96 s it does not claim certainty where all examples were right.
    """
    spread = (share * (1 - share) / count + _Z**2 / (4 * count**2)) ** 0.5
    return float(_Z * spread / (1 + _Z**2 / count))


def changes(reference: str, file: str) -> tuple[int, int] | None:
    """Return how many examples only the reference, and only the file, answers right.

    Args:
        reference: "1" for each example that it answers right, else "0"; it may have more, of which
            the first ones are the same.
        file: The same of the file; None is returned if "".
    """
    pairs = list(zip(reference, file, strict=False))
    if not file or len(pairs) < len(file):
        return None
    return pairs.count(("1", "0")), pairs.count(("0", "1"))


def _per_example(question: Question, right: Array, answers: Array) -> Array:
    """Return the share of right answers, or the mean absolute error, of each example."""
    values: Array
    if question == "in the first five":
        five = np.argpartition(answers, -5, axis=-1)[..., -5:]
        values = (five == right[..., np.newaxis]).any(axis=-1)
    elif question == "accuracy":
        values = (answers.argmax(axis=-1) if right.ndim < answers.ndim else answers) == right
    elif question == "mean absolute error":
        values = np.abs(answers.astype(np.float64) - right)
    else:
        values = (answers > (0.5 if question == "accuracy at 0.5" else 0)) == right.astype(bool)
    rows: Array = values.reshape(len(values), -1).astype(np.float64)
    return np.asarray(rows.mean(axis=1))
