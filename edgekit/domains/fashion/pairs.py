"""Pictures that networks make of pictures: how far they are from what they should be."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array, Batch
from edgekit.on_device.vision.drawing import Drawing

WHITE = 255
"""Grey levels of a white pixel."""


def rms_error(pictures: Array, wanted: Array) -> float:
    """Return the root of the mean squared difference of pixels, in grey levels of 255.

    Args:
        pictures: `(n, height, width, channels)`, floats in 0..1.
        wanted: The same.
    """
    difference = np.asarray(pictures, np.float64) - wanted
    return float(WHITE * np.sqrt(np.mean(np.square(difference))))


def psnr(pictures: Array, wanted: Array) -> float:
    """Return the mean over pictures of the peak signal-to-noise ratio, in decibels, at most 100.

    Args:
        pictures: `(n, height, width, channels)`, floats in 0..1, cut to that.
        wanted: The same.
    """
    difference = np.clip(np.asarray(pictures, np.float64), 0, 1) - wanted
    squares = np.mean(np.square(difference), axis=tuple(range(1, difference.ndim)))
    return float(np.mean(-10 * np.log10(np.maximum(squares, 1e-10))))


def side_by_side(inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return each picture that was given, and right of it the one that was answered."""
    return [
        Drawing(picture=np.concatenate([given, np.clip(made, 0, 1)], axis=1))
        for given, made in zip(inputs["image"], answers["made"], strict=True)
    ]
