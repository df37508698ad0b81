"""Random pieces of masked pictures: turned, mirrored, zoomed, bent, in any light.

Picture and mask are read at the same positions, so that they stay on each other: the picture
between its pixels, the mask at the nearest one.

Source: the elastic deformation is that of Ronneberger, Fischer, Brox, U-Net, 2015,
https://arxiv.org/abs/1505.04597, section 3.1: random displacements on a coarse grid, bicubic
between its points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.segmentation.masked import Masked
from edgekit.domains.vision.augmentation import moved_points, random_moves, with_light

GRID = 4
"""Points of the coarse grid along each side of a piece."""


@dataclass(frozen=True, kw_only=True)
class Variation:
    """How far pieces are varied.

    Attributes:
        turn: Largest angle to either side, in degrees.
        upside_down: Whether they are mirrored from top to bottom too, not from left to right only.
        zoom: Smallest and largest scale.
        bend: Standard deviation of the displacement of a point of the coarse grid, in pixels.
        light: Most by which brightness and contrast change, as a part of the range.
    """

    turn: float
    upside_down: bool
    zoom: tuple[float, float] = (0.9, 1.1)
    bend: float = 3.0
    light: float = 0.1


MICROGRAPHS = Variation(turn=180, upside_down=True)
"""For pictures that have no up and down."""

PHOTOS = Variation(turn=10, upside_down=False, zoom=(0.8, 1.25))
"""For pictures of things that stand on their feet."""


def pieces(
    masked: Masked,
    count: int,
    shape: Sequence[int],
    variation: Variation,
    random: np.random.Generator,
) -> tuple[Array, Array]:
    """Return random pieces of random pictures.

    Args:
        masked: Pictures that are drawn from, the large ones more often.
        count: Pieces.
        shape: Height, width and channels of a piece.
        variation: How far they are varied.
        random: Decides it all.

    Returns:
        `(count, height, width, channels)`, uint8, and classes `(count, height, width)`, uint8.
        What lies beyond an edge of a picture is its reflection.
    """
    areas = np.array([mask.size for mask in masked.masks], float)
    chosen = random.choice(len(masked), count, p=areas / areas.sum())
    sizes = np.array([masked.masks[number].shape for number in chosen])
    positions = _positions(sizes, shape, variation, random)
    images = np.empty((count, *shape), np.uint8)
    classes = np.empty((count, *shape[:2]), np.uint8)
    for index, number in enumerate(chosen):
        picture, mask = masked.pictures[number], masked.masks[number]
        images[index] = _read(picture, positions[index], smooth=True).reshape(shape)
        classes[index] = _read(mask, positions[index], smooth=False)
    light = variation.light
    return with_light(images, random, brightness=light, contrast=2 * light), classes


def _positions(
    sizes: Array, shape: Sequence[int], variation: Variation, random: np.random.Generator
) -> Array:
    """Return where in its picture each pixel of a piece is, `(n, height, width, 2)`: x and y."""
    import cv2

    height, width = shape[:2]
    moves = random_moves(
        random,
        len(sizes),
        (height, width),
        upside_down=variation.upside_down,
        shift=0,
        zoom=variation.zoom,
        turn=variation.turn,
    )
    middles = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) + 0.5
    moved = moved_points(np.broadcast_to(middles, (len(sizes), *middles.shape)), moves)
    grids = random.normal(0, variation.bend, (len(sizes), GRID, GRID, 2)).astype(np.float32)
    bends = [cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) for grid in grids]
    return np.asarray(moved + np.stack(bends) + _corners(sizes, (height, width), random))


def _corners(sizes: Array, shape: Sequence[int], random: np.random.Generator) -> Array:
    """Return where pieces begin in their pictures, `(n, 1, 1, 2)`: x and y, in whole pixels.

    Between pixels a piece would be blurred, which no picture is later. A tenth may stick out. Of a
    picture that is smaller than the piece it is the middle.
    """
    reach = np.minimum(0.4 * np.array(shape), sizes / 2)
    middles = random.uniform(reach, sizes - reach)
    corners = np.rint(middles - np.array(shape) / 2)[:, ::-1]
    return np.asarray(corners[:, np.newaxis, np.newaxis], np.float32)


def _read(picture: Array, positions: Array, *, smooth: bool) -> Array:
    import cv2

    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    # OpenCV counts from the middle of the first pixel, we from its edge.
    columns, rows = np.moveaxis(positions - np.float32(0.5), -1, 0)
    read = cv2.remap(picture, columns, rows, how, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(read)
