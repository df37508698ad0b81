"""Pictures of one thing each, with the box around it: examples, and batches varied anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Batch
from edgekit.domains.vision.augmentation import (
    moved_boxes,
    moved_pictures,
    moved_points,
    random_moves,
    with_light,
)
from edgekit.domains.vision.boxed_pictures import BoxedSet


def examples_of(photos: BoxedSet) -> Dataset:
    """Return photos of one thing each as examples."""
    return Dataset(
        inputs={"image": photos.images.astype(np.float32) / 255},
        targets={"box": photos.boxes[:, 0], "label": photos.labels[:, 0]},
    )


def varied(photos: BoxedSet, batch_size: int) -> Iterator[tuple[Array, Batch]]:
    """Give batches of pictures as they might have been taken too, with box and label, endlessly."""
    random, shape = np.random.default_rng(0), photos.images.shape[1:3]
    while True:
        order = random.permutation(len(photos))
        for start in range(0, len(order), batch_size):
            some = photos.only(np.take(order, np.arange(batch_size) + start, mode="wrap"))
            moves = random_moves(
                random, batch_size, shape, mirror=False, quarters=True, shift=0.2, zoom=(0.9, 1.6)
            )
            corners = some.boxes[:, 0].reshape(-1, 2, 2)
            moves[:, :, 2] += _back_inside(moved_points(corners, moves), shape)
            boxes, _ = moved_boxes(some.boxes, some.labels, moves, shape, least_visible=0)
            lit = with_light(moved_pictures(some.images, moves), random, colour=0.1)
            targets = {
                "box": boxes[:, 0],
                "label": some.labels[:, 0].astype(np.float32),
            }
            yield lit.astype(np.float32) / 255, targets


def _back_inside(corners: Array, shape: Sequence[int]) -> Array:
    """Return the ways `(n, 2)` that bring two opposite corners `(n, 2, 2)` into the picture."""
    low, high = corners.min(axis=1), corners.max(axis=1)
    return np.maximum(-low, 0) - np.maximum(high - [shape[1], shape[0]], 0)
