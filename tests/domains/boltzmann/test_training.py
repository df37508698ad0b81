"""Training by contrastive divergence: the step, and what comes of many, beside scikit-learn's."""

from __future__ import annotations

from typing import Literal

import keras
import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM

from edgekit.core.types import Array, silent
from edgekit.domains.boltzmann.likelihood import Weights, log_probability
from edgekit.domains.boltzmann.machine import Machine
from edgekit.domains.boltzmann.stacking import pretrain
from edgekit.domains.boltzmann.training import Learner, Schedule, train_machine
from tests.support.boltzmann import random_machine

Chains = Literal["data", "persistent"]


def bars(count: int, seed: int) -> Array:
    """Return pictures of 5x5 with some rows lit, and some pixels flipped, `(count, 25)`."""
    random = np.random.default_rng(seed)
    rows = np.repeat(random.random((count, 5)) < 0.4, 5, axis=1)
    return (rows ^ (random.random((count, 25)) < 0.03)).astype(np.float32)


def pseudo_log_likelihood(weights: Weights, visible: Array) -> float:
    units = visible.shape[1]
    each = [weights.log_odds(visible, np.full(len(visible), unit)) for unit in range(units)]
    return float(units * np.mean(log_probability(np.stack(each, axis=1), visible)))


class HalfNoise(Learner):
    """A learner whose noise is always 0.5, so that NumPy can follow it."""

    def _noise(self, shape: tuple[int, ...]) -> keras.KerasTensor:
        return keras.ops.full(shape, 0.5)


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _followed(
    weights: Weights, means: tuple[Array, Array], data: Array, dream: Array, steps: int
) -> tuple[Weights, Array]:
    """Take a step at a rate of 1 in NumPy; return the new weights and where chains end.

    The machine of centered units (Montavon, Müller 2012) has the same kernel `w`, and the biases
    `b + w @ hidden_mean` and `c + visible_mean @ w`: these, and `w`, go along their gradients, and
    the biases of units that are not centered follow.
    """
    for _ in range(steps):
        hidden = _sigmoid(dream @ weights.kernel + weights.hidden_bias) > 0.5
        dream = (_sigmoid(hidden @ weights.kernel.T + weights.visible_bias) > 0.5).astype("f4")
    on, dreamt = (_sigmoid(v @ weights.kernel + weights.hidden_bias) for v in (data, dream))
    seen, mean = means
    kernel = (data - seen).T @ (on - mean) / len(data)
    kernel -= (dream - seen).T @ (dreamt - mean) / len(dream)
    new = Weights(
        weights.kernel + kernel,
        weights.visible_bias + data.mean(axis=0) - dream.mean(axis=0) - kernel @ mean,
        weights.hidden_bias + on.mean(axis=0) - dreamt.mean(axis=0) - seen @ kernel,
    )
    mean += 0.01 * (on.mean(axis=0) - mean)
    return new, dream


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("chains", ["data", "persistent"])
def test_two_steps_are_those_of_numpy(chains: Chains, steps: int) -> None:
    weights = random_machine(6, 4, seed=0, spread=1.0)
    machine, mean = Machine(4), np.linspace(0.1, 0.9, 6, dtype=np.float32)
    schedule = Schedule(epochs=1, chains=chains, steps=steps, batch_size=8)
    learner = HalfNoise(machine, mean, schedule)
    learner.build((1, 6))
    machine.set_weights(list(weights))
    learner.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    data = (np.random.default_rng(1).random((8, 6)) < 0.5).astype(np.float32)
    dream = np.asarray(learner.chains) if chains == "persistent" else data
    means = mean, np.full(4, 0.5)
    for _ in range(2):
        learner.train_step(keras.ops.convert_to_tensor(data))
        weights, dream = _followed(weights, means, data, dream, steps)
        for found, wanted in zip(machine.get_weights(), weights, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-5)
        dream = dream if chains == "persistent" else data


@pytest.mark.parametrize("chains", ["data", "persistent"])
def test_pictures_become_as_likely_as_scikit_learn_makes_them(chains: Chains) -> None:
    seen, test = bars(1000, 0), bars(300, 1)
    keras.utils.set_random_seed(0)
    schedule = Schedule(epochs=20, chains=chains, batch_size=10, momentum=0.0)  # as theirs
    machine = train_machine(seen, 16, schedule, silent)
    ours = pseudo_log_likelihood(Weights(*machine.get_weights()), test)
    other = BernoulliRBM(16, n_iter=20, random_state=0).fit(seen)
    theirs = Weights(other.components_.T, other.intercept_visible_, other.intercept_hidden_)
    assert ours >= pseudo_log_likelihood(theirs, test)


def test_each_layer_learns_what_the_one_before_makes() -> None:
    visible = bars(300, 0)
    inputs = keras.Input((25,))
    first, second = (keras.layers.Dense(units, activation="sigmoid") for units in (12, 5))
    keras.Model(inputs, second(first(inputs)))
    told: list[str] = []
    pretrain([first, second], visible, Schedule(epochs=2), lambda _, doing: told.append(doing))
    assert [doing.partition(",")[0] for doing in told] == 2 * ["layer 1"] + 2 * ["layer 2"]
    assert np.abs(first.get_weights()[1]).max() > 0
    assert np.abs(second.get_weights()[1]).max() > 0
