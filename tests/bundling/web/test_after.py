"""The page reads from a model's outputs the same labels, boxes and people as Python."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.on_device.programs.localize import merged
from edgekit.on_device.vision import key_points, word_tree
from edgekit.on_device.vision.boxes import unpadded
from edgekit.on_device.vision.grid_cells import Grid, GridCells, drive
from tests.support.javascript import call, needs_node, outputs
from tests.support.tolerances import Case, cases

pytestmark = needs_node

GRIDS = [Grid(8, [(10.0, 14.0), (23.0, 27.0)]), Grid(16, [(37.0, 58.0), (40.0, 30.0)])]
PICTURE = {"height": 64, "width": 96}


def told(detector: GridCells, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    answers = {}
    for grid in detector.grids:
        rows, columns, count = 64 // grid.stride, 96 // grid.stride, len(grid.anchors)
        depth = count * (1 + detector.num_classes)
        if detector.classes == "cell":
            depth = count + detector.num_classes
        answers[f"boxes_{grid.stride}"] = random.normal(size=(1, rows, columns, 4 * count))
        answers[f"scores_{grid.stride}"] = random.normal(size=(1, rows, columns, depth)) * 2
    return {name: array.astype(np.float32) for name, array in answers.items()}


@pytest.mark.parametrize("size", ["exponential", "square"])
@pytest.mark.parametrize("classes", ["any", "one", "cell"])
def test_boxes_are_read_as_in_python(size: str, classes: str) -> None:
    detector = GridCells(GRIDS, 3, size, 1.2, classes, least_score=0.3, most=20, candidates=60)
    answers = told(detector, seed=1)
    image = np.zeros((1, 64, 96, 3), np.float32)
    expected = unpadded(drive(detector)({"network": lambda _: answers})({"image": image}), 0)
    found = call("grid_cells", "gridCells", outputs(answers), detector.facts(), PICTURE)
    assert len(expected.scores) > 5
    assert [each["label"] for each in found] == expected.labels.tolist()
    np.testing.assert_allclose([each["score"] for each in found], expected.scores, atol=1e-5)
    np.testing.assert_allclose([each["box"] for each in found], expected.boxes, atol=1e-3)


@pytest.mark.parametrize("least_sure", [0.2, 0.6])
def test_boxes_named_by_a_tree_are_read_as_in_python(least_sure: float) -> None:
    tree = word_tree.tree_of(["thing", "red", "black", "heart", "diamond", "ace", "king"],
                             [-1, 0, 0, 1, 1, 3, 3])  # fmt: skip
    cells = GridCells(GRIDS, tree.num_scores, least_score=0.3, most=20, candidates=60)
    detector = word_tree.TreeDetector(cells, tree, least_sure)
    answers = told(cells, seed=3)
    image = np.zeros((1, 64, 96, 3), np.float32)
    runs = {"network": lambda _: answers}
    expected = unpadded(word_tree.drive(detector)(runs)({"image": image}), 0)
    found = call("word_tree", "wordTree", outputs(answers), detector.facts(), PICTURE)
    assert len(set(expected.labels.tolist())) > 2
    assert [each["label"] for each in found] == expected.labels.tolist()
    np.testing.assert_allclose([each["score"] for each in found], expected.scores, atol=1e-5)
    np.testing.assert_allclose([each["box"] for each in found], expected.boxes, atol=1e-3)


def test_one_box_is_merged_as_in_python() -> None:
    random = np.random.default_rng(2)
    shapes = {"where": 1, "box": 4, "scores": 5}
    votes = {k: random.normal(size=(1, 4, 6, n)).astype(np.float32) for k, n in shapes.items()}
    expected = merged(votes, (64, 96))
    found = call("one_box", "oneBox", outputs(votes), PICTURE)
    np.testing.assert_allclose(found["box"], expected["box"][0], atol=1e-3)
    np.testing.assert_allclose(found["scores"], expected["scores"][0], atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_people_are_found_as_in_python(seed: int) -> None:
    random = np.random.default_rng(seed)
    joints, pairs = len(key_points.JOINTS), len(key_points.TREE)
    depths = {
        "heatmaps": joints,
        "offsets": 2 * joints,
        "forward": 2 * pairs,
        "backward": 2 * pairs,
    }
    answers = {k: random.normal(size=(1, 9, 12, n)) for k, n in depths.items()}
    answers["heatmaps"] = random.random((1, 9, 12, joints)) ** 3
    answers = {name: array.astype(np.float32) for name, array in answers.items()}
    decoder = key_points.Decoder(8, key_points.TREE, 0.5, 0.2, 10.0, 5)
    people, scores = key_points.found(next(key_points.each_picture(answers)), decoder)
    found = call("key_points", "peopleIn", outputs(answers), decoder._asdict())
    assert len(people) > 0
    np.testing.assert_allclose([each["score"] for each in found], scores, atol=1e-5)
    np.testing.assert_allclose([each["joints"] for each in found], people, atol=1e-3)


def test_one_person_seen_twice_is_told_once_as_in_python() -> None:
    random = np.random.default_rng(6)
    people = random.random((6, 17, 3)).astype(np.float32) * 100
    people[3:] = people[:3] + random.normal(size=(3, 17, 3)) * (2, 2, 0)
    scores = random.random(6).astype(np.float32)
    given = [{"joints": p.tolist(), "score": s} for p, s in zip(people, scores, strict=True)]
    kept = key_points.distinct(people, scores)
    assert len(kept) == 3
    found = call("people", "distinct", given)
    np.testing.assert_allclose([each["joints"] for each in found], people[kept], atol=1e-4)


def test_a_mask_and_labels_take_the_highest_score() -> None:
    scores = np.random.default_rng(3).random((1, 5, 7, 4)).astype(np.float32)
    found = call("tasks", "classesOf", outputs({"scores": scores})["scores"])
    assert found == scores[0].argmax(axis=-1).ravel().tolist()
    bundle = {"before": {}, "after": {"kind": "labels", "output": "scores", "top": 3}}
    flat = outputs({"scores": np.array([[0.1, 0.6, 0.3]])})
    labels = call("tasks", "understood", {**bundle, "labels": ["a", "b"]}, flat)["labels"]
    assert [each["name"] for each in labels] == ["b", "class 2", "a"]


@pytest.mark.parametrize(("dtype", "zero"), [("int8", -10), ("uint8", 118)])
def test_numbers_are_quantized_as_in_python(dtype: str, zero: int) -> None:
    values = np.array([-20.0, -0.025, 0.0, 0.025, 0.075, 3.14, 20.0], np.float32)
    port = {"dtype": dtype, "quantization": {"scale": 0.05, "zero_point": zero}}
    limits = np.iinfo(dtype)
    whole = np.rint(values.astype(np.float64) / 0.05) + zero
    expected = np.clip(whole, limits.min, limits.max).astype(int).tolist()
    assert call("arrays", "quantized", values, port) == expected


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_self_test_has_the_rule_of_the_other_languages(case: Case) -> None:
    port = {"name": "scores", "quantization": {"scale": case.step} if case.step else None}
    limits = {"error": case.error, "resolution": case.resolution}
    given = outputs({"g": case.golden})["g"]
    row = call("self_test", "comparedWith", given, case.answers.ravel(), port, limits)
    np.testing.assert_allclose(row["tolerance"], case.allowed, rtol=1e-6)
    assert row["ok"] is case.ok


def test_the_self_test_needs_every_answer() -> None:
    golden = np.random.default_rng(5).normal(size=(8, 5)).astype(np.float32)
    port = {"name": "scores", "quantization": None}
    half = golden[:4].ravel()
    given = outputs({"g": golden})["g"]
    assert not call("self_test", "comparedWith", given, half, port, {"error": 9, "resolution": 9})[
        "ok"
    ]
