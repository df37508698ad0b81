"""The distance of two sets of features, where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from edgekit.core.types import Array
from edgekit.domains.generative.frechet import Moments, frechet_distance, moments


def _features(seed: int, count: int = 40, size: int = 5) -> Array:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, size)) @ random.normal(size=(size, size))


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_it_is_the_formula_of_the_paper(one: int, other: int) -> None:
    a, b = moments(_features(one)), moments(_features(other))
    shared = np.trace(sqrtm(a.covariance @ b.covariance).real)
    spread = np.trace(a.covariance) + np.trace(b.covariance)
    wanted = np.sum((a.mean - b.mean) ** 2) + spread - 2 * shared
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6, abs=1e-6)


@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_what_is_moved_is_as_far_as_it_was_moved(seed: int, step: float) -> None:
    features = _features(seed)
    one, other = moments(features), moments(features + step)
    assert frechet_distance(one, other) == pytest.approx(5 * step**2, rel=1e-6, abs=1e-6)


def test_deviations_are_compared_as_numbers() -> None:
    one = Moments(np.zeros(2), np.diag([1.0, 4.0]))
    other = Moments(np.zeros(2), np.diag([9.0, 0.0]))
    assert frechet_distance(one, other) == pytest.approx(2**2 + 2**2)


def test_features_that_never_vary_have_no_covariance() -> None:
    assert frechet_distance(moments(np.ones((3, 2))), moments(np.ones((3, 2)))) == 0
