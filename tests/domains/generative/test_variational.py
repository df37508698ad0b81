"""The bound of a variational autoencoder: training and score mean the same by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from edgekit.domains.generative.variational import (
    LEAST,
    divergence,
    log_likelihood,
    negative_elbo,
    standard_normal,
)


def test_a_picture_that_is_sure_and_right_has_nothing_left_to_tell() -> None:
    pictures = np.round(np.random.default_rng(0).random((3, 4, 4, 1)))
    assert log_likelihood(pictures, pictures) == pytest.approx(16 * np.log(1 - LEAST))
    assert log_likelihood(pictures, 1 - pictures) == pytest.approx(16 * np.log(LEAST))
    assert log_likelihood(pictures, np.full_like(pictures, 0.5)) == pytest.approx(-16 * np.log(2))


def test_a_code_of_which_nothing_is_known_tells_nothing() -> None:
    assert divergence(np.zeros((5, 3)), np.ones((5, 3))) == 0


@settings(max_examples=10, deadline=None)
@given(st.floats(-3, 3), st.floats(0.05, 1))
def test_the_divergence_is_the_integral_it_stands_for(mean: float, deviation: float) -> None:
    x = np.linspace(mean - 9 * deviation, mean + 9 * deviation, 20_001)
    ours, prior = norm(mean, deviation), norm()
    wanted = np.trapezoid(ours.pdf(x) * (ours.logpdf(x) - prior.logpdf(x)), x)
    found = divergence(np.array([[mean]]), np.array([[deviation]]))
    assert found == pytest.approx(wanted, abs=1e-5)


def test_training_minimizes_what_is_scored() -> None:
    random = np.random.default_rng(0)
    pictures, made = random.random((2, 4, 4, 4, 1)).astype(np.float32)
    made = np.clip(made, 0.01, 0.99)
    mean, deviation = standard_normal(4, 3, seed=0), 0.1 + 0.9 * random.random((4, 3), np.float32)
    losses = negative_elbo(pictures, {"made": made, "mean": mean, "deviation": deviation})
    bound = log_likelihood(pictures, made) - divergence(mean, deviation)
    assert np.mean(losses) == pytest.approx(-bound, rel=1e-5)


def test_the_same_seed_draws_the_same_noise() -> None:
    np.testing.assert_array_equal(standard_normal(4, 3, seed=1), standard_normal(4, 3, seed=1))
    noise = standard_normal(10_000, 2, seed=0)
    assert np.abs(noise.mean(axis=0)).max() < 0.05
    assert np.abs(noise.std(axis=0) - 1).max() < 0.05
