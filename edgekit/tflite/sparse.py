"""Restore a sparsely stored tensor to its dense form.

Source: the format is that of TACO (Chou, Kjolstad, Amarasinghe, Format Abstraction for Sparse
Tensor Algebra Compilers, 2018, https://arxiv.org/abs/1804.10112) with blocks, as described at
`SparsityParameters` in LiteRT's schema.fbs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_DENSE_BYTES = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One level of the stored order.

    Attributes:
        size: Number of places, for a level that is stored in full.
        segments: For a compressed level, where each parent's entries start and end; else None.
        indices: For a compressed level, the place of each entry.
    """

    size: int
    segments: NDArray[Any] | None = None
    indices: NDArray[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Sparsity:
    """How the values of a tensor are laid out.

    Attributes:
        traversal_order: Which dimension each level is; those from the tensor's rank on are the
            inner dimensions of blocks.
        block_map: The tensor dimension that each block dimension cuts.
        dimensions: One a level.
    """

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    dimensions: tuple[Dimension, ...]


def densify(values: NDArray[Any], sparsity: Sparsity, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the tensor of `shape` with zeros where nothing is stored.

    Args:
        values: The stored values, in the order of the levels.
        sparsity: Their layout.
        shape: Of the dense tensor.

    Raises:
        ValueError: Layout, values and shape contradict each other, or the result would not fit
            in 1 GiB.
    """
    _check(sparsity, shape)
    if math.prod(shape) * values.itemsize > _MAX_DENSE_BYTES:
        raise ValueError("too large")
    places = _coordinates(sparsity.dimensions, limit=math.prod(shape))
    if len(places[0]) > len(values):
        raise ValueError("fewer values than places")
    coordinates = [np.zeros(len(places[0]), np.int64) for _ in shape]
    for level in np.argsort(sparsity.traversal_order):
        dimension = sparsity.traversal_order[level]
        if dimension < len(shape):
            coordinates[dimension] = places[level]
        else:
            target = sparsity.block_map[dimension - len(shape)]
            size = sparsity.dimensions[level].size
            coordinates[target] = coordinates[target] * size + places[level]
    dense = np.zeros(shape, values.dtype)
    dense.reshape(-1)[np.ravel_multi_index(coordinates, shape)] = values[: len(places[0])]
    return dense


def _check(sparsity: Sparsity, shape: tuple[int, ...]) -> None:
    levels = len(sparsity.dimensions)
    if not shape or levels != len(shape) + len(sparsity.block_map):
        raise ValueError("wrong number of levels")
    if sorted(sparsity.traversal_order) != list(range(levels)):
        raise ValueError("traversal order is not a permutation")
    if any(not 0 <= target < len(shape) for target in sparsity.block_map):
        raise ValueError("a block of no dimension")


def _coordinates(dimensions: tuple[Dimension, ...], *, limit: int) -> list[NDArray[np.int64]]:
    """Return, for each level, the place of every stored value on it."""
    places: list[NDArray[np.int64]] = []
    count = 1
    for dimension in dimensions:
        parents, own = _level(dimension, count, limit)
        places = [level[parents] for level in places] + [own]
        count = len(own)
    return places


def _level(
    dimension: Dimension, count: int, limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the parent of each entry of a level, and its place on the level."""
    if dimension.segments is None or dimension.indices is None:
        if dimension.size < 0 or count * dimension.size > limit:
            raise ValueError("more places than the tensor has")
        parents = np.repeat(np.arange(count), dimension.size)
        return parents, np.tile(np.arange(dimension.size), count)
    segments = dimension.segments.astype(np.int64)
    if len(segments) != count + 1 or segments[0] != 0 or segments[-1] > len(dimension.indices):
        raise ValueError("segments do not fit their parents")
    lengths = np.diff(segments)
    if lengths.min(initial=0) < 0:
        raise ValueError("segments run backwards")
    own = dimension.indices[: segments[-1]].astype(np.int64)
    return np.repeat(np.arange(count), lengths), own
