"""Detectors that look twice: which regions of a picture may hold a thing, and what each one shows.

The first network, or selective search, proposes regions; each is cut out of the features of the
first network, or of the picture itself, at one size, and the second network names what it shows
and moves its edges. What is between the networks is done here, in NumPy.

Source: Girshick et al., Rich feature hierarchies (R-CNN), 2014, https://arxiv.org/abs/1311.2524;
Girshick, Fast R-CNN, 2015, https://arxiv.org/abs/1504.08083; Ren et al., Faster R-CNN, 2015,
https://arxiv.org/abs/1506.01497; cutting out between pixels as in He et al., Mask R-CNN, 2017,
https://arxiv.org/abs/1703.06870.
"""

from __future__ import annotations

from typing import Callable, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from ..arrays import Array, Batch, Run
from .boxes import MOST, Detections, clipped, non_maximum_suppression, padded, suppressed
from .selective_search import selective_search

KIND = "regions"
"""What `detector.json` calls such a detector."""

PROPOSALS, FEATURES, REGIONS = "proposals", "features", "regions"
"""Parts of such a detector: what proposes regions, what only looks at the whole picture for them,
and what looks at each region."""

SCALES = (0.1, 0.1, 0.2, 0.2)
"""A network's number 1 moves a box's middle by a tenth of its side, and makes it e^0.2 as large:
so all four numbers vary by about 1, and int8 has steps enough for each."""

LARGEST_POWER = 4.0
"""A box is at most e^4 = 55 times as large as the one it comes from, whatever a network says."""

AT_ONCE = 8
"""Pictures that go through the networks together; what is cut out of more takes much memory."""


class TwoStages(NamedTuple):
    """All that has to be known to run such a detector.

    Attributes:
        stride: Pixels of the network's picture for one cell of what regions are cut out of; 1 for
            the picture itself.
        side: A region is cut out as `side x side` cells.
        anchors: Width and height in pixels of the boxes that a cell's proposals start from; empty
            where selective search proposes.
        margin: Part of a region's sides that is cut out around it as well.
        least_objectness: Proposals that are less sure are not looked at.
        overlap: Largest intersection over union of two proposals.
        proposals: So many are looked at most.
        least_score: Boxes of less are left out of the answer.
        threshold: Largest intersection over union of two boxes of one class.
        most: Boxes in an answer.
    """

    stride: int
    side: int
    anchors: Sequence[Tuple[float, float]] = ()
    margin: float = 0.0
    least_objectness: float = 0.05
    overlap: float = 0.7
    proposals: int = 64
    least_score: float = 0.02
    threshold: float = 0.45
    most: int = MOST

    def facts(self) -> Mapping[str, object]:
        """Return this as what `detector.json` holds."""
        return {"kind": KIND, **self._asdict(), "anchors": [list(each) for each in self.anchors]}


def from_facts(facts: Mapping[str, object]) -> TwoStages:
    """Return the detector that `detector.json` describes."""
    return TwoStages(**{name: facts[name] for name in TwoStages._fields})  # type: ignore[arg-type]


def anchor_boxes(detector: TwoStages, rows: int, columns: int) -> Array:
    """Return the boxes that proposals start from, `(rows * columns * anchors, 4)`, float32."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    middles = (np.stack([x, y], axis=-1)[:, :, np.newaxis] + 0.5) * detector.stride
    halves = np.array(detector.anchors, np.float32) / 2
    return np.concatenate([middles - halves, middles + halves], axis=-1).reshape(-1, 4)


def shifted(boxes: Array, shifts: Array) -> Array:
    """Return boxes `(..., 4)` moved by what a network says, `(..., 4)`, float32.

    Example:
        >>> shifted(np.array([[0.0, 0.0, 10.0, 20.0]]), np.array([[5.0, 0.0, 0.0, 0.0]])).tolist()
        [[5.0, 0.0, 15.0, 20.0]]
    """
    sides = boxes[..., 2:] - boxes[..., :2]
    shifts = shifts * np.array(SCALES, np.float32)
    middles = (boxes[..., :2] + boxes[..., 2:]) / 2 + shifts[..., :2] * sides
    halves = sides / 2 * np.exp(np.minimum(shifts[..., 2:], LARGEST_POWER))
    return np.asarray(np.concatenate([middles - halves, middles + halves], axis=-1), np.float32)


def proposed(
    objectness: Array, shifts: Array, anchors: Array, shape: Sequence[int], detector: TwoStages
) -> Array:
    """Return the regions of one picture that are worth a second look, `(k, 4)`, the surest first.

    Args:
        objectness: How sure each anchor is that it lies on a thing, `(n,)` in 0..1.
        shifts: What the network says of the edges, `(n, 4)`.
        anchors: `(n, 4)`.
        shape: Height and width of the picture.
        detector: Says how many there may be, and how sure they must be.
    """
    sure = np.flatnonzero(objectness >= detector.least_objectness)
    most = 4 * detector.proposals  # those of one thing overlap, and few of them remain
    if len(sure) > most:
        sure = sure[np.argpartition(-objectness[sure], most)[:most]]
    if not len(sure):
        sure = np.array([np.argmax(objectness)])
    boxes = clipped(shifted(anchors[sure], shifts[sure]), shape[1], shape[0])
    kept = non_maximum_suppression(
        boxes, objectness[sure], threshold=detector.overlap, most=detector.proposals
    )
    return np.asarray(boxes[kept])


def cut_out(cells: Array, regions: Array, detector: TwoStages) -> Array:
    """Return regions of a picture or of its features, all at one size.

    Between the middles of cells values are interpolated; beyond the edge the last one goes on.

    Args:
        cells: `(rows, columns, channels)`.
        regions: `(n, 4)`, in pixels.
        detector: Says how many pixels a cell has, and the size.

    Returns:
        `(n, side, side, channels)`, float32.

    Example:
        >>> two_by_two = np.array([[[0.0], [1.0]], [[2.0], [3.0]]])
        >>> whole = np.array([[0.0, 0.0, 2.0, 2.0]])
        >>> cut_out(two_by_two, whole, TwoStages(stride=1, side=2)).ravel().tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    rows, columns, channels = cells.shape
    left, right, across = _samples(regions[:, 0], regions[:, 2], columns, detector)
    upper, lower, down = _samples(regions[:, 1], regions[:, 3], rows, detector)
    flat = np.asarray(cells, np.float32).reshape(-1, channels)
    across = across[:, np.newaxis, :, np.newaxis]
    down = down[:, :, np.newaxis, np.newaxis]

    def row(index: Array) -> Array:
        start = index[:, :, np.newaxis] * columns
        first = flat[start + left[:, np.newaxis]]
        return np.asarray(first + (flat[start + right[:, np.newaxis]] - first) * across)

    above = row(upper)
    return np.asarray(above + (row(lower) - above) * down, np.float32)


