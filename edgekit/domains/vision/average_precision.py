"""Average precision: how well a detector finds what is there and nothing else.

Source: Lin et al., Microsoft COCO: Common Objects in Context, 2014,
https://arxiv.org/abs/1405.0312; its measure as in https://cocodataset.org/#detection-eval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edgekit.core.types import Array, Batch
from edgekit.on_device.vision.boxes import NO_LABEL, intersection_over_union

RECALLS = np.linspace(0, 1, 101)
THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Intersection over union from which on a thing counts as found: mAP@[0.5:0.95]."""


class Precisions(NamedTuple):
    """Precision of a detector, for each threshold of overlap and each class.

    Attributes:
        at_recalls: `(thresholds, classes, 101)` in 0..1: the highest precision with which the
            detector finds this part of all things; 0 where it never finds so many, not-a-number
            where no picture shows a thing of the class.
        recalls: `(thresholds, classes)`: the part of all things that is found at all.
    """

    at_recalls: Array
    recalls: Array

    @property
    def average(self) -> Array:
        """The average precision, `(thresholds, classes)`."""
        return np.asarray(self.at_recalls.mean(axis=2))

    @property
    def mean(self) -> float:
        """The mean of all thresholds and of the classes that there are: mAP, in 0..1."""
        known = self.average[:, ~np.isnan(self.average[0])]
        return float(known.mean()) if known.size else float("nan")


def precisions(
    found: Batch, targets: Batch, num_labels: int, thresholds: Array = THRESHOLDS
) -> Precisions:
    """Return how precisely a detector found the things in some pictures.

    The surest box of a thing counts, every further one is wrong, as in COCO.

    Args:
        found: `boxes (n, most, 4)`, `labels (n, most)`, -1 for padding, and `scores (n, most)`.
        targets: `boxes (n, m, 4)` and `labels (n, m)`, padded in the same way.
        num_labels: How many classes there are.
        thresholds: Least intersection over union of a box and a thing that is found.
    """
    order = np.argsort(-found["scores"], axis=1, kind="stable")
    boxes = np.take_along_axis(found["boxes"], order[..., None], axis=1)
    labels = np.take_along_axis(np.rint(found["labels"]).astype(int), order, axis=1)
    scores = np.take_along_axis(found["scores"], order, axis=1)
    right = _right(boxes, labels, targets, thresholds)
    at_recalls = np.full((len(thresholds), num_labels, len(RECALLS)), np.nan)
    recalls = np.full((len(thresholds), num_labels), np.nan)
    for label in range(num_labels):
        count = int((targets["labels"] == label).sum())
        if not count:
            continue
        chosen = labels == label
        surest = np.argsort(-scores[chosen], kind="stable")
        hits = np.cumsum(right[:, chosen][:, surest], axis=1)
        at_recalls[:, label] = _at_recalls(hits, count)
        recalls[:, label] = hits[:, -1] / count if hits.size else 0
    return Precisions(at_recalls, recalls)


def _right(boxes: Array, labels: Array, targets: Batch, thresholds: Array) -> Array:
    """Tell which boxes find a thing that no surer box found, `(thresholds, n, most)`.

    The boxes of a picture are ordered by score; of all pictures the k-th is looked at at once.
    """
    overlaps = intersection_over_union(boxes, targets["boxes"])
    same = labels[:, :, None] == targets["labels"][:, None, :]
    overlaps[~same | (labels == NO_LABEL)[:, :, None]] = 0
    least = np.minimum(thresholds, 1 - 1e-10)[:, None, None]
    free = np.ones((len(thresholds), *targets["labels"].shape), bool)
    right = np.zeros((len(thresholds), *labels.shape), bool)
    if not free.shape[2]:
        return right
    for k in range(labels.shape[1]):
        close = np.where(free & (overlaps[:, k] >= least), overlaps[:, k], 0)
        # Of two things that are equally close, the last one, as in pycocotools.
        best = close.shape[2] - 1 - np.argmax(close[..., ::-1], axis=2)[..., None]
        found = np.take_along_axis(close, best, axis=2) > 0
        right[:, :, k] = found[..., 0]
        np.put_along_axis(free, best, np.take_along_axis(free, best, axis=2) & ~found, axis=2)
    return right


def _at_recalls(hits: Array, count: int) -> Array:
    """Return the precision at each recall, `(thresholds, 101)`.

    Args:
        hits: `(thresholds, k)`: things found among the surest box, the two surest, and so on.
        count: Of all things.
    """
    precision = hits / np.arange(1, hits.shape[1] + 1)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    precision = np.concatenate([precision, np.zeros((len(hits), 1))], axis=1)
    first = [np.searchsorted(recall, RECALLS, side="left") for recall in hits / count]
    return np.take_along_axis(precision, np.stack(first), axis=1)
