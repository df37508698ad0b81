"""How right answers are, where what is right is known: shares and mean absolute errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.report import Question, Score
from edgekit.core.types import Array, Batch

MANY_CLASSES = 10
"""From as many classes on, the first five choices tell something beside the first."""

_Z = 1.96
"""Standard deviations around the mean that hold 95 % of a normal distribution."""


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
    else:
        half_width = share_half_width(value, len(each))
    return Score(output=name, question=question, value=value, half_width=half_width)


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
