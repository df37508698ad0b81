"""What ships of a trained classifier: its layers in NumPy, and the distance of pictures by them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d

from edgekit.core.paths import packaged
from edgekit.core.types import Array
from edgekit.domains.fashion.garments import garments
from edgekit.domains.generative.garment_features import (
    FILE,
    Kernel,
    convolve,
    distance,
    features,
    floor,
)


@pytest.fixture(scope="module")
def test_pictures() -> Array:
    return garments("test", "tiny")[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 3, 5]), st.sampled_from([1, 2]))
def test_a_convolution_is_what_the_textbook_says(seed: int, side: int, stride: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, 6, 8, 3))
    kernel = Kernel(random.normal(size=(side, side, 3, 4)), random.normal(size=4))
    answered = convolve(x, kernel, stride=stride)
    room = side - 1 if stride == 1 else max(side - stride, 0)
    padded = np.pad(x, ((0, 0), *2 * ((room // 2, room - room // 2),), (0, 0)))
    for after in range(4):
        whole = sum(
            correlate2d(padded[1, :, :, before], kernel.weights[:, :, before, after], "valid")
            for before in range(3)
        )
        wanted = whole[::stride, ::stride] + kernel.bias[after]
        np.testing.assert_allclose(answered[1, :, :, after], wanted, atol=1e-9)


def test_features_tell_clothes_apart(test_pictures: Array) -> None:
    """The nearest mean of training pictures' features names what a picture shows."""
    pictures, labels = garments("train", "tiny")
    seen = features(pictures[:1500])
    means = np.stack([seen[labels[:1500] == label].mean(axis=0) for label in range(10)])
    gaps = np.linalg.norm(features(test_pictures)[:, np.newaxis] - means, axis=2)
    assert np.mean(gaps.argmin(axis=1) == garments("test", "tiny")[1]) > 0.85


def test_what_ships_is_small() -> None:
    assert packaged("datasets", FILE).stat().st_size <= 300_000


def test_pictures_are_farther_the_more_they_are_spoiled(test_pictures: Array) -> None:
    noise = np.random.default_rng(0).normal(size=test_pictures.shape).astype(np.float32)
    distances = [distance(test_pictures + share * noise, test_pictures) for share in (0, 0.1, 0.4)]
    assert distances[0] == pytest.approx(0, abs=1e-6)
    assert distances[0] < floor(test_pictures) < distances[1] < distances[2]


def test_answers_that_are_no_numbers_are_far_away(test_pictures: Array) -> None:
    few = test_pictures[:50]
    assert np.isfinite(distance(np.full_like(few, np.nan), few))
