"""Train a restricted Boltzmann machine by contrastive divergence, persistent or not.

Source: Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002,
    https://doi.org/10.1162/089976602760128018; Tieleman, Training Restricted Boltzmann Machines
    using Approximations to the Likelihood Gradient, 2008,
    https://doi.org/10.1145/1390156.1390290.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
from keras import KerasTensor, ops

from edgekit.core.types import Array, Progress
from edgekit.domains.boltzmann.machine import Machine, is_on


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a machine is trained.

    Attributes:
        epochs: Times each example is seen.
        chains: "data" starts the Gibbs chains at the examples of every batch (contrastive
            divergence); "persistent" lets them run on from batch to batch.
        steps: Gibbs steps of a chain in a batch, the k of CD-k.
        batch_size: Examples of a batch; as many chains.
        learning_rate: At the start; it falls to 0 along a straight line.
        momentum: Of the steps.
        weight_decay: Share of a weight that is lost per step at a rate of 1.
    """

    epochs: int
    chains: Literal["data", "persistent"] = "data"
    steps: int = 1
    batch_size: int = 100
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0


class Learner(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A machine with the training step of contrastive divergence, for Keras' `fit`.

    The gradient of the log-likelihood is what units do together on the data less what they do
    together in the machine's own dreams, which Gibbs chains approximate.

    Args:
        machine: Trained in place.
        schedule: How.
    """

    def __init__(self, machine: Machine, schedule: Schedule) -> None:
        super().__init__()
        self.machine = machine
        self._schedule = schedule
        self._seeds = keras.random.SeedGenerator()

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the weights of the machine, and the chains where they persist."""
        self.machine.build(shape)
        if self._schedule.chains == "persistent":
            share = ops.sigmoid(self.machine.visible_bias)
            start = is_on(share, self._noise((self._schedule.batch_size, shape[-1])))
            self.chains = self.add_weight(start.shape, "zeros", trainable=False, name="chains")
            self.chains.assign(start)

    def call(self, visible: KerasTensor) -> KerasTensor:
        """Return the probability that each hidden unit is on, given the visible units."""
        return self.machine(visible)

    def train_step(self, batch: KerasTensor) -> dict[str, KerasTensor]:
        """Take a step on visible units `(batch, visible)`: values in 0..1 are probabilities.

        Returns:
            `loss`: the mean cross-entropy of a picture made again from its hidden units, in nats;
            a figure to watch, which this does not minimize.
        """
        probable = batch[0] if isinstance(batch, tuple) else batch
        data = is_on(probable, self._noise(ops.shape(probable)))
        dream = self._dream(data)
        on, dreamt = self.machine(data), self.machine(dream)
        together = ops.matmul(ops.transpose(data), on) / _count(data)
        dreamt_together = ops.matmul(ops.transpose(dream), dreamt) / _count(dream)
        machine = self.machine
        decay = self._schedule.weight_decay * machine.kernel
        self.optimizer.apply(
            [
                dreamt_together - together + decay,
                ops.mean(dream, axis=0) - ops.mean(data, axis=0),
                ops.mean(dreamt, axis=0) - ops.mean(on, axis=0),
            ],
            [machine.kernel, machine.visible_bias, machine.hidden_bias],
        )
        again = machine.visible_log_odds(on)
        return {"loss": ops.mean(ops.sum(ops.softplus(again) - data * again, axis=-1))}

    def _dream(self, data: KerasTensor) -> KerasTensor:
        persistent = self._schedule.chains == "persistent"
        dream = self.chains if persistent else data
        for _ in range(self._schedule.steps):
            shape = ops.shape(dream)
            hidden_noise = self._noise((shape[0], self.machine.num_hidden))
            dream = self.machine.gibbs_step(dream, hidden_noise, self._noise(shape))
        if persistent:
            self.chains.assign(dream)
        return dream

    def _noise(self, shape: tuple[int, ...]) -> KerasTensor:
        return keras.random.uniform(shape, seed=self._seeds)


def train_machine(
    visible: Array,
    num_hidden: int,
    schedule: Schedule,
    progress: Progress,
    *,
    stage: str = "epoch",
) -> Machine:
    """Return a machine trained on examples.

    Args:
        visible: `(n, visible)`, float32 in 0..1. A value between is a probability: the unit is
            drawn anew each time it is seen.
        num_hidden: Hidden units.
        schedule: How it is trained.
        progress: Told after every epoch how well pictures are made again.
        stage: First words of what `progress` is told.
    """
    machine = Machine(num_hidden, initial=visible.mean(axis=0))
    learner = Learner(machine, schedule)
    learner.build(visible.shape)
    num_batches = -(-len(visible) // schedule.batch_size)
    rate = keras.optimizers.schedules.PolynomialDecay(
        schedule.learning_rate, schedule.epochs * num_batches, end_learning_rate=0.0
    )
    learner.compile(keras.optimizers.SGD(rate, schedule.momentum), jit_compile=False)

    def tell(epoch: int, logs: dict[str, float]) -> None:
        done = f"{stage} {epoch + 1}/{schedule.epochs}"
        progress((epoch + 1) / schedule.epochs, f"{done}, made again {logs['loss']:.1f} nats")

    learner.fit(
        visible.astype(np.float32),
        batch_size=schedule.batch_size,
        epochs=schedule.epochs,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=tell)],
    )
    return machine


def _count(batch: KerasTensor) -> KerasTensor:
    return ops.cast(ops.shape(batch)[0], batch.dtype)
