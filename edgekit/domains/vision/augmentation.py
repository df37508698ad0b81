"""Pictures varied at random, and with them the boxes, masks and key points drawn on them.

A move is a matrix that says where each point of a picture comes to lie, so that whatever is drawn
on the picture moves by the same numbers. Edges of pixels lie at whole numbers: a picture that is
100 pixels wide reaches from 0 to 100, as boxes do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.vision.boxes import NO_LABEL, areas, clipped
from edgekit.on_device.vision.letterbox import GREY


def random_moves(
    random: np.random.Generator,
    count: int,
    shape: Sequence[int],
    *,
    mirror: bool = True,
    upside_down: bool = False,
    quarters: bool = False,
    shift: float = 0.1,
    zoom: tuple[float, float] = (0.8, 1.25),
    turn: float = 0.0,
) -> Array:
    """Return moves of pictures, `(count, 2, 3)`, float64; what one does is up to chance.

    Args:
        random: Where chance comes from.
        count: How many.
        shape: Height and width of the pictures.
        mirror: Left and right are exchanged, in half of the moves.
        upside_down: Top and bottom too.
        quarters: Pictures are turned by any number of quarters; the corners of those that are not
            square get lost.
        shift: Largest way to a side, as a part of the picture's.
        zoom: Smallest and largest scale; all are equally likely by their logarithm.
        turn: Largest angle to either side, in degrees.
    """
    height, width = shape[:2]
    smallest, largest = np.log(zoom)
    scales = np.exp(random.uniform(smallest, largest, count))
    angles = np.radians(random.uniform(-turn, turn, count))
    angles = angles + np.pi / 2 * (random.integers(0, 4, count) if quarters else 0)
    signs = np.ones((count, 2))
    for axis, wanted in enumerate((mirror, upside_down)):
        if wanted:
            signs[:, axis] = random.choice([-1, 1], count)
    # Rounded, so that turns by quarters move each pixel onto another one.
    cosines, sines = np.cos(angles).round(12), np.sin(angles).round(12)
    turned = np.stack([cosines, -sines, sines, cosines], axis=1).reshape(count, 2, 2)
    turned = turned * scales[:, None, None] * signs[:, None, :]
    middle = np.array([width, height]) / 2
    ways = random.uniform(-shift, shift, (count, 2)) * [width, height]
    offsets = middle - turned @ middle + ways
    return np.concatenate([turned, offsets[:, :, None]], axis=2)


def moved_pictures(pictures: Array, moves: Array, *, fill: float | None = None) -> Array:
    """Return pictures `(n, height, width, channels)` moved, in their own type.

    Args:
        pictures: uint8 in 0..255, or float32 in 0..1. Between pixels they are interpolated.
        moves: `(n, 2, 3)`.
        fill: Stands where no part of the picture came to lie; the middle grey if left out.
    """
    if fill is None:
        fill = GREY * (255 if pictures.dtype == np.uint8 else 1)
    return _warped(pictures, moves, fill, smooth=True)


def moved_masks(masks: Array, moves: Array, *, fill: int = 0) -> Array:
    """Return masks `(n, height, width)`, uint8, moved; each pixel keeps a class that was there."""
    return _warped(masks[..., None], moves, fill, smooth=False)[..., 0]


def moved_points(points: Array, moves: Array) -> Array:
    """Return key points `(n, ..., 2)`, x and y in pixels, moved, float32."""
    flat = points.reshape(len(points), int(np.prod(points.shape[1:-1])), 2)
    moved = flat @ moves[:, :, :2].swapaxes(1, 2) + moves[:, None, :, 2]
    return np.asarray(moved.reshape(points.shape), np.float32)


def mirrors(moves: Array) -> Array:
    """Tell which moves `(n, 2, 3)` show things mirrored, so that left joints become right ones."""
    return np.asarray(np.linalg.det(moves[:, :, :2]) < 0)


def moved_boxes(
    boxes: Array,
    labels: Array,
    moves: Array,
    shape: Sequence[int],
    *,
    least_visible: float = 0.3,
) -> tuple[Array, Array]:
    """Return padded boxes and labels moved, cut at the picture's edges.

    Args:
        boxes: `(n, most, 4)`.
        labels: `(n, most)`; -1 for padding.
        moves: `(n, 2, 3)`. A box that is turned becomes the one around it.
        shape: Height and width of the pictures.
        least_visible: A box of which less lies within the picture becomes padding.
    """
    corners = boxes[..., [0, 1, 2, 1, 2, 3, 0, 3]].reshape(*boxes.shape[:2], 4, 2)
    corners = moved_points(corners, moves)
    whole = np.concatenate([corners.min(axis=2), corners.max(axis=2)], axis=2)
    cut = clipped(whole, shape[1], shape[0])
    seen = (areas(cut) >= np.maximum(least_visible * areas(whole), 1.0)) & (labels > NO_LABEL)
    return np.where(seen[..., None], cut, 0).astype(np.float32), np.where(seen, labels, NO_LABEL)


def with_light(
    pictures: Array,
    random: np.random.Generator,
    *,
    brightness: float = 0.2,
    contrast: float = 0.2,
    colour: float = 0.0,
) -> Array:
    """Return pictures in another light, in their own type and range.

    Args:
        pictures: `(n, height, width, channels)`, uint8 in 0..255 or float32 in 0..1.
        random: Where chance comes from.
        brightness: Most that is added or taken away, as a part of the whole range.
        contrast: Most by which differences to the middle grey grow or shrink.
        colour: Most by which a single channel grows or shrinks.
    """
    count, channels = len(pictures), pictures.shape[-1]
    whole = 255 if pictures.dtype == np.uint8 else 1
    gains = 1 + random.uniform(-contrast, contrast, (count, 1, 1, 1))
    gains = gains * (1 + random.uniform(-colour, colour, (count, 1, 1, channels)))
    added = random.uniform(-brightness, brightness, (count, 1, 1, 1)) + GREY * (1 - gains)
    if pictures.dtype != np.uint8:
        return np.clip(pictures * gains + added, 0, 1).astype(pictures.dtype)
    # One table of 256 values for each channel of each picture is faster than all of the pixels.
    values = np.arange(256)[:, None] * gains[:, 0] + added[:, 0] * whole
    tables = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    rows, columns = np.arange(count)[:, None, None, None], np.arange(channels)
    return tables[rows, pictures, columns]


def augmented(
    random: np.random.Generator,
    pictures: Array,
    boxes: Array,
    labels: Array,
    *,
    moves: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Return pictures with their boxes as detectors train on them: mirrored, moved, in any light.

    Args:
        random: Where chance comes from.
        pictures: `(n, height, width, channels)`, uint8 or float32.
        boxes: `(n, most, 4)`.
        labels: `(n, most)`.
        moves: `(n, 2, 3)`; `random_moves` as it is if left out.
    """
    shape = pictures.shape[1:3]
    moves = random_moves(random, len(pictures), shape) if moves is None else moves
    lit = with_light(moved_pictures(pictures, moves), random)
    return lit, *moved_boxes(boxes, labels, moves, shape)


def _warped(pictures: Array, moves: Array, fill: float, *, smooth: bool) -> Array:
    import cv2

    height, width, channels = pictures.shape[1:]
    flags = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    # OpenCV puts whole numbers into the middle of pixels: half a pixel there and back.
    middles = moves.copy()
    middles[:, :, 2] += moves[:, :, :2].sum(axis=2) / 2 - 0.5
    moved = np.empty_like(pictures)
    for picture, matrix, out in zip(pictures, middles, moved, strict=True):
        warped = cv2.warpAffine(
            picture,
            matrix,
            (width, height),
            flags=flags,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(fill,) * channels,
        )
        out[...] = warped.reshape(out.shape)
    return moved
