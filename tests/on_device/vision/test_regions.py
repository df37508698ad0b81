"""Detectors that look twice: what is proposed, cut out and found between and after the networks."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.types import Array, Batch
from edgekit.on_device.programs.detect import KINDS, to_json
from edgekit.on_device.vision.boxes import intersection_over_union, unpadded
from edgekit.on_device.vision.regions import (
    TwoStages,
    anchor_boxes,
    cut_out,
    drive,
    found_in,
    from_facts,
    proposed,
    shifted,
)
from edgekit.on_device.vision.selective_search import LARGEST, SAME, SMALLEST, selective_search

SEEDS = st.integers(0, 2**32 - 1)
DETECTOR = TwoStages(stride=8, side=5, anchors=((16, 16), (40, 24)), proposals=6)
SHAPE = (48, 64)


def random_boxes(random: np.random.Generator, count: int) -> Array:
    first = random.uniform([0, 0], [56, 40], (count, 2))
    return np.concatenate([first, first + random.uniform(4, 30, (count, 2))], 1).astype(np.float32)


def places(rows: int, columns: int, stride: int) -> Array:
    """Return cells that hold where their middles are, in pixels: x and y."""
    y, x = np.mgrid[:rows, :columns] + 0.5
    return np.stack([x, y], axis=-1).astype(np.float32) * stride


def test_anchors_sit_in_the_middle_of_their_cells() -> None:
    anchors = anchor_boxes(DETECTOR, 6, 8).reshape(6, 8, 2, 4)
    middles = (anchors[..., :2] + anchors[..., 2:]) / 2
    assert np.allclose(middles, places(6, 8, 8)[:, :, None])
    assert np.allclose(anchors[2, 3, :, 2:] - anchors[2, 3, :, :2], DETECTOR.anchors)


@given(SEEDS)
def test_no_shift_leaves_a_box_where_it_is(seed: int) -> None:
    boxes = random_boxes(np.random.default_rng(seed), 5)
    assert np.allclose(shifted(boxes, np.zeros((5, 4))), boxes, atol=1e-4)


def test_a_box_stays_finite_whatever_a_network_says() -> None:
    assert np.isfinite(shifted(np.array([[0.0, 0, 8, 8]]), np.full((1, 4), 1e9))).all()


@given(SEEDS, st.sampled_from([0.0, 0.25]))
def test_what_is_cut_out_comes_from_the_middles_of_its_pieces(seed: int, margin: float) -> None:
    """Bilinear samples of a plane are the plane, as long as they lie between middles of cells."""
    random = np.random.default_rng(seed)
    boxes = random_boxes(random, 4) * [0.4, 0.4, 0.4, 0.4] + 14
    crops = cut_out(places(6, 8, 8), boxes, DETECTOR._replace(margin=margin))
    steps = (np.arange(5) + 0.5) / 5 * (1 + 2 * margin) - margin
    for crop, (left, top, right, bottom) in zip(crops, boxes, strict=True):
        x, y = left + steps * (right - left), top + steps * (bottom - top)
        assert np.allclose(crop[..., 0], np.clip(x, 4, 60), atol=1e-3)
        assert np.allclose(crop[..., 1], np.clip(y, 4, 44)[:, None], atol=1e-3)


def test_a_region_over_the_edge_repeats_it() -> None:
    crops = cut_out(places(6, 8, 8), np.array([[-80.0, -80, -40, -40]]), DETECTOR)
    assert np.allclose(crops, 4)


@settings(max_examples=25)
@given(SEEDS)
def test_proposals_are_few_sure_apart_and_within_the_picture(seed: int) -> None:
    random = np.random.default_rng(seed)
    anchors = anchor_boxes(DETECTOR, 6, 8)
    objectness = random.random(len(anchors)) ** 3
    shifts = random.normal(size=(len(anchors), 4))
    regions = proposed(objectness, shifts, anchors, SHAPE, DETECTOR)
    assert 1 <= len(regions) <= DETECTOR.proposals
    assert (regions >= 0).all()
    assert (regions <= [64, 48, 64, 48]).all()
    overlaps = intersection_over_union(regions, regions) - np.eye(len(regions))
    assert overlaps.max(initial=0) <= DETECTOR.overlap + 1e-6
    best = np.argmax(objectness)
    clipped = np.clip(shifted(anchors[best], shifts[best]), 0, [64, 48, 64, 48])
    assert np.allclose(regions[0], clipped, atol=1e-4)


def test_where_no_anchor_is_sure_the_surest_is_looked_at() -> None:
    anchors = anchor_boxes(DETECTOR, 6, 8)
    objectness = np.full(len(anchors), 0.001)
    objectness[7] = 0.002
    regions = proposed(objectness, np.zeros((len(anchors), 4)), anchors, SHAPE, DETECTOR)
    assert np.allclose(regions, np.clip(anchors[7:8], 0, [64, 48, 64, 48]))


def test_what_shows_nothing_is_not_found() -> None:
    regions = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    scores = np.array([[0.9, 0.01, 0.01], [0.1, 0.1, 0.8]])
    found = found_in(regions, scores, np.zeros((2, 4)), SHAPE, DETECTOR._replace(least_score=0.3))
    assert found.labels.tolist() == [1]
    assert found.boxes.tolist() == [[20, 20, 30, 30]]


def thing_at(boxes: Array, kinds: Array) -> dict[str, object]:
    """Return networks that know: features tell places, objectness and scores what lies there."""
    anchors = anchor_boxes(DETECTOR, 6, 8)
    overlap = intersection_over_union(anchors, boxes)

    def proposals(batch: Batch) -> Batch:
        count = len(batch["image"])
        sizes = np.log((boxes[:, 2:] - boxes[:, :2])[overlap.argmax(1)]) - np.log(
            anchors[:, 2:] - anchors[:, :2]
        )
        middles = ((boxes[:, :2] + boxes[:, 2:])[overlap.argmax(1)] / 2) - (
            anchors[:, :2] + anchors[:, 2:]
        ) / 2
        middles = middles / (anchors[:, 2:] - anchors[:, :2])
        shifts = np.concatenate([middles / 0.1, sizes / 0.2], axis=1)
        return {
            "features": np.repeat(places(6, 8, 8)[None], count, axis=0),
            "objectness": np.repeat((overlap.max(1) ** 2).reshape(1, 6, 8, 2), count, axis=0),
            "shifts": np.repeat(shifts.reshape(1, 6, 8, 8), count, axis=0),
        }

    def regions(batch: Batch) -> Batch:
        middles = batch["crop"][:, 2, 2]
        near = np.abs(middles[:, None] - (boxes[:, :2] + boxes[:, 2:]) / 2).max(-1)
        scores = np.zeros((len(middles), 3), np.float32)
        scores[np.arange(len(middles)), 1 + kinds[near.argmin(1)]] = near.min(1) < 2
        return {"scores": scores, "shifts": np.zeros((len(middles), 4), np.float32)}

    return {"proposals": proposals, "regions": regions}


BOXES = np.array([[8.0, 8, 24, 24], [30, 20, 60, 40]])


def test_the_loop_finds_what_the_networks_know() -> None:
    run = drive(DETECTOR)(thing_at(BOXES, np.array([1, 0])))  # type: ignore[arg-type]
    answer = run({"image": np.zeros((9, *SHAPE, 3), np.float32)})
    assert answer["boxes"].shape == (9, 100, 4)
    for index in range(9):
        found = unpadded(answer, index)
        order = np.argsort(found.labels)
        assert found.labels[order].tolist() == [0, 1]
        assert np.allclose(found.boxes[order], BOXES[::-1], atol=0.5)


def test_given_regions_are_looked_at_without_their_padding() -> None:
    seen: list[int] = []

    def regions(batch: Batch) -> Batch:
        seen.append(len(batch["crop"]))
        scores = np.tile([0.0, 1.0, 0.0], (len(batch["crop"]), 1))
        return {"scores": scores, "shifts": np.zeros((len(scores), 4))}

    given = np.zeros((2, 5, 4), np.float32)
    given[0, :2] = BOXES
    image = np.zeros((2, *SHAPE, 3), np.float32)
    detector = TwoStages(stride=1, side=8)
    answer = drive(detector)({"regions": regions})({"image": image, "regions": given})
    assert seen == [3]  # two of the first picture; of the second one box of zeros
    assert (answer["labels"][0] == 0).sum() == 2


def test_a_bundle_says_all_that_the_loop_has_to_know() -> None:
    content = json.loads(to_json((*SHAPE, 3), DETECTOR.facts()))
    assert from_facts(content) == DETECTOR._replace(anchors=[[16, 16], [40, 24]])  # type: ignore[list-item]  # of JSON
    assert callable(KINDS[content["kind"]](content)({}))


def picture() -> Array:
    """Return two squares on grey."""
    image = np.full((60, 80, 3), 0.4, np.float32)
    image[10:30, 10:30] = [0.9, 0.1, 0.1]
    image[35:55, 45:70] = [0.1, 0.1, 0.9]
    return image


def test_selective_search_proposes_what_stands_out() -> None:
    regions = selective_search(picture(), 50)
    things = np.array([[10.0, 10, 30, 30], [45, 35, 70, 55]])
    assert intersection_over_union(things, regions).max(axis=1).min() > SAME
    sides = regions[:, 2:] - regions[:, :2]
    assert sides.min() >= SMALLEST
    assert sides.max() <= LARGEST * 80
    overlaps = intersection_over_union(regions, regions) - np.eye(len(regions))
    assert overlaps.max() <= SAME
    assert len(selective_search(picture(), 1)) == 1
    assert np.array_equal(selective_search(picture(), 50), regions)


def test_without_opencv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SystemExit, match="pip install opencv-contrib-python-headless"):
        selective_search(picture(), 5)
