"""Teach detectors that look twice: what each proposal and region is to say, and how far it is off.

All by `keras.ops`, so that training, pruning and quantization-aware training use the same losses:
targets are the padded boxes and labels of a picture, and become those of anchors and regions in
here. What the numbers mean says `edgekit/on_device/vision/regions.py`, which does the same on a
device in NumPy.

Source: Girshick, Fast R-CNN, 2015, https://arxiv.org/abs/1504.08083; Ren et al., Faster R-CNN,
2015, https://arxiv.org/abs/1506.01497; in place of drawn samples, the weights of Lin et al., Focal
Loss, 2017, https://arxiv.org/abs/1708.02002.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.vision.overlaps import all_overlaps
from edgekit.on_device.vision.regions import LARGEST_POWER, SCALES, TwoStages, anchor_boxes

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor

IS_THING, IS_NOTHING = 0.6, 0.4
"""Intersection over union with a box from which an anchor is to propose it, and below which it is
to propose nothing; those between are left alone. 0.7 and 0.3 in the paper, whose things differ more
in size."""

LEAST_BEST = 0.2
"""The anchor that is nearest to a box is to propose it if they overlap by this much at least."""

SHOWS_THING = 0.5
"""Intersection over union with a box from which a region shows it."""


class Assigned(NamedTuple):
    """Of `n` anchors or regions of `b` pictures, the box that each one overlaps most.

    Attributes:
        overlap: Intersection over union with it, `(b, n)`.
        boxes: `(b, n, 4)`, in pixels.
        labels: `(b, n)`, int32; without a meaning where nothing overlaps.
        is_best: `(b, n)`: whether no other has as much of a box as this one.
    """

    overlap: Tensor
    boxes: Tensor
    labels: Tensor
    is_best: Tensor


def assigned(regions: Tensor | Array, targets: Mapping[str, Tensor]) -> Assigned:
    """Return which box each anchor or region has to do with.

    Args:
        regions: `(b or 1, n, 4)`.
        targets: `boxes (b, most, 4)` and `labels (b, most)`; padding is a box without an area,
            which overlaps nothing.
    """
    from keras import ops

    boxes, labels = targets["boxes"], ops.cast(targets["labels"], "int32")
    overlaps = all_overlaps(ops.convert_to_tensor(regions), boxes)
    nearest = ops.argmax(overlaps, axis=2)
    highest = ops.max(overlaps, axis=1, keepdims=True)
    is_best = ops.logical_and(overlaps >= highest - 1e-4, overlaps >= LEAST_BEST)
    return Assigned(
        overlap=ops.max(overlaps, axis=2),
        boxes=ops.take_along_axis(boxes, nearest[..., None], axis=1),
        labels=ops.take_along_axis(labels, nearest, axis=1),
        is_best=ops.any(is_best, axis=2),
    )


def proposal_loss(
    objectness: Tensor, shifts: Tensor, anchors: Array, targets: Mapping[str, Tensor]
) -> Tensor:
    """Return how far proposals are off, `(b,)`: of whether there is a thing, and of its edges.

    Args:
        objectness: `(b, n)` in 0..1.
        shifts: `(b, n, 4)`.
        anchors: `(n, 4)`.
        targets: `boxes` and `labels`, as of `assigned`.
    """
    from keras import ops

    found = assigned(anchors[None], targets)
    is_thing = ops.logical_or(found.overlap >= IS_THING, found.is_best)
    is_nothing = ops.logical_and(found.overlap < IS_NOTHING, ops.logical_not(found.is_best))
    things, nothings = ops.cast(is_thing, "float32"), ops.cast(is_nothing, "float32")
    sure = ops.clip(objectness, 1e-5, 1 - 1e-5)
    missed = -things * ops.square(1 - sure) * ops.log(sure)
    invented = -nothings * ops.square(sure) * ops.log(1 - sure)
    off = edges_loss(shifts, shifts_to(found.boxes, ops.convert_to_tensor(anchors[None])))
    count = ops.maximum(ops.sum(things, axis=1), 1.0)
    return ops.sum(missed + invented + off * things / 2, axis=1) / count


def region_loss(
    scores: Tensor, shifts: Tensor, regions: Tensor, targets: Mapping[str, Tensor]
) -> Tensor:
    """Return how far the second look is off, `(b,)`: of the classes, and of the edges of things.

    Args:
        scores: Probabilities, `(b, n, 1 + classes)`; the first is that of nothing.
        shifts: `(b, n, 4)`.
        regions: `(b, n, 4)`, padded with boxes of zeros, which count for nothing.
        targets: `boxes` and `labels`, as of `assigned`.
    """
    from keras import ops

    found = assigned(regions, targets)
    real = ops.cast(regions[..., 2] > regions[..., 0], "float32")
    shows = found.overlap >= SHOWS_THING
    wanted = ops.where(shows, found.labels + 1, 0)
    named = ops.sparse_categorical_crossentropy(wanted, scores) * real
    things = ops.cast(shows, "float32") * real
    off = edges_loss(shifts, shifts_to(found.boxes, regions)) * things / 2
    return _mean(named, real) + _mean(off, things)


def edges_loss(shifts: Tensor, wanted: Tensor) -> Tensor:
    """Return how far shifts `(..., 4)` are from those wanted, `(...)`, smooth L1 of the four."""
    from keras import ops

    off = ops.abs(shifts - wanted)
    return ops.sum(ops.where(off < 1, ops.square(off) / 2, off - 0.5), axis=-1)


def shifts_to(boxes: Tensor, regions: Tensor) -> Tensor:
    """Return what a network has to say of regions `(..., 4)` that are to become boxes `(..., 4)`.

    Boxes without an area count as one pixel.
    """
    from keras import ops

    sides, wanted = (ops.maximum(box[..., 2:] - box[..., :2], 1.0) for box in (regions, boxes))
    middles = boxes[..., :2] + wanted / 2 - regions[..., :2] - sides / 2
    return ops.concatenate([middles / sides, ops.log(wanted / sides)], axis=-1) / np.array(
        SCALES, np.float32
    )


def shifted(regions: Tensor, shifts: Tensor) -> Tensor:
    """Return regions `(..., 4)` moved by what a network says; as on the device."""
    from keras import ops

    sides = regions[..., 2:] - regions[..., :2]
    shifts = shifts * np.array(SCALES, np.float32)
    middles = (regions[..., :2] + regions[..., 2:]) / 2 + shifts[..., :2] * sides
    halves = sides / 2 * ops.exp(ops.minimum(shifts[..., 2:], LARGEST_POWER))
    return ops.concatenate([middles - halves, middles + halves], axis=-1)


def proposed(objectness: Tensor, shifts: Tensor, shape: Sequence[int], of: TwoStages) -> Tensor:
    """Return the regions worth a second look, `(b, of.proposals, 4)`, by built-in operators.

    Non-maximum suppression, which has a loop, is left to the device: here, of neighbouring cells'
    proposals by one anchor only the surest counts. No gradient goes through them.

    Args:
        objectness: `(b, rows, columns, anchors)` in 0..1.
        shifts: `(b, rows, columns, 4 * anchors)`.
        shape: Height and width of the picture.
        of: The detector.
    """
    import keras
    from keras import ops

    rows, columns, count = (int(each) for each in objectness.shape[1:])
    around = keras.layers.MaxPooling2D(3, 1, padding="same", name="around")(objectness)
    surest = objectness * ops.cast(ops.equal(objectness, around), "float32")
    _, index = ops.top_k(ops.reshape(surest, (-1, rows * columns * count)), of.proposals)
    starts = ops.take(anchor_boxes(of, rows, columns), index, axis=0)
    shifts = ops.reshape(shifts, (-1, rows * columns * count, 4))
    moved = shifted(starts, ops.take_along_axis(shifts, index[..., None], axis=1))
    limits = np.array([shape[1], shape[0]] * 2, np.float32)
    return ops.stop_gradient(ops.maximum(ops.minimum(moved, limits), 0.0))


def cut_out(cells: Tensor, regions: Tensor, of: TwoStages) -> Tensor:
    """Return regions cut out of features, all at one size; as on the device, of gathered cells.

    Args:
        cells: `(b, rows, columns, channels)`.
        regions: `(b, n, 4)`, in pixels.
        of: The detector.

    Returns:
        `(b, n, side, side, channels)`.
    """
    from keras import ops

    rows, columns, channels = (int(each) for each in cells.shape[1:])
    count = int(regions.shape[1])
    flat = ops.reshape(cells, (-1, rows * columns, channels))
    left, across = _samples(regions[..., 0], regions[..., 2], columns, of)
    upper, down = _samples(regions[..., 1], regions[..., 3], rows, of)
    start = upper[..., :, None] * columns + left[..., None, :]  # (b, n, side, side)
    across, down = across[..., None, :, None], down[..., :, None, None]

    def corner(offset: int) -> Tensor:
        index = ops.reshape(start + offset, (-1, count * of.side**2, 1))
        taken = ops.take_along_axis(flat, index, axis=1)
        return ops.reshape(taken, (-1, count, of.side, of.side, channels))

    above = corner(0) * (1 - across) + corner(1) * across
    below = corner(columns) * (1 - across) + corner(columns + 1) * across
    return above * (1 - down) + below * down


def _samples(first: Tensor, last: Tensor, count: int, of: TwoStages) -> tuple[Tensor, Tensor]:
    """Return the lower of the two cells each sample lies between on an axis, and how far."""
    from keras import ops

    sides = last - first
    start, length = first - of.margin * sides, (1 + 2 * of.margin) * sides
    steps = ((np.arange(of.side) + 0.5) / of.side).astype(np.float32)
    places = (start[..., None] + length[..., None] * steps) / of.stride - 0.5
    places = ops.maximum(ops.minimum(places, count - 1.0), 0.0)
    lower = ops.minimum(ops.floor(places), count - 2.0)
    return ops.cast(lower, "int32"), places - lower


def _mean(values: Tensor, real: Tensor) -> Tensor:
    """Return the mean over the real ones of each picture, `(b,)`; 0 where there are none."""
    from keras import ops

    return ops.sum(values, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)
