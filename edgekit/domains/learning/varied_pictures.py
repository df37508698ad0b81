"""Train a classifier of pictures on what they might have looked like too, anew in every epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.learning.optimizers import adamw

if TYPE_CHECKING:
    import keras


def fit_varied(
    model: keras.Model,
    pictures: Array,
    labels: Array,
    *,
    epochs: int,
    batch_size: int,
    peak_learning_rate: float,
    progress: Progress,
) -> None:
    """Train a classifier in place on `varied` pictures.

    Args:
        model: One input, softmax over the labels.
        pictures: `(n, height, width, 1 or 3)`, uint8.
        labels: `(n,)`, numbers.
        epochs: Times each picture is used.
        batch_size: Pictures per step.
        peak_learning_rate: The highest rate of `adamw`.
        progress: Told the loss after every epoch.
    """
    import keras

    steps = epochs * -(-len(labels) // batch_size)
    model.compile(adamw(peak_learning_rate, steps), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(keras.random.randint((), 0, 2**31 - 1).numpy())
    for epoch in range(1, epochs + 1):
        seen = varied(pictures, rng)
        loss = model.fit(seen, labels, batch_size=batch_size, verbose=0).history["loss"][0]
        progress(epoch / epochs, f"epoch {epoch}/{epochs}, loss {loss:.3f}")


def varied(
    pictures: Array,
    rng: np.random.Generator,
    *,
    degrees: float = 12.0,
    shift: float = 0.08,
    zoom: float = 0.15,
    light: float = 0.15,
) -> Array:
    """Return pictures mirrored or not, and turned, moved, enlarged and lighted a little otherwise.

    Args:
        pictures: `(n, height, width, 1 or 3)`, uint8.
        rng: Decides; every value up to the largest is equally likely.
        degrees: Largest turn to either side.
        shift: Largest move, as a share of the side; edges are repeated outwards.
        zoom: Largest change of the size, as a logarithm: 0.15 is 16 %.
        light: What is added to the pixels at most, of their range; their contrast changes by as
            much, as a logarithm.

    Returns:
        float32 in 0..1, of the same shape.

    Source: Krizhevsky, Sutskever, Hinton, ImageNet Classification, 2012,
        https://doi.org/10.1145/3065386.
    """
    import cv2

    count, height, width = pictures.shape[:3]
    size = (width, height)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = [
        cv2.warpAffine(picture, back, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        for picture, back in zip(
            pictures, _ways_back(size, count, rng, degrees, shift, zoom), strict=True
        )
    ]
    pixels = np.array(moved, np.float32).reshape(pictures.shape) / 255
    change = rng.uniform(-light, light, (2, count, 1, 1, 1)).astype(np.float32)
    return np.asarray(np.clip((pixels - 0.5) * np.exp(change[0]) + 0.5 + change[1], 0, 1))


def _ways_back(
    size: tuple[int, int],
    count: int,
    rng: np.random.Generator,
    degrees: float,
    shift: float,
    zoom: float,
) -> Array:
    """Return matrices `(count, 2, 3)` from a pixel of each new picture to where it was."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees, count))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turn /= np.exp(rng.uniform(-zoom, zoom, count))
    turn[0] *= rng.choice([-1, 1], count)  # mirrored, left and right
    back = np.moveaxis(turn, -1, 0)
    middle = (np.array(size) - 1) / 2
    new_middle = middle + rng.uniform(-shift, shift, (count, 2)) * size
    offset = middle - np.einsum("nij,nj->ni", back, new_middle)
    return np.concatenate([back, offset[..., np.newaxis]], axis=2)
