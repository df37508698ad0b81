"""Detectors that lay a grid over the picture: what their outputs mean, from YOLO's first to third.

Each cell of a grid has a few predictors. A predictor says where a box lies, how sure it is that
there is one, and of which class. Several grids, of small and of large cells, look for small and for
large things.

Source: Redmon et al., You Only Look Once, 2016, https://arxiv.org/abs/1506.02640; Redmon, Farhadi,
YOLO9000, 2017, https://arxiv.org/abs/1612.08242, and YOLOv3, 2018,
https://arxiv.org/abs/1804.02767; the reach of a cell as in Bochkovskiy, Wang, Liao, YOLOv4, 2020,
https://arxiv.org/abs/2004.10934.
"""

from __future__ import annotations

from typing import Callable, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from ..arrays import Array, Batch, Run
from .boxes import MOST, Detections, clipped, padded, suppressed

KIND = "grid_cells"
"""What `detector.json` calls such a detector."""

NETWORK = "network"
"""Name of the only part of such a detector."""

LARGEST_POWER = 6.0
"""A box is at most e^6 = 400 times as large as its anchor, whatever a network says."""


class Grid(NamedTuple):
    """The cells of one size, and the predictors that each has.

    Attributes:
        stride: Side of a cell in pixels of the network's picture.
        anchors: For each predictor, width and height of the box that it starts from, in pixels.
    """

    stride: int
    anchors: Sequence[Tuple[float, float]]


class GridCells(NamedTuple):
    """All that has to be known to read a network's outputs.

    For each grid, the network has an output `boxes_STRIDE`, `(b, rows, columns, predictors * 4)`,
    and one `scores_STRIDE`, `(b, rows, columns, predictors * (1 + classes))`; each predictor has
    four numbers in the one, and in the other how sure it is, followed by the classes. If classes
    belong to `"cell"`, they follow once, after all predictors: `(b, rows, columns, predictors +
    classes)`.

    Attributes:
        grids: From the smallest cells to the largest.
        num_classes: How many classes there are.
        size: How width and height follow from the last two of the four numbers t, and the anchor:
            `"exponential"`, anchor * e^t; `"square"`, anchor * t^2.
        reach: Side of the square around a cell's middle in which its boxes have their middle, in
            cells.
        classes: `"any"`: each class has a logit of its own; `"one"`: the logits of a softmax;
            `"cell"`: probabilities, of the cell, and how sure a predictor is is a probability too.
        least_score: Boxes of less are left out.
        threshold: Largest intersection over union of two boxes of one class.
        most: Boxes in an answer.
        candidates: So many of the surest predictors go into non-maximum suppression.
    """

    grids: Sequence[Grid]
    num_classes: int
    size: str = "exponential"
    reach: float = 1.0
    classes: str = "any"
    least_score: float = 0.01
    threshold: float = 0.45
    most: int = MOST
    candidates: int = 400

    def facts(self) -> Mapping[str, object]:
        """Return this as what `detector.json` holds."""
        grids = [{"stride": each.stride, "anchors": list(each.anchors)} for each in self.grids]
        return {"kind": KIND, **self._asdict(), "grids": grids}


class Predictors(NamedTuple):
    """Where the `n` predictors of all grids sit, grid by grid, row by row, cell by cell.

    Attributes:
        cells: `(n, 2)`, float32: column and row.
        strides: `(n, 1)`, float32, pixels.
        anchors: `(n, 2)`, float32: width and height, pixels.
        starts: Index of the first predictor of each grid.
        shapes: Rows and columns of each grid.
    """

    cells: Array
    strides: Array
    anchors: Array
    starts: Sequence[int]
    shapes: Sequence[Tuple[int, int]]


def from_facts(facts: Mapping[str, object]) -> GridCells:
    """Return the detector that `detector.json` describes."""
    fields = {name: facts[name] for name in GridCells._fields}
    grids = [Grid(each["stride"], each["anchors"]) for each in facts["grids"]]  # type: ignore[attr-defined]
    return GridCells(**{**fields, "grids": grids})  # type: ignore[arg-type]


def predictors(detector: GridCells, shapes: Sequence[Tuple[int, int]]) -> Predictors:
    """Return where a detector's predictors sit.

    Args:
        detector: Says which anchors each grid has.
        shapes: Rows and columns of each grid.
    """
    parts = []
    starts = [0]
    for grid, (rows, columns) in zip(detector.grids, shapes):
        count = len(grid.anchors)
        row, column, _ = np.mgrid[:rows, :columns, :count].reshape(3, -1)
        anchors = np.tile(np.reshape(grid.anchors, (-1, 2)), (rows * columns, 1))
        strides = np.full((len(row), 1), grid.stride)
        parts.append((np.stack([column, row], axis=1), strides, anchors))
        starts.append(starts[-1] + len(row))
    cells, strides, anchors = (np.concatenate(each).astype(np.float32) for each in zip(*parts))
    return Predictors(cells, strides, anchors, starts[:-1], list(shapes))


