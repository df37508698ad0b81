"""Which predictor is to say which box, and that training reads outputs as the device does."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.domains.vision import grid_cells as cells
from edgekit.domains.vision.overlaps import complete_iou, iou, is_near
from edgekit.on_device.vision.boxes import intersection_over_union
from edgekit.on_device.vision.grid_cells import Grid, GridCells, decoded, joined, predictors

GRIDS = (Grid(8, ((10.0, 12.0), (20.0, 9.0))), Grid(16, ((30.0, 30.0),)))
DETECTOR = GridCells(grids=GRIDS, num_classes=3)
FIRST = GridCells(
    grids=(Grid(16, ((64.0, 48.0), (64.0, 48.0))),), num_classes=3, size="square", classes="cell"
)
SHAPES = [(6, 8), (3, 4)]
ANCHORS = np.array([anchor for grid in GRIDS for anchor in grid.anchors])


def random_boxes(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    middles = random.uniform([2, 2], [62, 46], (*shape, 2))
    sizes = random.uniform(4, 40, (*shape, 2))
    boxes = np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=-1)
    return np.asarray(np.clip(boxes, 0, [64, 48, 64, 48]), np.float32)


def random_targets(
    random: np.random.Generator, count: int = 4, most: int = 6
) -> dict[str, np.ndarray]:
    labels = random.integers(-1, 3, (count, most))
    boxes = np.where(labels[..., None] >= 0, random_boxes(random, (count, most)), 0)
    return {"boxes": boxes.astype(np.float32), "labels": labels.astype(np.float32)}


def answers_of(random: np.random.Generator, detector: GridCells) -> dict[str, np.ndarray]:
    made = {}
    for grid in detector.grids:
        size = (2, 48 // grid.stride, 64 // grid.stride)
        count = len(grid.anchors)
        depth = count + 3 if detector.classes == "cell" else 4 * count
        made[f"boxes_{grid.stride}"] = random.normal(size=(*size, 4 * count)).astype(np.float32)
        made[f"scores_{grid.stride}"] = random.normal(size=(*size, depth)).astype(np.float32)
    return made


@pytest.mark.parametrize("detector", [DETECTOR, DETECTOR._replace(reach=2.0), FIRST])
def test_training_reads_outputs_as_the_device_does(detector: GridCells) -> None:
    answers = answers_of(np.random.default_rng(0), detector)
    said = cells.predicted(answers, detector)
    raw, sure, classes, where = joined(answers, detector)
    assert np.asarray(said.raw) == pytest.approx(raw)
    assert np.asarray(said.boxes) == pytest.approx(decoded(raw, where, detector), abs=1e-3)
    assert np.asarray(said.sure) == pytest.approx(sure[..., 0])
    assert np.asarray(said.classes) == pytest.approx(classes)


def test_the_predictor_of_best_shape_in_the_cell_of_the_middle_is_responsible() -> None:
    targets = random_targets(np.random.default_rng(1))
    where = predictors(DETECTOR, SHAPES)
    matches = cells.responsible(targets, where, DETECTOR)
    real = np.asarray(matches.real) > 0
    assert (real.sum(axis=1) == (targets["labels"] >= 0).sum(axis=1)).all()
    for picture in range(len(real)):
        boxes = targets["boxes"][picture][targets["labels"][picture] >= 0]
        expected = set()
        for box in boxes:
            middle, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
            shared = np.minimum(size, ANCHORS).prod(axis=1)
            best = int((shared / (size.prod() + ANCHORS.prod(axis=1) - shared)).argmax())
            grid = int(best == 2)
            column, row = (middle // GRIDS[grid].stride).astype(int)
            of_cell = (row * SHAPES[grid][1] + column) * len(GRIDS[grid].anchors)
            expected.add((where.starts[grid] + of_cell + (best if grid == 0 else 0), *box.tolist()))
        found = {
            (int(index), *np.asarray(box).tolist())
            for index, box in zip(
                np.asarray(matches.index)[picture][real[picture]],
                np.asarray(matches.boxes)[picture][real[picture]],
                strict=True,
            )
        }
        assert found == expected


def test_neighbours_can_reach_the_middle() -> None:
    targets = random_targets(np.random.default_rng(2), count=20)
    wide = DETECTOR._replace(reach=2.0)
    where = predictors(wide, SHAPES)
    matches = cells.responsible(targets, where, wide, least_fit=0.3, neighbours=True)
    real = np.asarray(matches.real) > 0
    index = np.asarray(matches.index)[real]
    boxes = np.asarray(matches.boxes)[real]
    assert len(index) > 2 * (targets["labels"] >= 0).sum()
    off = (boxes[:, :2] + boxes[:, 2:]) / 2 / where.strides[index] - (where.cells[index] + 0.5)
    assert np.abs(off).max() <= 1.0
    assert (np.abs(off).max(axis=1) > 0.5).mean() > 0.3
    assert np.asarray(matches.labels)[real].min() >= 0


def test_numbers_without_a_difference_mean_the_box() -> None:
    random = np.random.default_rng(3)
    targets = random_targets(random)
    for detector in (DETECTOR, FIRST):
        shapes = [(48 // grid.stride, 64 // grid.stride) for grid in detector.grids]
        where = predictors(detector, shapes)
        matches = cells.responsible(targets, where, detector, least_fit=0.0)
        index, boxes = np.asarray(matches.index), np.asarray(matches.boxes, np.float64)
        inside = (boxes[..., :2] + boxes[..., 2:]) / 2 / where.strides[index] - where.cells[index]
        sizes = np.maximum(boxes[..., 2:] - boxes[..., :2], 1) / where.anchors[index]
        inside = np.clip(inside, 1e-6, 1 - 1e-6)
        how = np.sqrt(sizes) if detector.size == "square" else np.log(sizes)
        raw = np.concatenate([np.log(inside / (1 - inside)), how], axis=-1).astype(np.float32)
        real = np.asarray(matches.real) > 0
        off = np.asarray(cells.squared_differences(raw, matches, where, detector))
        assert off[real].max() < 1e-6
        own = where._replace(
            **{name: getattr(where, name)[index] for name in ("cells", "strides", "anchors")}
        )
        assert decoded(raw, own, detector)[real] == pytest.approx(boxes[real], abs=0.02)
        assert (
            np.asarray(cells.squared_differences(raw + 0.5, matches, where, detector))[real].min()
            > 0.1
        )


def test_of_two_predictors_with_one_anchor_the_better_is_responsible() -> None:
    targets = random_targets(np.random.default_rng(4))
    matches = cells.responsible(targets, predictors(FIRST, [(3, 4)]), FIRST, least_fit=0.0)
    overlap = np.random.default_rng(5).random(np.shape(matches.index)).astype(np.float32)
    one = np.asarray(cells.only_best(matches, overlap, 2).real)
    pairs = np.asarray(matches.real).reshape(-1, 2)
    assert (pairs[:, 0] == pairs[:, 1]).all()
    assert (one.reshape(-1, 2).sum(axis=1) == pairs[:, 0]).all()
    chosen = overlap.reshape(-1, 2).argmax(axis=1)
    assert one.reshape(-1, 2)[np.arange(len(chosen)), chosen] == pytest.approx(pairs[:, 0])


def test_values_go_to_their_predictors_and_come_back() -> None:
    random = np.random.default_rng(6)
    targets = random_targets(random)
    where = predictors(DETECTOR, SHAPES)
    matches = cells.responsible(targets, where, DETECTOR, least_fit=0.2)
    count = len(where.cells)
    values = random.random((4, count, 2)).astype(np.float32)
    index, real = np.asarray(matches.index), np.asarray(matches.real)
    taken = np.asarray(cells.gathered(values, matches))
    assert taken == pytest.approx(np.take_along_axis(values, index[..., None], axis=1))
    given = random.random(index.shape).astype(np.float32)
    expected = np.zeros((4, count), np.float32)
    for picture, match in np.argwhere(real > 0):
        place = picture, index[picture, match]
        expected[place] = max(expected[place], given[picture, match])
    assert np.asarray(cells.spread(given, matches, count)) == pytest.approx(expected)


def test_overlap_is_that_of_the_device() -> None:
    a, b = random_boxes(np.random.default_rng(7), (2, 50))
    pairs = np.diagonal(intersection_over_union(a, b))
    assert np.asarray(iou(a, b)) == pytest.approx(pairs, abs=1e-5)
    complete = np.asarray(complete_iou(a, b))
    assert (complete <= np.asarray(iou(a, b)) + 1e-6).all()
    assert complete.min() > -2
    assert np.asarray(complete_iou(a, a)) == pytest.approx(1, abs=1e-5)
    moved = np.asarray(complete_iou(a, a + np.float32(100)))
    assert (np.asarray(complete_iou(a, a + np.float32(101))) < moved).all()


def test_who_is_near_a_target_is_not_told_off() -> None:
    random = np.random.default_rng(8)
    targets = random_targets(random)
    boxes = random_boxes(random, (4, 30))
    expected = intersection_over_union(boxes, targets["boxes"]).max(axis=-1) > 0.3
    assert (np.asarray(is_near(boxes, targets, 0.3)) > 0).tolist() == expected.tolist()


def test_means_are_over_the_real_matches() -> None:
    targets = {
        "boxes": random_boxes(np.random.default_rng(9), (2, 3)),
        "labels": np.array([[1, -1, 0], [-1, -1, -1]]),
    }
    matches = cells.responsible(targets, predictors(DETECTOR, SHAPES), DETECTOR)
    assert np.asarray(cells.num_real(matches)).tolist() == [2, 1]
    ones = np.ones(np.shape(matches.index), np.float32)
    assert np.asarray(cells.mean_of(3 * ones, matches)).tolist() == [3, 0]
