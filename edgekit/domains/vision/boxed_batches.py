"""Batches of pictures with boxes for the training of detectors, varied anew each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgekit.core.types import Array, Batch
from edgekit.domains.vision.augmentation import augmented, random_moves
from edgekit.domains.vision.boxed_pictures import BoxedSet


def endless_batches(
    pictures: BoxedSet,
    random: np.random.Generator,
    *,
    batch_size: int,
    upside_down: bool = False,
    shift: float = 0.1,
    zoom: tuple[float, float] = (0.8, 1.25),
) -> Iterator[tuple[Array, Batch]]:
    """Yield pictures and their boxes without end; in each round, every picture is in one batch.

    Args:
        pictures: What to train on.
        random: Where order and variation come from.
        batch_size: Pictures of a batch; all, if there are fewer. What is left at the end of a
            round waits for the next.
        upside_down: Whether the pictures have no up, so that top and bottom may be exchanged.
        shift: As of `random_moves`.
        zoom: As of `random_moves`.

    Yields:
        `(batch_size, height, width, 3)`, float32 in 0..1; and `boxes (batch_size, most, 4)` and
        `labels (batch_size, most)`.
    """
    shape, size = pictures.images.shape[1:3], min(batch_size, len(pictures))
    while True:
        order = random.permutation(len(pictures))
        for chosen in np.split(order[: len(order) // size * size], len(order) // size):
            moves = random_moves(
                random, size, shape, upside_down=upside_down, shift=shift, zoom=zoom
            )
            found = pictures.only(chosen)
            yield as_batch(*augmented(random, found.images, found.boxes, found.labels, moves=moves))


def as_batch(images: Array, boxes: Array, labels: Array) -> tuple[Array, Batch]:
    """Return pictures, uint8, as a network takes them, and targets by name."""
    return images.astype(np.float32) / 255, {"boxes": boxes, "labels": labels}


def resized(batch: tuple[Array, Batch], shape: Sequence[int]) -> tuple[Array, Batch]:
    """Return a batch at another size of the same proportions: `(height, width)` in pixels."""
    import cv2

    images, targets = batch
    if images.shape[1:3] == tuple(shape[:2]):
        return batch
    scale = np.float32(shape[1] / images.shape[2])
    smaller = scale < 1
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    other = [cv2.resize(image, (shape[1], shape[0]), interpolation=how) for image in images]
    return np.stack(other), {**targets, "boxes": targets["boxes"] * scale}
