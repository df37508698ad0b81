"""Teach the predictors of a grid's cells: which of them is to say which box, and how far it is off.

All by `keras.ops`, so that training, pruning and quantization-aware training use the same losses:
targets are the padded boxes and labels of a picture, and become those of predictors in here. What
the outputs of a network mean says `edgekit/on_device/vision/grid_cells.py`.

Source: Redmon et al., You Only Look Once, 2016, https://arxiv.org/abs/1506.02640; Redmon, Farhadi,
YOLO9000, 2017, https://arxiv.org/abs/1612.08242, and YOLOv3, 2018,
https://arxiv.org/abs/1804.02767; several predictors for a box as in Bochkovskiy, Wang, Liao,
YOLOv4, 2020, https://arxiv.org/abs/2004.10934.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.domains.vision.overlaps import is_near
from edgekit.on_device.vision.grid_cells import LARGEST_POWER, GridCells, Predictors, predictors

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor


class Predicted(NamedTuple):
    """What the `n` predictors of all grids say of `b` pictures.

    Attributes:
        raw: `(b, n, 4)`, the numbers that boxes are made of.
        boxes: `(b, n, 4)`, in pixels.
        sure: `(b, n)`, as the network says it: logits, or probabilities.
        classes: `(b, n, classes)`, likewise.
        where: Where the predictors sit.
    """

    raw: Tensor
    boxes: Tensor
    sure: Tensor
    classes: Tensor
    where: Predictors


class Matches(NamedTuple):
    """Pairs of a box and a predictor that is to say it, `m` for each picture.

    Attributes:
        index: `(b, m)`, int32, the predictor.
        boxes: `(b, m, 4)`, in pixels.
        labels: `(b, m)`, int32; 0 where there is no pair.
        real: `(b, m)`, float32: 1 for a pair, 0 for padding.
    """

    index: Tensor
    boxes: Tensor
    labels: Tensor
    real: Tensor


def predicted(answers: Mapping[str, Tensor], detector: GridCells) -> Predicted:
    """Return the outputs of a network, by name, as what all its predictors say."""
    from keras import ops

    raw, sure, classes, shapes = [], [], [], []
    for grid in detector.grids:
        where, scores = answers[f"boxes_{grid.stride}"], answers[f"scores_{grid.stride}"]
        rows, columns = int(where.shape[1]), int(where.shape[2])
        count, cells = len(grid.anchors), rows * columns
        shapes.append((rows, columns))
        raw.append(ops.reshape(where, (-1, cells * count, 4)))
        if detector.classes == "cell":
            own = ops.repeat(scores[..., None, count:], count, axis=3)
            sure.append(ops.reshape(scores[..., :count], (-1, cells * count)))
            classes.append(ops.reshape(own, (-1, cells * count, detector.num_classes)))
        else:
            scores = ops.reshape(scores, (-1, cells * count, 1 + detector.num_classes))
            sure.append(scores[..., 0])
            classes.append(scores[..., 1:])
    numbers = ops.concatenate(raw, axis=1)
    found = predictors(detector, shapes)
    return Predicted(
        raw=numbers,
        boxes=_boxes(numbers, found, detector),
        sure=ops.concatenate(sure, axis=1),
        classes=ops.concatenate(classes, axis=1),
        where=found,
    )


def responsible(
    targets: Mapping[str, Tensor],
    where: Predictors,
    detector: GridCells,
    *,
    least_fit: float = 1.0,
    neighbours: bool = False,
) -> Matches:
    """Return which predictors are to say which boxes.

    In the cell with a box's middle it is the one whose anchor has most of the box's shape (their
    intersection over union, were their middles the same).

    Args:
        targets: `boxes (b, most, 4)` and `labels (b, most)`, -1 where there is none.
        where: Where the predictors sit.
        detector: Which anchors they have.
        least_fit: Other anchors are responsible too that have more than this part of its shape.
        neighbours: Whether the two cells next to the middle are responsible too, on which it
            borders beside and above or below; a detector's `reach` must allow it.
    """
    from keras import ops

    boxes, labels = targets["boxes"], ops.cast(targets["labels"], "int32")
    middles, sizes = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    fits = _shape_overlap(sizes, np.concatenate([each.anchors for each in detector.grids]))
    is_best = ops.one_hot(ops.argmax(fits, axis=-1), fits.shape[-1], dtype="bool")
    chosen = ops.logical_or(is_best, fits > least_fit)
    chosen = ops.logical_and(chosen, labels[..., None] >= 0)
    found, first = [], 0
    for grid, start, shape in zip(detector.grids, where.starts, where.shapes, strict=True):
        count = len(grid.anchors)
        cells = _cells(middles / grid.stride, neighbours)  # (b, most, 1 or 3, 2)
        limits = np.array(shape[::-1])
        inside = ops.all(ops.logical_and(cells >= 0, cells < limits), axis=-1)
        cells = ops.clip(cells, 0, limits - 1)
        index = start + (cells[..., 1] * shape[1] + cells[..., 0]) * count
        own = chosen[:, :, None, first : first + count]
        first += count
        found.append(
            (
                index[..., None] + np.arange(count),
                boxes[:, :, None, None] + np.zeros((cells.shape[2], count, 1), np.float32),
                labels[:, :, None, None] + np.zeros((cells.shape[2], count), np.int32),
                ops.logical_and(own, inside[..., None]),
            )
        )
    index, boxes, labels, real = (
        ops.concatenate([_flat(each, rank) for each in parts], axis=1)
        for parts, rank in zip(zip(*found, strict=True), (0, 1, 0, 0), strict=True)
    )
    return Matches(index, boxes, ops.maximum(labels, 0), ops.cast(real, "float32"))


def only_best(matches: Matches, overlap: Tensor, count: int) -> Matches:
    """Return the matches in which, of each `count` that follow each other, one is real.

    Args:
        matches: Of a detector whose cells have `count` predictors with one anchor.
        overlap: `(b, m)`; the pair with most of it stays.
        count: Predictors of a cell.
    """
    from keras import ops

    best = ops.argmax(ops.reshape(overlap, (-1, overlap.shape[1] // count, count)), axis=-1)
    is_best = ops.reshape(ops.one_hot(best, count), (-1, overlap.shape[1]))
    return matches._replace(real=matches.real * is_best)


def gathered(values: Tensor, matches: Matches) -> Tensor:
    """Return what the predictors of each match say: of values `(b, n, k)`, `(b, m, k)`."""
    from keras import ops

    _, count, depth = values.shape
    flat = ops.reshape(values, (-1, depth))
    return ops.take(flat, _in_batch(matches.index, count), axis=0)


def spread(values: Tensor, matches: Matches, count: int) -> Tensor:
    """Return for each of `count` predictors the highest value of its matches, `(b, count)`, or 0.

    Args:
        values: `(b, m)`, not negative.
        matches: Which predictors they belong to.
        count: Predictors of a picture.
    """
    from keras import ops

    index = ops.reshape(_in_batch(matches.index, count), (-1,))
    total = ops.shape(values)[0] * count
    highest = ops.segment_max(ops.reshape(values * matches.real, (-1,)), index, total)
    return ops.reshape(ops.maximum(highest, 0.0), (-1, count))


def squared_differences(raw: Tensor, matches: Matches, where: Predictors, of: GridCells) -> Tensor:
    """Return how far matched predictors are off, `(b, m)`: the sum of four squared differences.

    The middle counts in cells; width and height count as the numbers that they are made of.

    Args:
        raw: `(b, m, 4)`, what the matched predictors say.
        matches: Which predictors they are, and what they should say.
        where: Where predictors sit.
        of: The detector.
    """
    from keras import ops

    cells, strides, anchors = (ops.take(each, matches.index, axis=0) for each in where[:3])
    middles = (matches.boxes[..., :2] + matches.boxes[..., 2:]) / 2 / strides - cells
    sizes = ops.maximum(matches.boxes[..., 2:] - matches.boxes[..., :2], 1.0) / anchors
    wanted = ops.sqrt(sizes) if of.size == "square" else ops.log(sizes)
    said = 0.5 + of.reach * (ops.sigmoid(raw[..., :2]) - 0.5)
    off = ops.square(said - middles) + ops.square(raw[..., 2:] - wanted)
    return ops.sum(off, axis=-1)


def unsureness(
    said: Predicted,
    targets: Mapping[str, Tensor],
    matches: Matches,
    overlap: Tensor,
    *,
    near: float,
) -> Tensor:
    """Return how wrong all predictors are about how well they say a box, for each match, `(b,)`.

    It is the cross-entropy of the logits `said.sure`. A responsible predictor should be as sure as
    its box is good, the others not at all.

    Args:
        said: What the predictors say.
        targets: Boxes and labels.
        matches: Which predictors are responsible.
        overlap: `(b, m)`, how good their boxes are; below 0 counts as 0.
        near: Predictors that are not responsible, but share more than this part with a target, are
            not told that they are wrong.
    """
    from keras import ops

    good = ops.stop_gradient(ops.clip(overlap, 0.0, 1.0))
    wanted = spread(good, matches, said.sure.shape[1])
    is_right = is_near(ops.stop_gradient(said.boxes), targets, near)
    counts = ops.where(wanted > 0, 1.0, 1 - is_right)
    wrong = ops.binary_crossentropy(wanted, said.sure, from_logits=True)
    return ops.sum(wrong * counts, axis=1) / num_real(matches)


def mean_of(values: Tensor, matches: Matches) -> Tensor:
    """Return the mean of values `(b, m)` over the real matches of each picture, `(b,)`."""
    from keras import ops

    return ops.sum(values * matches.real, axis=1) / num_real(matches)


def num_real(matches: Matches) -> Tensor:
    """Return how many real matches each picture has, at least 1, `(b,)`."""
    from keras import ops

    return ops.maximum(ops.sum(matches.real, axis=1), 1.0)


def _boxes(raw: Tensor, where: Predictors, detector: GridCells) -> Tensor:
    """Return the boxes that a network's numbers mean, as `decoded` does on a device."""
    from keras import ops

    middles = 0.5 + detector.reach * (ops.sigmoid(raw[..., :2]) - 0.5)
    middles = (where.cells + middles) * where.strides
    if detector.size == "square":
        sizes = where.anchors * ops.square(raw[..., 2:])
    else:
        sizes = where.anchors * ops.exp(ops.minimum(raw[..., 2:], LARGEST_POWER))
    return ops.concatenate([middles - sizes / 2, middles + sizes / 2], axis=-1)


