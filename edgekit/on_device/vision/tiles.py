"""Cut a picture of any size into tiles of a network's size, and join what it answers.

Neighbours overlap, and of each answer its middle counts: near the edge of a tile the network does
not see what lies around a pixel.

Source: the overlap-tile strategy of Ronneberger, Fischer, Brox, U-Net, 2015,
https://arxiv.org/abs/1505.04597.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..pictures import means


class Tile(NamedTuple):
    """Where a tile lies in its picture, and which part of it counts; all in pixels.

    Attributes:
        top: First row of the picture that it holds.
        left: First column.
        rows: First row of the picture that its answer counts for, and the one after the last.
        columns: First column, and the one after the last.
    """

    top: int
    left: int
    rows: Tuple[int, int]
    columns: Tuple[int, int]

    def counted(self) -> Tuple[slice, slice]:
        """Return the rows and columns of the tile that count."""
        return (
            slice(self.rows[0] - self.top, self.rows[1] - self.top),
            slice(self.columns[0] - self.left, self.columns[1] - self.left),
        )

    def place(self) -> Tuple[slice, slice]:
        """Return the rows and columns of the picture that they count for."""
        return slice(*self.rows), slice(*self.columns)


def tiles_of(shape: Sequence[int], side: Sequence[int], margin: int) -> Sequence[Tile]:
    """Return tiles that cover a picture; each of its pixels counts in exactly one of them.

    Args:
        shape: Height and width of the picture.
        side: Height and width of a tile.
        margin: Pixels at least between what counts and the edge of a tile, where that is not the
            edge of the picture too; less than half a tile.

    Raises:
        ValueError: So much margin leaves nothing of a tile.

    Example:
        >>> [tile.rows for tile in tiles_of((10, 4), (6, 4), 1)]
        [(0, 5), (5, 10)]
    """
    if not 0 <= 2 * margin < min(side[:2]):
        raise ValueError(
            f"A margin of {margin} pixels on both sides of a tile of {side[0]}x{side[1]} leaves "
            "nothing that counts; take a smaller one."
        )
    return [
        Tile(top, left, rows, columns)
        for top, rows in _spans(shape[0], side[0], margin)
        for left, columns in _spans(shape[1], side[1], margin)
    ]


def cut(picture: Array, tiles: Sequence[Tile], side: Sequence[int]) -> Array:
    """Return the tiles of a picture, `(n, height, width, ...)`.

    Args:
        picture: `(height, width, ...)`; where it is smaller than a tile, its reflection goes on.
        tiles: From `tiles_of`.
        side: Height and width of a tile.
    """
    lacking = [max(0, wanted - there) for wanted, there in zip(side, picture.shape)]
    rest = [(0, 0)] * (picture.ndim - 2)
    whole = np.pad(picture, [(0, lacking[0]), (0, lacking[1]), *rest], mode="symmetric")
    return np.stack(
        [whole[t.top : t.top + side[0], t.left : t.left + side[1]] for t in tiles], axis=0
    )


def joined(answers: Array, tiles: Sequence[Tile]) -> Array:
    """Return what the tiles' counted parts say of the picture, `(height, width, ...)`.

    Args:
        answers: Of each tile, `(n, height, width, ...)`.
        tiles: From `tiles_of`, all of them.
    """
    height, width = tiles[-1].rows[1], tiles[-1].columns[1]
    picture = np.empty((height, width, *answers.shape[3:]), answers.dtype)
    for answer, tile in zip(answers, tiles):
        picture[tile.place()] = answer[tile.counted()]
    return picture


def resized(picture: Array, height: int, width: int) -> Array:
    """Return a picture `(height, width, channels)` in another size, means over areas, float32."""
    if picture.shape[:2] == (height, width):
        return picture.astype(np.float32)
    lower = means(picture, height, picture.shape[0] / height)
    return np.asarray(means(lower.swapaxes(0, 1), width, picture.shape[1] / width).swapaxes(0, 1))


def enlarged(mask: Array, height: int, width: int) -> Array:
    """Return a mask `(height, width)` in another size, each pixel as the nearest one is."""
    rows, columns = (
        (2 * np.arange(wanted) + 1) * there // (2 * wanted)  # the middle of each new pixel
        for wanted, there in zip((height, width), mask.shape)
    )
    return np.asarray(mask[rows[:, np.newaxis], columns])


def _spans(length: int, side: int, margin: int) -> Iterator[Tuple[int, Tuple[int, int]]]:
    """Give the start of each tile along one axis, and the range that counts: first, and end."""
    count = 1 + max(0, -(-(length - side) // (side - 2 * margin)))
    starts = np.linspace(0, max(0, length - side), count).round().astype(int).tolist()
    between = [(first + side + second) // 2 for first, second in zip(starts, starts[1:])]
    yield from zip(starts, zip([0, *between], [*between, length]))
