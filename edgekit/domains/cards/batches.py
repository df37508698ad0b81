"""Batches of photos of cards, varied anew each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgekit.core.types import Array, Batch
from edgekit.domains.vision.augmentation import (
    moved_boxes,
    moved_pictures,
    random_moves,
    with_light,
)
from edgekit.domains.vision.boxed_pictures import BoxedSet


def varied(photos: BoxedSet, shown: Array, batch_size: int) -> Iterator[tuple[Array, Batch]]:
    """Give batches of photos as they might have been taken too, and what is known of them.

    Of photos with hidden boxes no card must get lost: they are moved less. A turned card would not
    fill the box around its turned box: only photos with hidden boxes are turned by any angle.
    """
    random, shape = np.random.default_rng(0), photos.images.shape[1:3]
    while True:
        order = random.permutation(len(photos))
        for start in range(0, len(order), batch_size):
            chosen = np.take(order, np.arange(batch_size) + start, mode="wrap")
            some, has_boxes = photos.only(chosen), shown[chosen].max(axis=1) == 0
            moves = np.where(
                has_boxes[:, None, None],
                _moves(random, batch_size, shape, shift=0.15, zoom=(0.85, 1.7), turn=0.0),
                _moves(random, batch_size, shape, shift=0.05, zoom=(0.85, 1.15), turn=25.0),
            )
            boxes, labels = moved_boxes(some.boxes, some.labels, moves, shape)
            lit = with_light(moved_pictures(some.images, moves), random, colour=0.1)
            targets = {"boxes": boxes, "labels": labels, "shown": shown[chosen]}
            yield lit.astype(np.float32) / 255, targets


def _moves(
    random: np.random.Generator,
    count: int,
    shape: Sequence[int],
    *,
    shift: float,
    zoom: tuple[float, float],
    turn: float,
) -> Array:
    return random_moves(
        random, count, shape, mirror=False, quarters=True, shift=shift, zoom=zoom, turn=turn
    )
