"""Boxes around things: how far two overlap, and which of many that overlap is kept.

A box is left, top, right and bottom, in pixels of the picture that the network is given. Arrays of
boxes are padded to one length with boxes of zeros and the label -1.

Source: non-maximum suppression as in Dalal, Triggs, Histograms of Oriented Gradients, 2005,
https://doi.org/10.1109/CVPR.2005.177.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from ..arrays import Array, Batch

NO_LABEL = -1
"""Label of a box that is only padding."""

MOST = 100
"""Boxes that a detector answers for a picture; COCO's average precision looks at no more."""


class Detections(NamedTuple):
    """What was found in one picture, the surest first.

    Attributes:
        boxes: `(n, 4)`, float32.
        labels: `(n,)`, int32.
        scores: `(n,)`, float32 in 0..1.
    """

    boxes: Array
    labels: Array
    scores: Array


def areas(boxes: Array) -> Array:
    """Return the area of boxes `(..., 4)`, `(...)`; 0 where right and bottom are not beyond."""
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def intersection_over_union(a: Array, b: Array) -> Array:
    """Return what each box of `a` shares with each of `b`, as a part of what the two cover.

    Args:
        a: `(..., n, 4)`.
        b: `(..., m, 4)`.

    Returns:
        `(..., n, m)` in 0..1, float64; 0 for boxes without an area.

    Example:
        >>> intersection_over_union(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])).round(3)
        array([[0.333]])
    """
    a, b = np.asarray(a, np.float64)[..., np.newaxis, :], np.asarray(b, np.float64)
    b = b[..., np.newaxis, :, :]
    corners = [np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])]
    shared = areas(np.concatenate(corners, axis=-1))
    together = areas(a) + areas(b) - shared
    return np.asarray(np.divide(shared, together, out=np.zeros_like(shared), where=together > 0))


def clipped(boxes: Array, width: float, height: float) -> Array:
    """Return boxes `(..., 4)` without what lies outside a picture."""
    limits = np.array([width, height, width, height], boxes.dtype)
    return np.asarray(np.clip(boxes, 0, limits))


def non_maximum_suppression(
    boxes: Array, scores: Array, *, threshold: float, most: int = MOST
) -> Array:
    """Return which boxes are kept: the surest, and each that overlaps no surer one too much.

    Args:
        boxes: `(n, 4)`.
        scores: `(n,)`.
        threshold: Largest intersection over union of two that are kept.
        most: How many are kept at most.

    Returns:
        Indices `(k,)`, the surest first; of equal scores the first.
    """
    boxes = np.asarray(boxes, np.float64)
    area, (x0, y0, x1, y1) = areas(boxes), boxes.T
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    # `intersection_over_union` in other words: a device does this for each box that is kept.
    while len(left) and len(kept) < most:
        best, left = left[0], left[1:]
        kept.append(int(best))
        width = np.minimum(x1[left], x1[best]) - np.maximum(x0[left], x0[best])
        height = np.minimum(y1[left], y1[best]) - np.maximum(y0[left], y0[best])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        left = left[shared <= threshold * (area[left] + area[best] - shared)]
    return np.array(kept, np.int64)


def suppressed(
    boxes: Array, scores: Array, *, least_score: float, threshold: float, most: int = MOST
) -> Detections:
    """Return what a picture shows, of all boxes that a network proposes; each class by itself.

    Args:
        boxes: `(n, 4)`; or `(n, classes, 4)`, where each class has a box of its own.
        scores: `(n, classes)`, in 0..1.
        least_score: Below it, a score counts for nothing.
        threshold: Largest intersection over union of two boxes of one class.
        most: How many are kept at most.
    """
    rows, labels = np.nonzero(scores >= least_score)
    chosen = np.asarray(boxes[rows] if boxes.ndim == 2 else boxes[rows, labels], np.float32)
    sure = scores[rows, labels].astype(np.float32)
    kept = non_maximum_suppression(
        moved_apart(chosen, labels), sure, threshold=threshold, most=most
    )
    return Detections(chosen[kept], labels[kept].astype(np.int32), sure[kept])


def moved_apart(boxes: Array, labels: Array) -> Array:
    """Return boxes `(n, 4)` moved so that none of one class overlaps one of another, float64.

    One non-maximum suppression then does for all classes.
    """
    span = float(np.ptp(boxes)) + 1 if boxes.size else 1.0
    return boxes.astype(np.float64) + span * labels[:, np.newaxis]


def padded(found: Sequence[Detections], most: int = MOST) -> Batch:
    """Return what was found in several pictures as arrays of one length, float32.

    Args:
        found: For each picture.
        most: Boxes for each picture; the least sure are left out.

    Returns:
        `boxes (b, most, 4)`, `labels (b, most)` and `scores (b, most)`; where there is no box: 0,
        -1 and 0.
    """
    boxes = np.zeros((len(found), most, 4), np.float32)
    labels = np.full((len(found), most), NO_LABEL, np.float32)
    scores = np.zeros((len(found), most), np.float32)
    for index, each in enumerate(found):
        count = min(most, len(each.scores))
        boxes[index, :count] = each.boxes[:count]
        labels[index, :count] = each.labels[:count]
        scores[index, :count] = each.scores[:count]
    return {"boxes": boxes, "labels": labels, "scores": scores}


def unpadded(batch: Batch, index: int) -> Detections:
    """Return what was found in one picture of a batch that `padded` made."""
    real = batch["labels"][index] > NO_LABEL + 0.5
    return Detections(
        np.asarray(batch["boxes"][index][real], np.float32),
        np.rint(batch["labels"][index][real]).astype(np.int32),
        np.asarray(batch["scores"][index][real], np.float32),
    )
