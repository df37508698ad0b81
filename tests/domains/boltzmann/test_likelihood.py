"""How likely pictures are to a machine, against counting every state, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network import BernoulliRBM

from edgekit.core.types import Array, Batch
from edgekit.domains.boltzmann.likelihood import Weights, log_probability
from edgekit.on_device.programs.repair import log_odds_alone
from tests.support.boltzmann import joint, random_machine, small_machines, states


@given(small_machines())
def test_free_energies_order_pictures_as_counting_does(machine: Weights) -> None:
    visible = states(len(machine.visible_bias))
    energy = machine.free_energy(visible)
    likely = np.exp(energy.min() - energy)
    np.testing.assert_allclose(likely / likely.sum(), joint(machine).sum(axis=1), rtol=1e-9)


@given(small_machines())
def test_log_odds_of_a_pixel_are_those_of_counting(machine: Weights) -> None:
    probable, visible = joint(machine).sum(axis=1), states(len(machine.visible_bias))
    for unit in range(visible.shape[1]):
        on = visible[:, unit] > 0.5
        place = 2 ** (visible.shape[1] - 1 - unit)
        flipped = probable[np.arange(len(visible)) ^ place]
        found = machine.log_odds(visible, np.full(len(visible), unit))
        wanted = np.where(on, probable / flipped, flipped / probable)
        np.testing.assert_allclose(found, np.log(wanted), rtol=1e-6, atol=1e-9)


@given(st.integers(0, 2**31 - 1))
def test_the_likelihood_of_one_pixel_each_is_what_scikit_learn_scores(seed: int) -> None:
    machine = random_machine(20, 7, seed=seed)
    visible = (np.random.default_rng(seed).random((30, 20)) < 0.5).astype(np.float64)
    other = BernoulliRBM(random_state=seed)
    other.components_ = machine.kernel.T
    other.intercept_visible_, other.intercept_hidden_ = machine.visible_bias, machine.hidden_bias
    drawn = np.random.RandomState(seed).randint(0, 20, 30)  # as scikit-learn draws them
    value = visible[np.arange(30), drawn]
    found = 20 * log_probability(machine.log_odds(visible, drawn), value)
    np.testing.assert_allclose(found, other.score_samples(visible), rtol=1e-6, atol=1e-6)


def _reconstruct(machine: Weights, batch: Batch) -> Batch:
    image = batch["image"]
    hidden = image.reshape(len(image), -1) @ machine.kernel + machine.hidden_bias
    log_odds = (1 / (1 + np.exp(-hidden))) @ machine.kernel.T + machine.visible_bias
    return {"log_odds": log_odds.reshape(image.shape)}


@given(st.integers(0, 2**32 - 1))
def test_a_pixel_of_half_is_answered_with_its_log_odds_given_the_others(seed: int) -> None:
    machine = random_machine(16, 30, seed=seed, spread=0.5)
    random = np.random.default_rng(seed)
    pictures: Array = (random.random((5, 4, 4, 1)) < 0.5).astype(np.float64)
    pixels = random.integers(0, 16, (5, 3))
    found = log_odds_alone(lambda batch: _reconstruct(machine, batch), pictures, pixels)
    for column, asked in zip(found.T, pixels.T, strict=True):
        exact = machine.log_odds(pictures.reshape(5, -1), asked)
        np.testing.assert_allclose(column, exact, atol=0.1)


def test_probabilities_follow_from_log_odds() -> None:
    log_odds = np.array([0.0, 3.0, 3.0, -800.0])
    found = log_probability(log_odds, np.array([1.0, 1.0, 0.0, 1.0]))
    wanted = [-np.log(2), -np.log1p(np.exp(-3)), -np.log1p(np.exp(3)), -800]
    assert found == pytest.approx(wanted)
