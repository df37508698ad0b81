"""Which training makes pictures likeliest to a restricted Boltzmann machine, and which dreams best?

Run `python benchmarks/boltzmann.py`; it takes the whole of Fashion-MNIST. Each machine has the
units of `image_rbm` and is trained for as many epochs. What a machine says of test pictures is
their pseudo-log-likelihood, pixel by pixel; how it draws them is told by the covered halves that
100 Gibbs steps repair.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import keras
import numpy as np
from sklearn.neural_network import BernoulliRBM

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Size, silent
from edgekit.domains.boltzmann.likelihood import Weights
from edgekit.domains.boltzmann.training import Schedule, train_machine
from edgekit.on_device.programs.repair import STEPS, black_and_white, is_covered, repair
from edgekit.recipes import image_rbm
from edgekit.source_model.reference import runner

REPAIRED = 500
"""Test pictures whose lower half is repaired."""


def schedules(size: Size) -> Mapping[str, Schedule]:
    """Return the trainings of ours that are compared: the recipe's own, and others."""
    own = image_rbm.schedule(size)
    return {
        "persistent": own,
        "persistent, 5 steps": replace(own, steps=5),
        "CD-1": replace(own, chains="data"),
        "CD-5": replace(own, chains="data", steps=5),
    }


def of_scikit_learn(visible: Array, epochs: int, rate: float, batch_size: int) -> Weights:
    """Return the weights of scikit-learn's machine."""
    other = BernoulliRBM(
        image_rbm.NUM_HIDDEN,
        learning_rate=rate,
        batch_size=batch_size,
        n_iter=epochs,
        random_state=0,
    ).fit(visible)
    return Weights(other.components_.T, other.intercept_visible_, other.intercept_hidden_)


def figures(weights: Weights, size: Size, test: Dataset) -> tuple[float, float]:
    """Return the pseudo-log-likelihood, and the share of covered pixels repaired right."""
    likely = image_rbm.of_machine(weights, test)
    model = image_rbm.with_machine(image_rbm.build(size), weights)
    runs = {part: runner(each) for part, each in image_rbm.split(model).items()}
    pictures = test.target()[:REPAIRED]
    made = repair(runs, pictures, image_rbm.mean_picture(), image_rbm.NUM_HIDDEN, STEPS)
    covered = np.broadcast_to(is_covered(pictures.shape[1]), pictures.shape)
    return likely, 100 * float(np.mean(black_and_white(made)[covered] == pictures[covered]))


def main() -> None:
    """Print a line for each training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=["tiny", "full"], default="full")
    size = parser.parse_args().size
    keras.utils.set_random_seed(0)
    train, test = (image_rbm.data(split, size) for split in ("train", "test"))
    visible, epochs = train.target().reshape(len(train), -1), image_rbm.EPOCHS[size]
    machines = {
        name: partial(_ours, visible, schedule) for name, schedule in schedules(size).items()
    }
    for rate, batch_size in ((0.1, 10), (0.03, 10), (0.01, 10), (0.1, 100)):
        name = f"scikit-learn, rate {rate}, batches of {batch_size}"
        machines[name] = partial(of_scikit_learn, visible, epochs, rate, batch_size)
    for name, make in machines.items():
        start = time.monotonic()
        weights = make()
        seconds = time.monotonic() - start
        likely, right = figures(weights, size, test)
        print(f"{name:40} {likely:8.2f} nats {right:6.2f} % repaired {seconds:6.0f} s", flush=True)


def _ours(visible: Array, schedule: Schedule) -> Weights:
    machine = train_machine(visible, image_rbm.NUM_HIDDEN, schedule, silent)
    return Weights(*machine.get_weights())


if __name__ == "__main__":
    main()
