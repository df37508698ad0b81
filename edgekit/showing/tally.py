"""Count how a model answers: which class it takes for which, how precisely it finds things."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.report import Tally
from edgekit.core.types import Array, Run
from edgekit.domains.vision.average_precision import precisions

MOST_LABELS = 40
"""More classes make no table that can be read."""

OVERLAP = 0.5
"""Least intersection over union of a box and a thing that is found."""
DETECTED = {"boxes", "labels", "scores"}


def tally_of(recipe: Recipe, run: Run, dataset: Dataset) -> Tally | None:
    """Return how a run answers a data set; None if its answers are no classes and no boxes."""
    labels = recipe.signature.labels
    if not 2 <= len(labels) <= MOST_LABELS:
        return None
    if isinstance(dataset.targets, Mapping):
        if not {tensor.name for tensor in recipe.signature.outputs} >= DETECTED:
            return None
        if not set(dataset.targets) >= {"boxes", "labels"}:
            return None
        targets = {name: dataset.target(name) for name in ("boxes", "labels")}
        found = precisions(run(dataset.inputs), targets, len(labels), np.array([OVERLAP]))
        return Tally(labels=labels, precisions=tuple(map(_rounded, found.at_recalls[0])))
    scores = scores_output(recipe)
    target = np.asarray(dataset.targets)
    if not scores or target.ndim != 1 or target.dtype.kind not in "iu":
        return None
    answered = run(dataset.inputs)[scores].argmax(axis=-1)
    counts = np.zeros((len(labels), len(labels)), int)
    np.add.at(counts, (target, answered), 1)
    return Tally(labels=labels, taken_for=tuple(tuple(map(int, row)) for row in counts))


def recalls(tally: Tally | None) -> dict[str, float]:
    """Return of a classifier's classes which share of their examples is named so, in percent."""
    if tally is None or not tally.taken_for:
        return {}
    rows = zip(tally.labels, tally.taken_for, strict=True)
    return {
        f"{label} named so, %": 100 * row[number] / sum(row)
        for number, (label, row) in enumerate(rows)
        if sum(row)
    }


def scores_output(recipe: Recipe) -> str:
    """Return the output that holds a score of each label; "" if there is none."""
    shape = (1, len(recipe.signature.labels))
    outputs = recipe.signature.outputs
    return next((tensor.name for tensor in outputs if tensor.shape == shape), "")


def _rounded(curve: Array) -> tuple[float, ...]:
    return () if np.isnan(curve).any() else tuple(round(float(value), 4) for value in curve)