def _shape_overlap(sizes: Tensor, anchors: np.ndarray) -> Tensor:
    """Return intersection over union of sizes `(b, most, 2)` and anchors `(a, 2)`, one middle."""
    from keras import ops

    anchors = np.asarray(anchors, np.float32)
    shared = ops.prod(ops.minimum(sizes[:, :, None], anchors), axis=-1)
    return shared / (ops.prod(sizes, axis=-1)[..., None] + anchors.prod(axis=-1) - shared)


def _cells(middles: Tensor, neighbours: bool) -> Tensor:
    """Return column and row of the cell with each middle `(b, most, 2)`, and of its neighbours."""
    from keras import ops

    own = ops.floor(middles)
    cells = own[:, :, None]
    if neighbours:
        sides = ops.where(middles - own < 0.5, -1.0, 1.0)[:, :, None]
        cells = cells + sides * np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    return ops.cast(cells, "int32")


def _in_batch(index: Tensor, count: int) -> Tensor:
    """Return indices of one picture's predictors as those of all pictures behind each other."""
    from keras import ops

    return index + ops.arange(ops.shape(index)[0])[:, None] * count


def _flat(tensor: Tensor, rank: int) -> Tensor:
    """Return a tensor `(b, most, cells, predictors, ...)` with the middle axes made one."""
    from keras import ops

    middle = int(np.prod(tensor.shape[1:4]))
    return ops.reshape(tensor, (-1, middle, *tensor.shape[4:][:rank]))
