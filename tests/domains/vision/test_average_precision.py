"""Average precision is pycocotools', to the last digit."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from edgekit.core.types import Array, Batch
from edgekit.domains.vision.average_precision import THRESHOLDS, precisions

NUM_LABELS = 3


def by_pycocotools(found: Batch, targets: Batch) -> Array:
    """Return average precision `(thresholds, classes)`, -1 where there is no thing of a class."""

    def rows(batch: Batch) -> list[dict[str, object]]:
        images, places = np.nonzero(batch["labels"] >= 0)
        boxes = batch["boxes"][images, places].astype(float)
        return [
            {
                "id": number + 1,
                "image_id": int(image) + 1,
                "category_id": int(batch["labels"][image, place]) + 1,
                "bbox": [left, top, right - left, bottom - top],
                "area": (right - left) * (bottom - top),
                "iscrowd": 0,
                "score": float(batch.get("scores", batch["labels"])[image, place]),
            }
            for number, (image, place, (left, top, right, bottom)) in enumerate(
                zip(images, places, boxes, strict=True)
            )
        ]

    with contextlib.redirect_stdout(io.StringIO()):
        truth, answers = COCO(), COCO()
        for coco, batch in ((truth, targets), (answers, found)):
            coco.dataset = {
                "images": [{"id": index + 1} for index in range(len(targets["labels"]))],
                "categories": [{"id": label + 1} for label in range(NUM_LABELS)],
                "annotations": rows(batch),
            }
            coco.createIndex()
        judge = COCOeval(truth, answers, "bbox")
        judge.evaluate()
        judge.accumulate()
    return np.asarray(judge.eval["precision"][:, :, :, 0, -1].mean(axis=1))


def made_up(seed: int, num_pictures: int, most: int) -> tuple[Batch, Batch]:
    """Return answers and targets, with hits, near misses, doubles and equal scores."""
    random = np.random.default_rng(seed)
    corners = random.integers(0, 30, (num_pictures, most, 2))
    sides = random.integers(4, 20, (num_pictures, most, 2))
    boxes = np.concatenate([corners, corners + sides], axis=2).astype(np.float32)
    labels = random.integers(-1, NUM_LABELS, (num_pictures, most))
    twice = np.concatenate([boxes, boxes], axis=1)
    guesses = twice + random.integers(-2, 3, twice.shape).astype(np.float32)
    guessed = np.concatenate([labels, labels], axis=1)
    wrong = random.random(guessed.shape) < 0.3
    guessed = np.where(wrong, random.integers(-1, NUM_LABELS, guessed.shape), guessed)
    scores = random.integers(1, 8, guessed.shape) / 8
    found = {"boxes": guesses, "labels": guessed.astype(np.float32), "scores": scores}
    return found, {"boxes": boxes, "labels": labels.astype(np.int32)}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 6))
def test_it_is_that_of_pycocotools(seed: int, num_pictures: int, most: int) -> None:
    found, targets = made_up(seed, num_pictures, most)
    ours = precisions(found, targets, NUM_LABELS).average
    theirs = by_pycocotools(found, targets)
    np.testing.assert_allclose(np.nan_to_num(ours, nan=-1), theirs, atol=1e-9)


def test_the_mean_leaves_out_classes_that_nothing_is_of() -> None:
    found, targets = made_up(0, 3, 4)
    targets["labels"][targets["labels"] == 1] = -1
    measured = precisions(found, targets, NUM_LABELS)
    assert np.isnan(measured.average[:, 1]).all()
    assert measured.mean == pytest.approx(measured.average[:, [0, 2]].mean())


def test_all_found_is_one_and_nothing_found_is_zero() -> None:
    _, targets = made_up(1, 4, 5)
    sure = {**targets, "scores": np.ones(targets["labels"].shape)}
    assert precisions(sure, targets, NUM_LABELS).mean == 1
    nothing = {**sure, "labels": np.full(targets["labels"].shape, -1)}
    measured = precisions(nothing, targets, NUM_LABELS)
    assert measured.mean == 0
    assert (measured.recalls == 0).all()


def test_without_any_thing_there_is_no_measure() -> None:
    found, targets = made_up(2, 2, 3)
    empty = {"boxes": targets["boxes"][:, :0], "labels": targets["labels"][:, :0]}
    assert np.isnan(precisions(found, empty, NUM_LABELS).mean)


def test_precision_falls_with_recall_and_recall_with_the_threshold() -> None:
    found, targets = made_up(3, 20, 6)
    measured = precisions(found, targets, NUM_LABELS)
    assert (np.diff(measured.at_recalls, axis=2) <= 0).all()
    assert (np.diff(measured.recalls, axis=0) <= 0).all()
    assert len(THRESHOLDS) == len(measured.recalls)
