"""Pictures with a class for each pixel, and the tiles of them that a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array
from edgekit.on_device.vision.tiles import cut, tiles_of

VOID = 255
"""In the place of a class: the pixel is none, or does not count here."""


@dataclass(frozen=True, kw_only=True)
class Masked:
    """Pictures of any sizes and, of each, the class of every pixel.

    Attributes:
        pictures: `(height, width, 1 or 3)`, uint8.
        masks: `(height, width)`, uint8: class numbers, or `VOID`.
    """

    pictures: tuple[Array, ...]
    masks: tuple[Array, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def only(self, indices: Sequence[int]) -> Masked:
        """Return some of the pictures."""
        return Masked(
            pictures=tuple(self.pictures[index] for index in indices),
            masks=tuple(self.masks[index] for index in indices),
        )

    def counts(self, num_classes: int) -> Array:
        """Return how many pixels there are of each class, `(num_classes,)`."""
        flat = np.concatenate([mask.ravel() for mask in self.masks])
        return np.bincount(flat[flat != VOID], minlength=num_classes)


def in_tiles(
    masked: Masked, shape: Sequence[int], margin: int, *, most: int | None = None
) -> Dataset:
    """Return the tiles of all pictures, as a device cuts them.

    Args:
        masked: The pictures.
        shape: Height, width and channels of a tile.
        margin: As of `tiles_of`: in the targets, what a tile does not count for is `VOID`.
        most: Where there are more tiles, so many are taken, evenly over all of them.

    Returns:
        Inputs `image` `(n, height, width, channels)`, float32 in 0..1; targets `(n, height,
        width)`, uint8.
    """
    images: list[Array] = []
    targets: list[Array] = []
    for picture, mask in zip(masked.pictures, masked.masks, strict=True):
        tiles = tiles_of(mask.shape, shape, margin)
        images.append(cut(picture, tiles, shape))
        for tile, truth in zip(tiles, cut(mask, tiles, shape), strict=True):
            counted = np.full_like(truth, VOID)
            counted[tile.counted()] = truth[tile.counted()]
            targets.append(counted)
    count = len(targets)
    chosen = np.linspace(0, count - 1, min(count, most or count)).round().astype(int)
    return Dataset(
        inputs={"image": np.concatenate(images)[chosen].astype(np.float32) / 255},
        targets=np.stack(targets)[chosen],
    )
