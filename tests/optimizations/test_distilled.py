"""A narrower network learns what the recipe's data and the trained network answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgekit.bridge.student.distilling import EPOCHS_FACTOR, TEMPERATURE, imitating
from edgekit.bridge.student.narrowing import narrowed
from edgekit.core.errors import BadInput
from edgekit.core.types import Array, silent
from edgekit.optimizations.distilled import optimization
from tests.support.two_outputs import data, recipe

keras = pytest.importorskip("keras")


def teacher() -> Any:
    keras.utils.set_random_seed(3)
    return recipe.build("tiny")


def answers(model: Any) -> dict[str, Array]:
    return {k: np.asarray(v) for k, v in model(data("test", "tiny").inputs["image"]).items()}


def no_loss(targets: Any, answers: Any) -> Any:
    return keras.ops.zeros(keras.ops.shape(answers["boxes"])[0])


def test_the_loss_falls_and_the_trained_network_stays_as_it_is() -> None:
    model, told = teacher(), []
    before = model.get_weights()
    student = optimization.apply(
        model, recipe, "tiny", 1, lambda *said: told.append(said), **optimization.options
    )
    assert all(map(np.array_equal, before, model.get_weights()))
    assert model.trainable
    assert student.get_layer("hidden").units == 12
    assert sorted(answers(student)) == ["boxes", "classes"]
    fractions, lines = zip(*told, strict=True)
    assert lines[0] == f"narrowed to {student.count_params()} of {model.count_params()} parameters"
    epochs = [line for line in lines if line.startswith("epoch")]
    assert len(epochs) == EPOCHS_FACTOR * recipe.fine_tuning.epochs["tiny"]
    losses = [float(line.split()[3].rstrip(",")) for line in epochs]
    assert losses[-1] < losses[0]
    assert list(fractions) == sorted(fractions)
    assert fractions[-1] == 1


@pytest.mark.slow
def test_without_a_loss_of_its_own_it_learns_to_answer_as_the_trained_network() -> None:
    model = teacher()
    student = optimization.apply(model, replace(recipe, loss=no_loss), "tiny", 1, silent, width=0.5)
    beginning = narrowed(model, 0.5)
    for name, wanted in answers(model).items():
        errors = [np.mean((answers(each)[name] - wanted) ** 2) for each in (beginning, student)]
        assert errors[1] < errors[0] / 2, name


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network() -> None:
    briefly = replace(recipe, fine_tuning=replace(recipe.fine_tuning, epochs={"tiny": 1}))
    one, same = (
        optimization.apply(teacher(), briefly, "tiny", 1, silent, width=0.25) for _ in range(2)
    )
    assert all(map(np.array_equal, one.get_weights(), same.get_weights()))


def test_probabilities_are_compared_softly_and_other_numbers_by_their_squared_error() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(2, 5, 3, 4))
    soft = np.exp(logits / TEMPERATURE)
    wanted, given = soft / soft.sum(-1, keepdims=True)
    divergence = TEMPERATURE**2 * np.mean(np.sum(wanted * np.log(wanted / given), axis=-1))
    boxes = random.normal(size=(2, 5, 3, 4)).astype("float32")
    error = np.mean((boxes[0] - boxes[1]) ** 2)

    sharp = np.exp(logits)
    classes = (sharp / sharp.sum(-1, keepdims=True)).astype("float32")
    distance = imitating(teacher(), ["boxes", "classes"])
    both = [{"boxes": boxes[i], "classes": classes[i]} for i in (0, 1)]
    assert float(distance(*both)) == pytest.approx(divergence + error, rel=1e-4)


def test_what_the_network_says_of_places_it_chose_itself_is_not_compared() -> None:
    x = keras.Input((8,), name="x")
    scores = keras.layers.Dense(8, name="scores")(x)
    _, places = keras.ops.top_k(scores, 2)
    best = keras.layers.Identity(name="best")(keras.ops.take_along_axis(scores, places, axis=1))
    model = keras.Model(x, {"scores": scores, "best": best})
    wanted = {"scores": np.ones((1, 8), "float32"), "best": np.ones((1, 2), "float32")}
    given = {"scores": np.ones((1, 8), "float32") * 3, "best": np.zeros((1, 2), "float32")}
    assert float(imitating(model, ["best", "scores"])(wanted, given)) == 4


@pytest.mark.parametrize("wrong", [0, 1, -0.5, 50])
def test_a_width_that_is_no_share_is_refused(wrong: float) -> None:
    assert optimization.check is not None
    with pytest.raises(BadInput, match=rf"^A width of {wrong}.*above 0 and below 1, such as 0.5"):
        optimization.check(width=wrong)
