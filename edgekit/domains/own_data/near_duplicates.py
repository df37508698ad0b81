"""Pictures that show the same: copies, other sizes or qualities of one picture.

Source: the difference hash is by D. Hackerfactor, Kind of Like That, 2013,
http://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.pictures import fit

SIDE = 16
"""Rows, and differences between neighbours in each: a hash has 256 bits."""

MOST_BITS = 12
"""Bits in which the hashes of one picture in two qualities may differ."""

STEP = 0.01
"""Difference in brightness from which on a neighbour is brighter: plain surfaces are noise."""

MOST_DIFFERENCE = 0.02
"""Mean difference of the two in brightness, 0..1; hashes of plain surfaces say too little."""

CHUNK = 2048


def thumbnail(picture: Array) -> Array:
    """Return the brightness of a picture in 16 rows of 17, `(16, 17)`, float32 in 0..1."""
    return fit(picture, (SIDE, SIDE + 1, 1))[..., 0]


def same_pictures(thumbnails: Array) -> list[tuple[int, int]]:
    """Return pairs of pictures that look the same, by their indices.

    Args:
        thumbnails: `(n, 16, 17)`, as `thumbnail` returns them.
    """
    signs = np.where(np.diff(thumbnails, axis=2) > STEP, 1, -1).reshape(len(thumbnails), -1)
    signs = signs.astype(np.float32)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(signs), CHUNK):
        agreeing = signs[start : start + CHUNK] @ signs[start:].T
        rows, columns = np.nonzero(agreeing >= SIDE * SIDE - 2 * MOST_BITS)
        for row, column in zip(rows + start, columns + start, strict=True):
            if row < column:
                difference = np.abs(thumbnails[row] - thumbnails[column]).mean()
                if difference <= MOST_DIFFERENCE:
                    pairs.append((int(row), int(column)))
    return pairs
