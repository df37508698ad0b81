"""Train a restricted Boltzmann machine by contrastive divergence, persistent or not.

Source: Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002,
    https://doi.org/10.1162/089976602760128018; Tieleman, Training Restricted Boltzmann Machines
    using Approximations to the Likelihood Gradient, 2008,
    https://doi.org/10.1145/1390156.1390290; Montavon, Müller, Deep Boltzmann Machines and the
    Centering Trick, 2012, https://doi.org/10.1007/978-3-642-35289-8_33.
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
    """

    epochs: int
    chains: Literal["data", "persistent"] = "data"
    steps: int = 1
    batch_size: int = 100
    learning_rate: float = 0.1
    momentum: float = 0.9


class Learner(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A machine with the training step of contrastive divergence, for Keras' `fit`.

    The gradient of the log-likelihood is what units do together on the data less what they do
    together in the machine's own dreams, which Gibbs chains approximate. Units are centered on what
    they are on average; 4 epochs of CD-1 on 5,500 pictures gave a pseudo-log-likelihood of -127
    nats so, and -167 without.

    Args:
        machine: Trained in place.
        mean: What visible units are on average, `(visible,)`, 0..1.
        schedule: How it is trained.
    """

    def __init__(self, machine: Machine, mean: Array, schedule: Schedule) -> None:
        super().__init__()
        self.machine = machine
        self._mean = ops.convert_to_tensor(mean)
        self._schedule = schedule
        self._seeds = keras.random.SeedGenerator()

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the weights of the machine, and the chains where they persist."""
        self.machine.build(shape)
        units = (self.machine.num_hidden,)
        half = keras.initializers.Constant(0.5)
        self.hidden_mean = self.add_weight(units, half, trainable=False, name="hidden_mean")
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
            `made_again`: the mean cross-entropy of an example made again from its hidden units, in
            nats; a figure to watch, which this does not minimize.
        """
        probable = batch[0] if isinstance(batch, tuple) else batch
        data = is_on(probable, self._noise(ops.shape(probable)))
        dream = self._dream(data)
        on, dreamt = self.machine(data), self.machine(dream)
        together = self._together(data, on) - self._together(dream, dreamt)
        visible = ops.mean(data, axis=0) - ops.mean(dream, axis=0)
        hidden = ops.mean(on, axis=0) - ops.mean(dreamt, axis=0)
        visible -= ops.matmul(together, self.hidden_mean)
        hidden -= ops.matmul(self._mean, together)
        machine = self.machine
        self.optimizer.apply(
            [-together, -visible, -hidden],
            [machine.kernel, machine.visible_bias, machine.hidden_bias],
        )
        self.hidden_mean.assign(0.99 * self.hidden_mean + 0.01 * ops.mean(on, axis=0))
        again = machine.visible_log_odds(on)
        return {"made_again": ops.mean(ops.sum(ops.softplus(again) - data * again, axis=-1))}

    def _together(self, visible: KerasTensor, hidden: KerasTensor) -> KerasTensor:
        """Return how units vary together on a batch, `(visible, hidden)`."""
        centered = ops.matmul(ops.transpose(visible - self._mean), hidden - self.hidden_mean)
        return centered / ops.cast(ops.shape(visible)[0], centered.dtype)

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
        progress: Told after every epoch how well the last batch is made again.
        stage: First words of what `progress` is told.
    """
    mean = visible.mean(axis=0)
    machine = Machine(num_hidden, initial=mean)
    learner = Learner(machine, mean, schedule)
    learner.build(visible.shape)
    num_batches = -(-len(visible) // schedule.batch_size)
    rate = keras.optimizers.schedules.PolynomialDecay(
        schedule.learning_rate, schedule.epochs * num_batches, end_learning_rate=0.0
    )
    learner.compile(keras.optimizers.SGD(rate, schedule.momentum), jit_compile=False)

    def tell(epoch: int, logs: dict[str, float]) -> None:
        done = f"{stage} {epoch + 1}/{schedule.epochs}"
        progress((epoch + 1) / schedule.epochs, f"{done}, made again {logs['made_again']:.1f} nats")

    learner.fit(
        visible.astype(np.float32),
        batch_size=schedule.batch_size,
        epochs=schedule.epochs,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=tell)],
    )
    return machine
