"""Restore a sparsely stored tensor to its dense form.

Source: the format is that of TACO (Chou, Kjolstad, Amarasinghe, Format Abstraction for Sparse
Tensor Algebra Compilers, 2018, https://arxiv.org/abs/1804.10112) with blocks, as described at
`SparsityParameters` in LiteRT's schema.fbs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.core.types import Array

_MAX_DENSE_BYTES = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One level of the stored order.

    Attributes:
        size: Its length, for a level that is stored in full.
        segments: For a compressed level, where each parent's entries start and end; else None.
        indices: For a compressed level, the coordinate of each entry.
    """

    size: int
    segments: Array | None = None
    indices: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Sparsity:
    """How the values of a tensor are laid out.

    Attributes:
        traversal_order: Which dimension each level is; those from the tensor's rank on are the
            inner dimensions of blocks.
        block_map: The tensor dimension that each block dimension cuts.
        dimensions: One for each level.
    """

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    dimensions: tuple[Dimension, ...]


def densify(values: Array, sparsity: Sparsity, shape: tuple[int, ...]) -> Array:
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
    levels = _coordinates(sparsity.dimensions, limit=math.prod(shape))
    count = len(levels[0])
    if count > len(values):
        raise ValueError("fewer values than coordinates")
    coordinates = [np.zeros(count, np.int64) for _ in shape]
    for level in np.argsort(sparsity.traversal_order):
        dimension = sparsity.traversal_order[level]
        if dimension < len(shape):
            coordinates[dimension] = levels[level]
        else:
            target = sparsity.block_map[dimension - len(shape)]
            size = sparsity.dimensions[level].size
            coordinates[target] = coordinates[target] * size + levels[level]
    dense = np.zeros(shape, values.dtype)
    dense.reshape(-1)[np.ravel_multi_index(coordinates, shape)] = values[:count]
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
    """Return, for each level, the coordinate of every stored value on it."""
    levels: list[NDArray[np.int64]] = []
    count = 1
    for dimension in dimensions:
        parents, own = _level(dimension, count, limit)
        levels = [level[parents] for level in levels] + [own]
        count = len(own)
    return levels


def _level(
    dimension: Dimension, count: int, limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the parent of each entry of a level, and its coordinate on the level."""
    if dimension.segments is None or dimension.indices is None:
        if dimension.size < 0 or count * dimension.size > limit:
            raise ValueError("more coordinates than the tensor has values")
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
