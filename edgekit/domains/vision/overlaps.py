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

    # Edge by edge: with a last axis of 2 or 4, large arrays take four times as long.
    left, top, right, bottom = (a[..., edge] for edge in range(4))
    left_of, top_of, right_of, bottom_of = (b[..., edge] for edge in range(4))
    width = ops.maximum(ops.minimum(right, right_of) - ops.maximum(left, left_of), 0.0)
    height = ops.maximum(ops.minimum(bottom, bottom_of) - ops.maximum(top, top_of), 0.0)
    areas = [
        ops.maximum(box[2] - box[0], 0.0) * ops.maximum(box[3] - box[1], 0.0)
        for box in ((left, top, right, bottom), (left_of, top_of, right_of, bottom_of))
    ]
    shared = width * height
    return shared / (areas[0] + areas[1] - shared + TINY)


def all_overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """Return intersection over union of each of some boxes with each of others, `(b, n, m)`.

    Args:
        boxes: `(b or 1, n, 4)`.
        others: `(b, m, 4)`. Padding is a box without an area, which overlaps nothing.
    """
    return iou(boxes[:, :, None], others[:, None])


def is_near(boxes: Tensor, targets: Mapping[str, Tensor], least: float) -> Tensor:
    """Return which boxes `(b, n, 4)` have more than `least` IoU with a target, `(b, n)`, 0 or 1.

    The predictor of such a box is not to be told that it is wrong, though another is responsible.
    """
    from keras import ops

    overlap = all_overlaps(boxes, targets["boxes"])
    return ops.cast(ops.max(overlap, axis=-1) > least, "float32")


def _sum_of_squares(vectors: Tensor) -> Tensor:
    from keras import ops

    return ops.sum(ops.square(vectors), axis=-1)