def decoded(raw: Array, where: Predictors, detector: GridCells) -> Array:
    """Return the boxes `(..., n, 4)` that a network's numbers `(..., n, 4)` mean, float32."""
    middles = 0.5 + detector.reach * (sigmoid(raw[..., :2]) - 0.5)
    middles = (where.cells + middles) * where.strides
    if detector.size == "square":
        sizes = where.anchors * raw[..., 2:] ** 2
    else:
        sizes = where.anchors * np.exp(np.minimum(raw[..., 2:], LARGEST_POWER))
    corners = [middles - sizes / 2, middles + sizes / 2]
    return np.asarray(np.concatenate(corners, axis=-1), np.float32)


def probabilities(sure: Array, classes: Array, detector: GridCells) -> Array:
    """Return how likely each class is in each predictor's box, `(..., n, classes)`, float32.

    Args:
        sure: `(..., n, 1)`, how sure each predictor is, as the network says it.
        classes: `(..., n, classes)`, likewise.
        detector: Says what these numbers are.
    """
    if detector.classes == "cell":
        return np.asarray(np.clip(sure, 0, 1) * np.clip(classes, 0, 1), np.float32)
    if detector.classes == "any":
        return np.asarray(sigmoid(sure) * sigmoid(classes), np.float32)
    powers = np.exp(classes - classes.max(axis=-1, keepdims=True))
    return np.asarray(sigmoid(sure) * powers / powers.sum(axis=-1, keepdims=True), np.float32)


def joined(answers: Batch, detector: GridCells) -> Tuple[Array, Array, Array, Predictors]:
    """Return the outputs of all grids as arrays of all their predictors.

    Returns:
        The numbers of the boxes `(b, n, 4)`, how sure `(b, n, 1)`, classes `(b, n, classes)`, and
        where the predictors sit.
    """
    boxes, sure, classes, shapes = [], [], [], []
    for grid in detector.grids:
        where, scores = answers[f"boxes_{grid.stride}"], answers[f"scores_{grid.stride}"]
        batch, rows, columns, _ = where.shape
        count = len(grid.anchors)
        shapes.append((rows, columns))
        boxes.append(where.reshape(batch, -1, 4))
        if detector.classes == "cell":
            own = scores[..., np.newaxis, count:].repeat(count, axis=-2)
            sure.append(scores[..., :count].reshape(batch, -1, 1))
            classes.append(own.reshape(batch, -1, detector.num_classes))
        else:
            scores = scores.reshape(batch, -1, 1 + detector.num_classes)
            sure.append(scores[..., :1])
            classes.append(scores[..., 1:])
    numbers, doubts, kinds = (np.concatenate(each, axis=1) for each in (boxes, sure, classes))
    return numbers, doubts, kinds, predictors(detector, shapes)


def drive(detector: GridCells) -> Callable[[Mapping[str, Run]], Run]:
    """Return the loop around such a network: `image` in; `boxes`, `labels` and `scores` out.

    Boxes are in pixels of the network's picture, the surest first; see `boxes.padded`.
    """

    def driven(runs: Mapping[str, Run]) -> Run:
        def run(batch: Batch) -> Batch:
            shape = batch["image"].shape[1:3]
            boxes, sure, classes, where = joined(runs[NETWORK](batch), detector)
            scores = probabilities(sure, classes, detector)
            found = [_found(*each, shape, where, detector) for each in zip(boxes, scores)]
            return padded(found, detector.most)

        return run

    return driven


def sigmoid(logits: Array) -> Array:
    """Return the logistic function, in a form that does not overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * logits)


def _found(
    raw: Array, scores: Array, shape: Sequence[int], where: Predictors, detector: GridCells
) -> Detections:
    """Return what one picture shows; only the boxes of predictors that are sure are worked out."""
    best = scores.max(axis=1)
    chosen = np.nonzero(best >= detector.least_score)[0]
    if len(chosen) > detector.candidates:
        chosen = np.sort(chosen[np.argsort(-best[chosen], kind="stable")[: detector.candidates]])
    own = where._replace(
        cells=where.cells[chosen], strides=where.strides[chosen], anchors=where.anchors[chosen]
    )
    return suppressed(
        clipped(decoded(raw[chosen], own, detector), shape[1], shape[0]),
        scores[chosen],
        least_score=detector.least_score,
        threshold=detector.threshold,
        most=detector.most,
    )
