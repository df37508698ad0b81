"""The two files of image_rbm, before conversion: they compute what the machine does."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.types import Run
from edgekit.domains.boltzmann.likelihood import Weights
from edgekit.domains.boltzmann.machine import Machine
from edgekit.recipes import image_rbm
from edgekit.source_model.reference import runner
from tests.support.boltzmann import random_machine

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_machine(image_rbm.NUM_PIXELS, image_rbm.NUM_HIDDEN, seed=0, spread=0.1)


@pytest.fixture(scope="module")
def files(weights: Weights) -> dict[str, Run]:
    model = image_rbm.with_machine(image_rbm.build("tiny"), weights)
    return {part: runner(each) for part, each in image_rbm.split(model).items()}


def test_a_gibbs_step_is_that_of_the_machine(weights: Weights, files: dict[str, Run]) -> None:
    machine = Machine(image_rbm.NUM_HIDDEN)
    machine.build((1, image_rbm.NUM_PIXELS))
    machine.set_weights(list(weights))
    pictures, random = image_rbm.data("test", "tiny").target()[:20], np.random.default_rng(0)
    noise = [random.random((20, units), np.float32) for units in (256, 784)]
    drawn = files["gibbs"]({"image": pictures, "hidden_noise": noise[0], "pixel_noise": noise[1]})[
        "next"
    ]
    assert (drawn.min(), drawn.max()) == (0, 1)
    # Noise that lies within 6 millionths of a probability gives a value between.
    assert np.mean((drawn > 0) & (drawn < 1)) < 1e-3
    wanted = np.asarray(machine.gibbs_step(pictures.reshape(20, -1), *noise))
    assert np.mean(drawn.reshape(20, -1) == wanted) > 0.999


def test_the_score_of_a_file_is_that_of_its_weights(
    weights: Weights, files: dict[str, Run]
) -> None:
    test = image_rbm.data("test", "tiny").head(50)
    run = image_rbm.recipe.parts.drive(files)  # type: ignore[union-attr]
    assert image_rbm.score(run, test) == pytest.approx(
        image_rbm.of_machine(weights, test), rel=1e-3
    )