def found_in(
    regions: Array, scores: Array, shifts: Array, shape: Sequence[int], detector: TwoStages
) -> Detections:
    """Return what one picture shows, of what the second network says of its regions.

    Args:
        regions: `(n, 4)`.
        scores: `(n, 1 + classes)`; the first is that of nothing at all.
        shifts: `(n, 4)`.
        shape: Height and width of the picture.
        detector: Says what is left out.
    """
    return suppressed(
        clipped(shifted(regions, shifts), shape[1], shape[0]),
        scores[:, 1:],
        least_score=detector.least_score,
        threshold=detector.threshold,
        most=detector.most,
    )


def drive(detector: TwoStages) -> Callable[[Mapping[str, Run]], Run]:
    """Return the loop around the networks: `image` in; `boxes`, `labels` and `scores` out.

    Boxes are in pixels of the network's picture, the surest first; see `boxes.padded`. Where no
    network proposes regions, `regions (b, n, 4)` are an input too, padded with boxes of zeros; left
    out, selective search finds them.
    """

    def driven(runs: Mapping[str, Run]) -> Run:
        def run(batch: Batch) -> Batch:
            found: List[Detections] = []
            for start in range(0, len(batch["image"]), AT_ONCE):
                few = {name: array[start : start + AT_ONCE] for name, array in batch.items()}
                found += _found(runs, few, detector)
            return padded(found, detector.most)

        return run

    return driven


def _found(runs: Mapping[str, Run], batch: Batch, detector: TwoStages) -> List[Detections]:
    """Return what each picture of a batch shows; each network is called once."""
    images = batch["image"]
    shape = images.shape[1:3]
    if PROPOSALS in runs:
        answer = runs[PROPOSALS]({"image": images})
        cells = answer["features"]
        anchors = anchor_boxes(detector, cells.shape[1], cells.shape[2])
        objectness = answer["objectness"].reshape(len(images), -1)
        shifts = answer["shifts"].reshape(len(images), -1, 4)
        regions = [proposed(*each, anchors, shape, detector) for each in zip(objectness, shifts)]
    else:
        cells = runs[FEATURES]({"image": images})["features"] if FEATURES in runs else images
        regions = _given(batch, detector)
    crops = np.concatenate([cut_out(*each, detector) for each in zip(cells, regions)])
    answer = runs[REGIONS]({"crop": crops})
    ends = np.cumsum([len(each) for each in regions])[:-1]
    said = zip(regions, np.split(answer["scores"], ends), np.split(answer["shifts"], ends))
    return [found_in(*each, shape, detector) for each in said]


def _given(batch: Batch, detector: TwoStages) -> List[Array]:
    """Return the regions of each picture, without padding; at least one."""
    if "regions" not in batch:
        return [selective_search(image, detector.proposals) for image in batch["image"]]
    return [each[: max(1, int((each[:, 2] > each[:, 0]).sum()))] for each in batch["regions"]]


def _samples(
    first: Array, last: Array, count: int, detector: TwoStages
) -> Tuple[Array, Array, Array]:
    """Return which two cells each sample lies between on an axis, and how far, `(n, side)`."""
    sides = last - first
    start, length = first - detector.margin * sides, (1 + 2 * detector.margin) * sides
    steps = (np.arange(detector.side) + 0.5) / detector.side
    places = (start[:, np.newaxis] + length[:, np.newaxis] * steps) / detector.stride - 0.5
    places = np.clip(places, 0, count - 1)
    lower = places.astype(np.int64)
    return lower, np.minimum(lower + 1, count - 1), (places - lower).astype(np.float32)
