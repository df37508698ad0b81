"""How sure a share of right answers is, and how sure its difference from the reference's.

Other test examples of the same kind would give other figures; 95 % of the time the true ones lie
in these intervals.
"""

from __future__ import annotations

import hashlib

import numpy as np

from edgekit.core.recipe import Dataset, Interval, Metric, Recipe
from edgekit.core.types import Array, Batch, Run

_Z = 1.96
"""Standard deviations around the mean that hold 95 % of a normal distribution."""

_EXACT = 1e-6


def right_answers(recipe: Recipe, run: Run, test: Dataset) -> str:
    """Return for each test example "1" if a run answers it right, else "0".

    Each example is scored by itself, by the recipe's own score, from answers to all of them
    together. "" if the metric is no share of right answers, or, as the worse of two outputs, not of
    the same one for each example.

    Args:
        recipe: Whose metric it is.
        run: Is asked for all examples at once.
        test: The examples.
    """
    if not recipe.metric.is_share:
        return ""
    replayed = _replaying(test.inputs, run(test.inputs))
    scores = np.array([recipe.score(replayed, test.only(index)) for index in range(len(test))])
    if abs(scores.mean() - recipe.score(replayed, test)) > _EXACT:
        return ""
    return "".join("1" if score > 50 else "0" for score in scores)


def share_interval(metric: Metric, value: float, count: int) -> Interval | None:
    """Return the interval of a share of right answers, in percent; None of any other metric.

    Args:
        metric: What was measured.
        value: In percent.
        count: Of the examples.

    Source: Wilson, Probable inference, the law of succession, and statistical inference (JASA 22,
    1927): unlike p +- 1.96 s it does not claim certainty where all examples were right.
    """
    if not metric.is_share or not count:
        return None
    share = value / 100
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    spread = (share * (1 - share) / count + _Z**2 / (4 * count**2)) ** 0.5
    half = _Z * spread / (1 + _Z**2 / count)
    return Interval(low=max(0.0, 100 * (middle - half)), high=min(100.0, 100 * (middle + half)))


def drop_interval(lost: int, gained: int, count: int) -> Interval:
    """Return the interval of how many percentage points fewer answers are right.

    Both models answered the same examples, so that only those count which one of them answers
    right and the other wrong.

    Args:
        lost: Examples that only the reference answers right.
        gained: Examples that only the other answers right.
        count: All examples.

    Source: Agresti & Min, Simple improved confidence intervals for comparing matched proportions
    (Statistics in Medicine 24, 2005): Wald's interval after half an example more in each cell.
    """
    more, fewer, total = lost + 0.5, gained + 0.5, count + 2
    drop = (more - fewer) / total
    half = _Z * (max(0.0, more + fewer - (more - fewer) ** 2 / total)) ** 0.5 / total
    return Interval(low=100 * (drop - half), high=100 * (drop + half))


def _replaying(inputs: Batch, answers: Batch) -> Run:
    """Return a run that answers single examples from what is known of all."""
    count = len(next(iter(inputs.values())))
    known = {_digest(inputs, index): index for index in range(count)}

    def run(batch: Batch) -> Batch:
        rows = range(len(next(iter(batch.values()))))
        places = [known[_digest(batch, index)] for index in rows]
        return {name: array[places] for name, array in answers.items()}

    return run


def _digest(batch: Batch, index: int) -> bytes:
    found = hashlib.sha256()
    for name in sorted(batch):
        row: Array = np.ascontiguousarray(batch[name][index])
        found.update(f"{name} ".encode() + row.tobytes())
    return found.digest()
