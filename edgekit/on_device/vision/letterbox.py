"""Bring a whole picture to a network's size, and boxes from one to the other.

Training and the device use this very function: where they resize in two ways, a network loses
accuracy and nobody is told.
"""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..pictures import described, means, picture_shape, with_channels

GREY = 0.5
"""What lies around a picture of other proportions than the network's."""


class Placement(NamedTuple):
    """Where a picture lies in the one that the network is given.

    Attributes:
        scale: Pixels of the network's picture for one of the picture's.
        left: Of the picture, in pixels of the network's.
        top: Of the picture, in pixels of the network's.
        width: Of the picture, in its own pixels.
        height: Of the picture, in its own pixels.
    """

    scale: float
    left: float
    top: float
    width: int
    height: int


def placement_of(height: int, width: int, shape: Sequence[int]) -> Placement:
    """Return where a picture of a height and width lies in one of `shape`: in its middle."""
    scale = min(shape[0] / height, shape[1] / width)
    left, top = (shape[1] - width * scale) / 2, (shape[0] - height * scale) / 2
    return Placement(scale, max(left, 0.0), max(top, 0.0), width, height)  # rounded below 0


def letterbox(picture: Array, shape: Sequence[int]) -> Tuple[Array, Placement]:
    """Return a whole picture as a network takes it, and where it lies there.

    It keeps its proportions; each new pixel is the mean over its area, and what the picture does
    not cover is grey.

    Args:
        picture: `(height, width, 1 or 3)`, floats in 0..1.
        shape: Height, width and channels (1 or 3) wanted.

    Returns:
        `(height, width, channels)` as wanted, float32.

    Raises:
        ValueError: The network takes no pictures of 1 or 3 channels.

    Example:
        >>> letterbox(np.array([[[0.0], [1.0]]]), (3, 2, 1))[0][..., 0].tolist()
        [[0.5, 0.5], [0.0, 1.0], [0.5, 0.5]]
    """
    height, width, channels = picture_shape(shape)
    placement = placement_of(picture.shape[0], picture.shape[1], shape)
    if picture.shape[:2] != (height, width):
        step = 1 / placement.scale
        # Outside of the picture there is nothing to add to grey.
        lower = means(picture - GREY, height, step)
        picture = means(lower.swapaxes(0, 1), width, step).swapaxes(0, 1) + GREY
    return np.asarray(with_channels(picture, channels), np.float32), placement


def letterboxed(
    name: str, shape: Sequence[int], *, tiles: Optional[dict[str, object]] = None
) -> dict[str, object]:
    """Return what `letterbox` does, as `bundle.json` says it.

    Args:
        name: Of the network's input.
        shape: Height, width and channels (1 or 3) of its picture.
        tiles: How larger pictures are looked at besides; None if only whole.
    """
    return described(name, shape, "letterbox", fill=GREY, tiles=tiles)


def to_network(boxes: Array, placement: Placement) -> Array:
    """Return boxes `(..., 4)` of a picture where they lie in the network's, float32."""
    moved = boxes * placement.scale + np.tile([placement.left, placement.top], 2)
    return np.asarray(moved, np.float32)


def to_picture(boxes: Array, placement: Placement) -> Array:
    """Return boxes `(..., 4)` of the network's picture where they lie in the picture, float32.

    What reaches beyond the picture is cut.
    """
    back = (boxes - np.tile([placement.left, placement.top], 2)) / placement.scale
    limits = np.tile([placement.width, placement.height], 2)
    return np.asarray(np.clip(back, 0, limits), np.float32)
