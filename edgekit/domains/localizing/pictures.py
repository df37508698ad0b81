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
from edgekit.on_device.vision.boxes import NO_LABEL, intersection_over_union
from edgekit.on_device.vision.letterbox import GREY


def examples_of(photos: BoxedSet) -> Dataset:
    """Return photos of one thing each as examples."""
    return Dataset(
        inputs={"image": photos.images.astype(np.float32) / 255},
        targets={"box": photos.boxes[:, 0], "label": photos.labels[:, 0]},
    )


def each_alone(pictures: BoxedSet) -> BoxedSet:
    """Return each thing whose box meets no other as a picture of its own.

    What lies in the other boxes is painted over in grey, so a picture of four things teaches as
    much as four of one.
    """
    meets = intersection_over_union(pictures.boxes, pictures.boxes) > 0
    rows, columns = np.nonzero((pictures.labels > NO_LABEL) & (meets.sum(axis=2) == 1))
    images = pictures.images[rows]
    for image, row, column in zip(images, rows, columns, strict=True):
        for left, top, right, bottom in np.delete(pictures.boxes[row], column, axis=0):
            painted = np.s_[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
            image[painted] = round(255 * GREY)
    return BoxedSet(
        images=images,
        boxes=pictures.boxes[rows, columns][:, np.newaxis],
        labels=pictures.labels[rows, columns][:, np.newaxis],
        names=pictures.names,
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
    return np.asarray(np.maximum(-low, 0) - np.maximum(high - [shape[1], shape[0]], 0))
