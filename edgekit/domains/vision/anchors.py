"""Anchors: the sizes of boxes that a detector starts from, found in its training boxes.

Source: Redmon, Farhadi, YOLO9000: Better, Faster, Stronger, 2017, https://arxiv.org/abs/1612.08242.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.vision.boxes import NO_LABEL

MOST_ROUNDS = 300


def sizes_of(boxes: Array, labels: Array) -> Array:
    """Return width and height of all boxes that are no padding, `(k, 2)`.

    Args:
        boxes: `(n, most, 4)`.
        labels: `(n, most)`; -1 for padding.
    """
    real = boxes[labels > NO_LABEL]
    return real[:, 2:] - real[:, :2]


def overlap_of_sizes(sizes: Array, anchors: Array) -> Array:
    """Return intersection over union of boxes with one middle, `(n, m)`.

    Args:
        sizes: Width and height, `(n, 2)`.
        anchors: Width and height, `(m, 2)`.
    """
    shared = np.minimum(sizes[:, None], anchors[None]).prod(axis=2)
    return np.asarray(shared / (sizes.prod(axis=1)[:, None] + anchors.prod(axis=1) - shared))


def mean_overlap(sizes: Array, anchors: Array) -> float:
    """Return what boxes share with the anchor next to them, on average, in 0..1."""
    return float(overlap_of_sizes(sizes, anchors).max(axis=1).mean())


def anchors_of(sizes: Array, count: int, *, seed: int = 0, tries: int = 5) -> Array:
    """Return the anchors that boxes of these sizes overlap best, by k-means with 1 - IoU.

    Args:
        sizes: Width and height of the training boxes, `(n, 2)`, in pixels.
        count: How many anchors; fewer are found if there are fewer different sizes.
        seed: Of where it starts.
        tries: How often it starts; the best is taken.

    Returns:
        `(count, 2)`, float32, the smallest area first.
    """
    random = np.random.default_rng(seed)
    sizes = np.asarray(sizes, np.float64)
    different = np.unique(sizes, axis=0)
    starts = [
        random.choice(different, min(count, len(different)), replace=False) for _ in range(tries)
    ]
    best = max((_settled(sizes, start) for start in starts), key=lambda a: mean_overlap(sizes, a))
    return np.asarray(best[np.argsort(best.prod(axis=1))], np.float32)


def _settled(sizes: Array, anchors: Array) -> Array:
    """Move anchors to the mean of the sizes next to them until none changes."""
    nearest = np.full(len(sizes), -1)
    for _ in range(MOST_ROUNDS):
        before, nearest = nearest, overlap_of_sizes(sizes, anchors).argmax(axis=1)
        if (nearest == before).all():
            break
        counts = np.bincount(nearest, minlength=len(anchors))[:, None]
        sums = np.stack(
            [np.bincount(nearest, side, minlength=len(anchors)) for side in sizes.T], axis=1
        )
        anchors = np.where(counts > 0, sums / np.maximum(counts, 1), anchors)
    return anchors
