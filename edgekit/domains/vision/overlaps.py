"""How far boxes agree, by `keras.ops`: what a loss of boxes is made of.

Source: Zheng et al., Distance-IoU Loss, 2020, https://arxiv.org/abs/1911.08287.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor

TINY = 1e-7
"""Keeps quotients finite."""


def complete_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union of boxes `(..., 4)`, less for what sets them apart, `(...)`.

    It falls with the distance of their middles and with the difference of their proportions, so
    that it tells boxes that do not meet which way to go. 1 for equal boxes, above -2.
    """
    from keras import ops

    overlap = iou(a, b)
    spans = ops.maximum(a[..., 2:], b[..., 2:]) - ops.minimum(a[..., :2], b[..., :2])
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = _sum_of_squares(apart) / (_sum_of_squares(spans) + TINY)
    angles = [
        ops.arctan((box[..., 2] - box[..., 0]) / (box[..., 3] - box[..., 1] + TINY))
        for box in (a, b)
    ]
    shape = 4 / np.pi**2 * ops.square(angles[0] - angles[1])
    share = ops.stop_gradient(shape / (1 - overlap + shape + TINY))
    return overlap - distance - share * shape


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union of boxes `(..., 4)`, pair by pair, `(...)`."""
    from keras import ops

    shared = _area(ops.maximum(a[..., :2], b[..., :2]), ops.minimum(a[..., 2:], b[..., 2:]))
    both = _area(a[..., :2], a[..., 2:]) + _area(b[..., :2], b[..., 2:])
    return shared / (both - shared + TINY)


def is_near(boxes: Tensor, targets: Mapping[str, Tensor], least: float) -> Tensor:
    """Return which boxes `(b, n, 4)` have more than `least` IoU with a target, `(b, n)`, 0 or 1.

    The predictor of such a box is not to be told that it is wrong, though another is responsible.
    """
    from keras import ops

    # Padding is a box without an area, which overlaps nothing.
    overlap = iou(boxes[:, :, None], targets["boxes"][:, None])
    return ops.cast(ops.max(overlap, axis=-1) > least, "float32")


def _area(corner: Tensor, opposite: Tensor) -> Tensor:
    from keras import ops

    return ops.prod(ops.maximum(opposite - corner, 0.0), axis=-1)


def _sum_of_squares(vectors: Tensor) -> Tensor:
    from keras import ops

    return ops.sum(ops.square(vectors), axis=-1)
