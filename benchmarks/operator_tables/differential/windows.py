"""The windows that convolutions and pools look through."""

from __future__ import annotations

import math

import numpy as np

from edgekit.core.types import Array

SAME, VALID = 0, 1
"""As in the schema's `Padding`."""


def out_size(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    """Return how many windows there are along an axis."""
    reach = (kernel - 1) * dilation + 1
    return math.ceil(size / stride) if padding == SAME else (size - reach) // stride + 1


def windows(
    x: Array,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilation: tuple[int, int],
    padding: int,
) -> Array:
    """Return what each window sees, NaN outside of the image.

    Args:
        x: `(images, height, width, channels)`.
        kernel: Height and width.
        strides: Of windows.
        dilation: Step between what a window sees.
        padding: `SAME` or `VALID`.

    Returns:
        `(images, rows, columns, kernel height, kernel width, channels)`.
    """
    places = []
    for axis in range(2):
        size, k, s, d = x.shape[axis + 1], kernel[axis], strides[axis], dilation[axis]
        count = out_size(size, k, s, d, padding)
        total = max((count - 1) * s + (k - 1) * d + 1 - size, 0) if padding == SAME else 0
        places.append(np.arange(count)[:, None] * s + np.arange(k) * d - total // 2)
    rows, columns = places
    margin = 1 + max(int(np.abs(each).max()) for each in places)
    around = ((0, 0), (margin, margin), (margin, margin), (0, 0))
    padded = np.pad(x.astype(np.float64), around, constant_values=np.nan)
    seen = padded[:, rows + margin][:, :, :, columns + margin]
    return seen.transpose(0, 1, 3, 2, 4, 5)
