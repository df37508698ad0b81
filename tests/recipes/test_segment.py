"""What is special in the segmentation recipes: sections apart, and enlarging that interpolates."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.transform import rescale

from edgekit.domains.segmentation import membranes
from edgekit.domains.segmentation.masked import VOID
from edgekit.domains.segmentation.training import balancing
from edgekit.recipes import segment_fcn


def test_each_pixel_of_the_tested_sections_counts_once() -> None:
    test = membranes.membranes("test", "tiny")
    sections = membranes.of_split("test", "tiny")
    assert (test.target() != VOID).sum() == sum(mask.size for mask in sections.masks)
    counts = sections.counts(2)
    assert [(test.target() == number).sum() for number in (0, 1)] == counts.tolist()


def test_sections_are_in_one_split() -> None:
    numbers, _ = membranes.load("tiny")
    train = [n for n in numbers if n not in membranes.TEST and n not in membranes.VALIDATION]
    assert max(train) < min(membranes.VALIDATION) < min(membranes.TEST)
    assert len(membranes.of_split("train", "tiny")) == len(train) == 6


def test_the_weights_are_those_of_the_training_sections() -> None:
    counts = membranes.of_split("train", "tiny").counts(2)
    np.testing.assert_allclose(balancing(counts), membranes.WEIGHTS, rtol=0.1)  # of whole sections


@pytest.mark.slow
@pytest.mark.parametrize("factor", [2, 8])
def test_enlarging_begins_as_bilinear_interpolation(factor: int) -> None:
    import keras

    scores = np.random.default_rng(0).random((1, 6, 5, 2), np.float32)
    small = keras.Input(scores.shape[1:])
    found = keras.Model(small, segment_fcn._enlarged(small, factor))(scores).numpy()[0]
    expected = rescale(scores[0], factor, order=1, mode="edge", channel_axis=2)
    edge = factor  # there, the network adds zeros
    inner = slice(edge, -edge)
    np.testing.assert_allclose(found[inner, inner], expected[inner, inner], atol=1e-5)
