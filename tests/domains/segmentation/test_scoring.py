"""Mean IoU and its details, held against scikit-image and against sets of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import contingency_table

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.segmentation.masked import VOID
from edgekit.domains.segmentation.scoring import (
    always,
    confusion,
    details_of,
    iou_of_classes,
    masks_key,
    mean_iou,
)

seeds = st.integers(0, 10_000)


def _masks(seed: int, classes: int) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, (2, 7, 9), np.uint8)
    answered = np.where(random.random(truth.shape) < 0.6, truth, random.integers(0, classes))
    return truth, answered.astype(np.uint8)


def _answering(answered: Array, classes: int) -> Run:
    scores = np.eye(classes, dtype=np.float32)[answered]

    def run(batch: Batch) -> Batch:
        return {"scores": scores}

    return run


def _dataset(truth: Array) -> Dataset:
    return Dataset(inputs={"image": np.zeros((*truth.shape, 1), np.float32)}, targets=truth)


@given(seeds, st.integers(2, 5))
def test_confusion_is_scikit_images(seed: int, classes: int) -> None:
    truth, answered = _masks(seed, classes)
    expected = contingency_table(truth, answered).toarray()
    found = confusion(truth, answered, classes)
    rows, columns = expected.shape
    np.testing.assert_array_equal(found[:rows, :columns], expected)
    assert found.sum() == truth.size


@given(seeds, st.integers(2, 5))
def test_iou_is_that_of_sets(seed: int, classes: int) -> None:
    truth, answered = _masks(seed, classes)
    found = iou_of_classes(confusion(truth, answered, classes))
    for number in range(classes):
        first, second = (set(np.flatnonzero(mask == number)) for mask in (truth, answered))
        if first | second:
            assert found[number] == pytest.approx(len(first & second) / len(first | second))
        else:
            assert np.isnan(found[number])


@given(seeds)
def test_void_pixels_do_not_count(seed: int) -> None:
    truth, answered = _masks(seed, 3)
    left = truth.copy()
    left[:, :3] = VOID
    whole = confusion(truth[:, 3:], answered[:, 3:], 3)
    np.testing.assert_array_equal(confusion(left, answered, 3), whole)


def test_a_mean_over_the_classes_that_are_there() -> None:
    truth = np.array([[[0, 0, 1, 1]]], np.uint8)
    answered = np.array([[[0, 0, 0, 1]]], np.uint8)
    run, dataset = _answering(answered, 3), _dataset(truth)
    assert mean_iou(run, dataset) == pytest.approx(100 * (2 / 3 + 1 / 2) / 2)
    details = details_of(("a", "b", "c"))(run, dataset)
    assert details["pixel accuracy, %"] == pytest.approx(75)
    assert details["IoU a, %"] == pytest.approx(100 * 2 / 3)
    assert np.isnan(details["IoU c, %"])


@given(seeds, st.integers(2, 5))
def test_the_key_answers_all_right_and_nothing_right(seed: int, classes: int) -> None:
    truth, _ = _masks(seed, classes)
    truth[0, 0] = VOID
    dataset = _dataset(truth)
    right, wrong = masks_key(classes)(dataset)
    assert mean_iou(right, dataset) == 100
    assert mean_iou(wrong, dataset) == 0


@given(seeds, st.integers(2, 4))
def test_always_the_same_is_scored_without_a_run(seed: int, classes: int) -> None:
    truth, _ = _masks(seed, classes)
    run = _answering(np.ones_like(truth), classes)
    counts = np.bincount(truth.ravel(), minlength=classes)
    assert always(1, counts) == pytest.approx(mean_iou(run, _dataset(truth)))
