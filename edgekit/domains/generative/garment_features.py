"""What a classifier of clothes sees in a picture, and how far made pictures are from real ones.

The classifier is `image_cnn`, trained on all of Fashion-MNIST; what ships are its layers before the
scores, computed here in NumPy, so that a score needs no TensorFlow. So the distance is no FID,
which takes the features of an Inception network, and compares with no other paper's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.fashion.garments import garments
from edgekit.domains.generative.frechet import Moments, frechet_distance, moments
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.learning.kept_arrays import digest_of

FILE = "garment_features.npz"
BATCH = 50
"""Pictures that are looked at together: what a layer makes of them fits into a cache."""


class Kernel(NamedTuple):
    """A convolution, its normalization folded in: `(side, side, before, after)` and `(after,)`."""

    weights: Array
    bias: Array


def distance(pictures: Array, real: Array) -> float:
    """Return the Fréchet distance of pictures to real ones, in features of `image_cnn`.

    Args:
        pictures: `(n, 28, 28, 1)`, floats, cut to 0..1.
        real: The same, as many: the distance depends on the number.
    """
    return frechet_distance(moments(features(pictures)), _known(real))


def floor(real: Array) -> float:
    """Return the distance of as many training pictures to real ones: the least to be expected.

    Args:
        real: `(n, 28, 28, 1)`, n at most 55,000.
    """
    seen, _ = garments("train", "tiny")
    if len(seen) < len(real):
        seen, _ = garments("train", "full")
    return frechet_distance(_known(seen[: len(real)]), _known(real))


def features(pictures: Array) -> Array:
    """Return what the classifier's last layer is given, `(n, 48)`, float32.

    Args:
        pictures: `(n, 28, 28, 1)`, floats, cut to 0..1.
    """
    cut = np.clip(np.nan_to_num(np.asarray(pictures, np.float32)), 0, 1)
    return np.concatenate([_seen(cut[k : k + BATCH]) for k in range(0, len(cut), BATCH)])


def convolve(x: Array, kernel: Kernel, *, stride: int = 1) -> Array:
    """Return a convolution as TensorFlow pads it with "same", float32.

    Args:
        x: `(n, height, width, channels)`; height and width are divisible by `stride`.
        kernel: Of odd sides.
        stride: 1 or 2.
    """
    side = len(kernel.weights)
    height, width = x.shape[1] // stride, x.shape[2] // stride
    first = (side - stride) // 2
    room = ((0, 0), (first, side - 1 - first), (first, side - 1 - first), (0, 0))
    padded = np.pad(x, room) if side > 1 else x
    total = np.broadcast_to(kernel.bias, (len(x), height, width, len(kernel.bias))).copy()
    for row in range(side):
        for column in range(side):
            rows = slice(row, row + stride * height, stride)
            columns = slice(column, column + stride * width, stride)
            total += padded[:, rows, columns] @ kernel.weights[row, column]
    return total


def _seen(x: Array) -> Array:
    """Return the features of a batch: `recipes/image_cnn.py` has the same layers in Keras."""
    kernels = iter(_kernels())
    x = _relu(convolve(x, next(kernels)))
    for _ in range(2):
        x = _halved(x, kernels)
        inner = _relu(convolve(x, next(kernels)))
        x = _relu(x + convolve(inner, next(kernels)))
    return np.asarray(x.mean(axis=(1, 2)))


def _halved(x: Array, kernels: Iterator[Kernel]) -> Array:
    """Return a block that halves height and width, its short cut pooled first."""
    count, height, width, channels = x.shape
    pooled = x.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
    x = _relu(convolve(x, next(kernels), stride=2))
    return _relu(x + convolve(pooled, next(kernels)))


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


@cache
def _kernels() -> tuple[Kernel, ...]:
    arrays = read_packaged(FILE)
    pairs = [(arrays[f"weights_{k}"], arrays[f"bias_{k}"]) for k in range(len(arrays) // 2)]
    return tuple(Kernel(*(each.astype(np.float32) for each in pair)) for pair in pairs)


_moments: dict[str, Moments] = {}


def _known(real: Array) -> Moments:
    """Return the moments of real pictures, which every file of a build is compared with."""
    key = digest_of(real)
    if key not in _moments:
        _moments[key] = moments(features(real))
    return _moments[key]
