"""A recipe's loss, in each form it may have, retrains the tf_keras twin of its model."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgekit.bridge.carry import to_tf_keras
from edgekit.bridge.fine_tuning import fine_tune
from edgekit.bridge.losses import objective
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Dataset, Recipe, Signature, Tensor
from edgekit.core.types import Array, Batch
from tests.support.two_outputs import PADDING, box_loss, class_loss, data, recipe, whole_loss

keras = pytest.importorskip("keras")
tf_keras = pytest.importorskip("tf_keras")
tf = pytest.importorskip("tensorflow")
layers, ops = keras.layers, keras.ops

LOSSES: dict[str, Any] = {
    "one function": whole_loss,
    "functions by output": {"boxes": box_loss, "classes": class_loss},
    "a name and a function": {"boxes": "mean_absolute_error", "classes": class_loss},
    "one output only": {"classes": class_loss},
}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    keras.utils.set_random_seed(3)


def train(model: Any, recipe: Recipe) -> list[float]:
    """Train the twin of a model and return the loss after each epoch."""
    told: list[str] = []
    twin = to_tf_keras(model)
    fine_tune(twin, recipe, size="tiny", seed=1, progress=lambda _, doing: told.append(doing))
    return [float(re.findall(r"loss (\S+),", line)[0]) for line in told]


def one_output(loss: Any, targets: Array | Batch, *, units: int = 1) -> tuple[Any, Recipe]:
    """Return a linear model of one output, and a recipe that retrains it on given targets."""
    keras.utils.set_random_seed(3)
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Dense(units, name="y")(x))
    features = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    return model, replace(
        recipe,
        data=lambda *_: Dataset(inputs={"x": features}, targets=targets),
        signature=Signature(
            inputs=(Tensor(name="x", shape=(1, 4)),), outputs=(Tensor(name="y", shape=(1, units)),)
        ),
        loss=loss,
    )


# Training


@pytest.mark.parametrize("form", LOSSES)
def test_the_loss_of_two_outputs_falls_whatever_its_form(form: str) -> None:
    losses = train(recipe.build("tiny"), replace(recipe, loss=LOSSES[form]))
    assert len(losses) == 6
    assert losses[-1] < 0.8 * losses[0]


def test_one_function_and_one_for_each_output_mean_the_same() -> None:
    model = recipe.build("tiny")
    by_output = replace(recipe, loss=LOSSES["functions by output"])
    assert train(model, recipe) == pytest.approx(train(model, by_output), abs=2e-3)


def test_padding_is_what_the_loss_makes_of_it() -> None:
    model, examples = recipe.build("tiny"), data("train", "tiny")

    def padded_otherwise(*_: object) -> Dataset:
        targets = {name: np.where(a == PADDING, -7, a) for name, a in examples.targets.items()}  # type: ignore[union-attr]
        return Dataset(inputs=examples.inputs, targets=targets)

    same = replace(recipe, data=lambda *_: examples)
    assert train(model, same) == train(model, replace(recipe, data=padded_otherwise))


@pytest.mark.parametrize("reverse", [False, True])
def test_outputs_are_found_by_their_names_in_whichever_order_the_signature_has_them(
    reverse: bool,
) -> None:
    model = recipe.build("tiny")
    outputs = sorted(recipe.signature.outputs, key=lambda out: out.name, reverse=reverse)
    signature = replace(recipe.signature, outputs=tuple(outputs))
    losses = train(model, replace(recipe, signature=signature))
    assert losses == train(model, recipe)


@pytest.mark.parametrize("loss", [whole_loss, LOSSES["functions by output"]])
def test_gradients_of_keras_3_operations_reach_every_weight_of_the_twin(loss: Any) -> None:
    twin, examples = to_tf_keras(recipe.build("tiny")), data("train", "tiny")
    targets = {name: tf.constant(array) for name, array in examples.targets.items()}  # type: ignore[union-attr]
    minimized = objective(replace(recipe, loss=loss), examples.targets)
    with tf.GradientTape() as tape:
        value = minimized(targets, twin(examples.inputs["image"], training=True))
    assert value.shape == ()
    for gradient in tape.gradient(value, twin.trainable_variables):
        assert np.any(gradient.numpy() != 0)


@pytest.mark.parametrize("loss", ["mse", "MeanSquaredError", {"y": "mse"}, {"y": box_loss}])
@pytest.mark.parametrize("named", [False, True])
def test_a_model_of_one_output_takes_targets_with_or_without_its_name(
    loss: Any, named: bool
) -> None:
    targets = np.random.default_rng(1).random((64, 4), "float32")
    losses = train(*one_output(loss, {"y": targets} if named else targets, units=4))
    assert losses[-1] < losses[0]


def test_one_output_may_have_targets_of_several_parts() -> None:
    wanted = np.random.default_rng(1).random(64, "float32")

    def weighted(targets: Any, answers: Any) -> Any:
        return targets["weight"] * ops.square(targets["wanted"] - answers[:, 0])

    counted = {"wanted": wanted, "weight": np.ones(64, "float32")}
    losses = train(*one_output(weighted, counted))
    assert losses[-1] < losses[0]
    assert train(*one_output(weighted, {**counted, "weight": np.zeros(64, "int32")}))[-1] == 0


def test_targets_without_the_last_axis_of_one_meet_the_answers_one_by_one() -> None:
    targets = np.random.default_rng(1).random(64, "float32")

    def squared(targets: Any, answers: Any) -> Any:
        return ops.square(targets - answers)

    for loss in ("mse", squared):
        with_axis = train(*one_output(loss, targets[:, None]))
        assert train(*one_output(loss, targets)) == with_axis


def test_regularization_is_part_of_what_is_minimized() -> None:
    x = keras.Input((4,), name="x")
    dense = layers.Dense(1, name="y", kernel_regularizer=keras.regularizers.L2(1.0))
    model = keras.Model(x, dense(x))
    _, its_recipe = one_output("mse", np.zeros(64, "float32"))
    first = train(model, its_recipe)[0]
    plain = keras.Model(x, layers.Dense(1, name="y")(x))
    plain.set_weights(model.get_weights())
    assert first > train(plain, its_recipe)[0] + 0.1


# Names and order of outputs


@pytest.mark.parametrize(
    "pack",
    [
        lambda one, two: {"zebra": one, "ant": two},
        lambda one, two: {"ant": two, "zebra": one},
        lambda one, two: [one, two],
        lambda one, two: (two, one),
    ],
)
def test_keras_3_and_tf_keras_agree_on_the_names_and_the_order_of_outputs(
    pack: Callable[[Any, Any], Any],
) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, pack(layers.Dense(3, name="zebra")(x), layers.Dense(2, name="ant")(x)))
    twin = to_tf_keras(model)
    assert twin.output_names == model.output_names
    assert [tuple(out.shape) for out in twin.outputs] == [out.shape for out in model.outputs]
    ours, theirs = (side(np.ones((1, 4), "float32")) for side in (model, twin))
    assert type(theirs) is type(ours) or isinstance(model.output, tuple)
    for one, other in zip(keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True):
        assert np.allclose(one, other, atol=1e-5)
    if isinstance(model.output, dict):
        assert sorted(theirs) == sorted(ours) == model.output_names


# Refusals

ONE = np.zeros((64, 1), "float32")


@pytest.mark.parametrize(
    ("loss", "targets", "sentence"),
    [
        (None, None, "no loss for the outputs boxes, classes.*Set Recipe.loss"),
        ("mse", None, "the one loss 'mse' for the outputs boxes, classes.*a mapping"),
        ({"box": "mse"}, None, "loss for 'box', which is no output; there are: boxes, classes"),
        ({"boxes": "mse"}, ONE, "loss for 'boxes' and one array of targets; give"),
        ({"boxes": "mse"}, {"corners": ONE}, "loss for 'boxes' and targets for corners; give"),
        ({"boxes": "nonsense"}, None, "loss 'nonsense', and Keras has none.*mean_squared_error"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(loss: Any, targets: Any, sentence: str) -> None:
    given = data("train", "tiny").targets if targets is None else targets
    with pytest.raises(BadInput, match=sentence):
        objective(replace(recipe, loss=loss), given)
