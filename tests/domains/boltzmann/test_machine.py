"""The layer of a Boltzmann machine, against counting every state."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings

from edgekit.domains.boltzmann.likelihood import Weights
from edgekit.domains.boltzmann.machine import Machine
from tests.support.boltzmann import joint, random_machine, small_machines, states


def layer_of(weights: Weights) -> Machine:
    machine = Machine(len(weights.hidden_bias))
    machine.build((1, len(weights.visible_bias)))
    machine.set_weights(list(weights))
    return machine


@settings(max_examples=20, deadline=None)
@given(small_machines())
def test_units_are_on_as_often_as_counting_says(weights: Weights) -> None:
    machine, probable = layer_of(weights), joint(weights)
    visible, hidden = (states(len(bias)) for bias in weights[1:])
    given_visible = probable @ hidden / probable.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(machine(visible.astype("f4")), given_visible, atol=1e-5)
    given_hidden = probable.T @ visible / probable.sum(axis=0)[:, None]
    found = keras.ops.sigmoid(machine.visible_log_odds(hidden.astype("f4")))
    np.testing.assert_allclose(found, given_hidden, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(small_machines())
def test_free_energies_are_those_in_numpy(weights: Weights) -> None:
    visible = states(len(weights.visible_bias)).astype("f4")
    found = layer_of(weights).free_energy(visible)
    np.testing.assert_allclose(found, weights.free_energy(visible), atol=1e-4)


def test_a_gibbs_step_keeps_what_is_likely() -> None:
    weights, random = random_machine(3, 2, seed=1, spread=1.0), np.random.default_rng(0)
    probable, visible = joint(weights).sum(axis=1), states(3)
    numbers = random.choice(len(visible), 50_000, p=probable)
    noise = [random.random((len(numbers), units), np.float32) for units in (2, 3)]
    after = np.asarray(layer_of(weights).gibbs_step(visible[numbers].astype("f4"), *noise))
    assert set(np.unique(after)) <= {0.0, 1.0}
    counts = np.bincount((after @ [4, 2, 1]).astype(int), minlength=len(visible))
    np.testing.assert_allclose(counts / len(numbers), probable, atol=0.01)


def test_a_new_machine_says_what_pictures_are_on_average() -> None:
    share = np.array([0.0, 0.2, 0.9], np.float32)
    machine = Machine(2, initial=share)
    machine.build((1, 3))
    found = keras.ops.sigmoid(machine.visible_log_odds(np.zeros((1, 2), "f4")))[0]
    assert np.asarray(found) == pytest.approx([0.001, 0.2, 0.9], abs=1e-3)
