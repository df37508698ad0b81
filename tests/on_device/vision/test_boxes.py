"""Boxes: overlaps as pycocotools has them, and a suppression that keeps what it says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask

from edgekit.core.types import Array
from edgekit.on_device.vision.boxes import (
    Detections,
    areas,
    clipped,
    intersection_over_union,
    non_maximum_suppression,
    padded,
    suppressed,
    unpadded,
)

SIDE = 20
SEEDS = st.integers(0, 2**32 - 1)


def some_boxes(random: np.random.Generator, count: int, *, least: int = 1) -> Array:
    corners = random.integers(0, SIDE, (count, 2))
    sides = random.integers(least, SIDE, (count, 2))
    return np.concatenate([corners, corners + sides], axis=1).astype(np.float32)


@given(SEEDS, st.integers(0, 8), st.integers(0, 8))
def test_overlaps_are_those_of_pycocotools(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    a, b = some_boxes(random, n) / 3, some_boxes(random, m) / 3
    found = intersection_over_union(a, b)
    assert found.shape == (n, m)
    if n and m:
        sized = [
            np.concatenate([x[:, :2], x[:, 2:] - x[:, :2]], axis=1).astype(float) for x in (a, b)
        ]
        np.testing.assert_allclose(found, mask.iou(*sized, [0] * m), atol=1e-6)


@given(SEEDS)
def test_overlaps_are_shares_of_pixels(seed: int) -> None:
    a, b = some_boxes(np.random.default_rng(seed), 2)
    filled = np.zeros((2, 2 * SIDE, 2 * SIDE), bool)
    for canvas, (left, top, right, bottom) in zip(filled, (a, b), strict=True):
        canvas[int(top) : int(bottom), int(left) : int(right)] = True
    share = (filled[0] & filled[1]).sum() / (filled[0] | filled[1]).sum()
    assert np.isclose(intersection_over_union(a[None], b[None])[0, 0], share)


def test_a_box_without_area_overlaps_nothing() -> None:
    boxes = np.array([[0, 0, 0, 0], [3, 3, 1, 5], [0, 0, 4, 4]], np.float32)
    assert intersection_over_union(boxes, boxes).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert areas(boxes).tolist() == [0, 0, 16]


def test_batches_of_boxes_overlap_picture_by_picture() -> None:
    random = np.random.default_rng(0)
    a, b = some_boxes(random, 6).reshape(2, 3, 4), some_boxes(random, 8).reshape(2, 4, 4)
    each = [intersection_over_union(x, y) for x, y in zip(a, b, strict=True)]
    assert (intersection_over_union(a, b) == np.stack(each)).all()


@given(SEEDS, st.integers(0, 20), st.floats(0, 1))
def test_what_is_kept_is_apart_and_what_is_not_is_near_a_surer_one(
    seed: int, count: int, threshold: float
) -> None:
    random = np.random.default_rng(seed)
    boxes = some_boxes(random, count)
    scores = random.integers(0, 5, count) / 4  # some are equal
    kept = non_maximum_suppression(boxes, scores, threshold=threshold)
    overlaps = intersection_over_union(boxes, boxes)
    assert (np.diff(scores[kept]) <= 0).all()
    assert (np.triu(overlaps[np.ix_(kept, kept)], 1) <= threshold).all()
    for index in set(range(count)) - set(kept.tolist()):
        surer = [k for k in kept if (-scores[k], k) < (-scores[index], index)]
        assert (overlaps[index, surer] > threshold).any()
    few = non_maximum_suppression(boxes, scores, threshold=threshold, most=2)
    assert few.tolist() == kept[:2].tolist()


@given(SEEDS, st.integers(0, 12))
def test_classes_are_suppressed_one_by_one(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    boxes = some_boxes(random, count)
    scores = random.random((count, 3)).astype(np.float32)
    found = suppressed(boxes, scores, least_score=0.4, threshold=0.3)
    assert (np.diff(found.scores) <= 0).all()
    for label in range(3):
        sure = scores[:, label] >= np.float32(0.4)
        kept = non_maximum_suppression(boxes[sure], scores[sure, label], threshold=0.3)
        assert (found.boxes[found.labels == label] == boxes[sure][kept]).all()
        assert (found.scores[found.labels == label] == scores[sure, label][kept]).all()


def test_each_class_may_have_a_box_of_its_own() -> None:
    boxes = np.array([[[0, 0, 1, 1], [5, 5, 9, 9]]], np.float32)
    found = suppressed(boxes, np.array([[0.2, 0.9]]), least_score=0.5, threshold=0.5)
    assert found.boxes.tolist() == [[5, 5, 9, 9]]
    assert found.labels.tolist() == [1]


@given(SEEDS, st.lists(st.integers(0, 6), min_size=1, max_size=4))
def test_padding_is_taken_off_again(seed: int, counts: list[int]) -> None:
    random = np.random.default_rng(seed)
    found = [
        Detections(
            some_boxes(random, count),
            random.integers(0, 3, count).astype(np.int32),
            random.random(count).astype(np.float32),
        )
        for count in counts
    ]
    batch = padded(found, 6)
    assert batch["boxes"].shape == (len(counts), 6, 4)
    for index, each in enumerate(found):
        for mine, given_ in zip(unpadded(batch, index), each, strict=True):
            assert mine.dtype == given_.dtype
            assert (mine == given_).all()
        assert (batch["labels"][index, counts[index] :] == -1).all()
    assert padded(found, 2)["scores"].shape == (len(counts), 2)


def test_boxes_are_cut_at_the_edges() -> None:
    boxes = np.array([[-3, 2, 50, 9]], np.float32)
    assert clipped(boxes, 20, 8).tolist() == [[0, 2, 20, 8]]
