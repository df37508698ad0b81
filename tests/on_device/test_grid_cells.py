"""What the outputs of a network with grids mean, and how its loop reads them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgekit.on_device.programs.detect import to_json
from edgekit.on_device.vision.boxes import unpadded
from edgekit.on_device.vision.grid_cells import (
    Grid,
    GridCells,
    decoded,
    drive,
    from_facts,
    joined,
    predictors,
    probabilities,
)

GRIDS = (Grid(8, ((10.0, 12.0), (20.0, 9.0))), Grid(16, ((30.0, 30.0),)))
ANY = GridCells(grids=GRIDS, num_classes=3)
SQUARE = ANY._replace(size="square", grids=(Grid(8, ((64.0, 48.0), (64.0, 48.0))),))
NOTHING = -20.0


def silent(detector: GridCells, rows: int = 6, columns: int = 8) -> dict[str, np.ndarray]:
    """Return the outputs of a network that sees nothing; rows and columns are of 8-pixel cells."""
    answers = {}
    for grid in detector.grids:
        cells = (1, rows * 8 // grid.stride, columns * 8 // grid.stride)
        count = len(grid.anchors)
        depth = count + 3 if detector.classes == "cell" else count * 4
        answers[f"boxes_{grid.stride}"] = np.zeros((*cells, 4 * count), np.float32)
        empty = 0.0 if detector.classes == "cell" else NOTHING
        answers[f"scores_{grid.stride}"] = np.full((*cells, depth), empty, np.float32)
    return answers


def test_zeros_mean_the_anchors_in_the_middle_of_their_cells() -> None:
    where = predictors(ANY, [(6, 8), (3, 4)])
    boxes = decoded(np.zeros((len(where.cells), 4), np.float32), where, ANY)
    assert len(boxes) == 6 * 8 * 2 + 3 * 4
    assert boxes[0] == pytest.approx([4 - 5, 4 - 6, 4 + 5, 4 + 6])
    assert boxes[1] == pytest.approx([4 - 10, 4 - 4.5, 4 + 10, 4 + 4.5])
    assert boxes[2] == pytest.approx([12 - 5, 4 - 6, 12 + 5, 4 + 6])
    assert boxes[where.starts[1] + 4] == pytest.approx([8 - 15, 24 - 15, 8 + 15, 24 + 15])


@pytest.mark.parametrize("reach", [1.0, 2.0])
def test_a_middle_stays_within_reach_of_its_cell(reach: float) -> None:
    detector = ANY._replace(reach=reach)
    where = predictors(detector, [(6, 8), (3, 4)])
    for far in (-50.0, 50.0):
        boxes = decoded(np.full((len(where.cells), 4), far, np.float32), where, detector)
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2 / where.strides - (where.cells + 0.5)
        assert np.abs(middles) == pytest.approx(np.full_like(middles, reach / 2), abs=1e-3)
        assert np.isfinite(boxes).all()


def test_squares_make_sizes() -> None:
    where = predictors(SQUARE, [(6, 8)])
    raw = np.full((len(where.cells), 4), 0.5, np.float32)
    boxes = decoded(raw, where, SQUARE)
    assert boxes[:, 2:] - boxes[:, :2] == pytest.approx(np.tile([16.0, 12.0], (len(boxes), 1)))


def test_the_loop_finds_what_the_network_says() -> None:
    answers = silent(ANY)
    answers["scores_16"][0, 1, 2] = [9, -9, 9, -9]
    answers["scores_8"][0, 5, 0, 4:] = [0, -9, -9, 9]
    found = unpadded(
        drive(ANY)({"network": lambda _: answers})({"image": np.zeros((1, 48, 64, 3))}), 0
    )
    assert found.labels.tolist() == [1, 2]
    assert found.scores == pytest.approx([1, 0.5], abs=1e-3)
    assert found.boxes[0] == pytest.approx([25, 9, 55, 39])
    assert found.boxes[1] == pytest.approx([0, 39.5, 14, 48]), "cut at the picture's edges"


def test_the_classes_of_a_cell_are_those_of_its_predictors() -> None:
    detector = SQUARE._replace(classes="cell")
    answers = silent(detector)
    answers["boxes_8"][0, 2, 3] = [0, 0, 0.5, 0.5, 0, 0, 0.25, 0.25]
    answers["scores_8"][0, 2, 3] = [0.9, 0.5, 0, 0.8, 0.1]
    found = unpadded(
        drive(detector)({"network": lambda _: answers})({"image": np.zeros((1, 48, 64, 3))}), 0
    )
    assert found.labels.tolist() == [1, 1, 2, 2]
    assert found.scores == pytest.approx([0.72, 0.4, 0.09, 0.05])


def test_one_class_of_several() -> None:
    one = ANY._replace(classes="one")
    scores = probabilities(np.zeros((2, 1)), np.array([[0, 0, 0], [900, 0, -900]]), one)
    assert scores == pytest.approx(np.array([[1, 1, 1], [3, 0, 0]]) / 6)


def test_only_so_many_candidates_are_looked_at() -> None:
    answers = silent(ANY)
    answers["scores_8"][..., 0::4] = 5
    answers["scores_8"][..., 1::4] = 5
    answers["scores_8"][0, 3, 3, 0] = 9
    few = ANY._replace(candidates=1)
    found = drive(few)({"network": lambda _: answers})({"image": np.zeros((1, 48, 64, 3))})
    assert (found["labels"] >= 0).sum() == 1
    assert found["boxes"][0, 0] == pytest.approx([28 - 5, 28 - 6, 28 + 5, 28 + 6])


@pytest.mark.parametrize("detector", [ANY, SQUARE._replace(classes="cell", least_score=0.1)])
def test_a_file_describes_a_detector(detector: GridCells) -> None:
    facts = json.loads(to_json((48, 64, 3), detector.facts()))
    assert facts["shape"] == [48, 64, 3]
    assert facts["kind"] == "grid_cells"
    read = from_facts(facts)
    assert read._replace(grids=()) == detector._replace(grids=())
    answers = silent(detector)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(joined(answers, read)[3][:3], joined(answers, detector)[3][:3], strict=True)
    )
