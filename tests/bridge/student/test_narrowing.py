"""A narrower network has the shapes of the wider one, and of its channels those that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from edgekit.bridge.student.narrowing import narrowed, scaled
from edgekit.bridge.student.widths import widths_of
from edgekit.core import registry
from edgekit.core.errors import UnsupportedLayer
from edgekit.core.recipe import Parts

keras = pytest.importorskip("keras")
layers = keras.layers

IMAGE, STEPS, FLAT = (8, 8, 3), (6, 5), (10,)


def plain(x: Any) -> Any:
    y = layers.Conv2D(16, 3, name="first")(x)
    y = layers.BatchNormalization()(y)
    y = layers.Dense(24, "relu", name="flat")(layers.Flatten()(layers.ReLU()(y)))
    return layers.Dense(3, "softmax", name="scores")(y)


def residual(x: Any) -> Any:
    y = layers.Conv2D(16, 3, padding="same")(x)
    y = layers.ReLU()(
        y + layers.Conv2D(16, 1, name="short")(layers.Conv2D(8, 3, padding="same")(y))
    )
    return layers.Dense(2)(layers.GlobalAveragePooling2D()(y))


def separable(x: Any) -> Any:
    y = layers.DepthwiseConv2D(3)(layers.Conv2D(16, 1)(x))
    y = layers.SeparableConv2D(24, 3, padding="same")(layers.BatchNormalization()(y))
    gate = layers.Reshape((1, 1, 24))(layers.GlobalMaxPooling2D()(y))
    y = layers.Multiply()([y, layers.Conv2D(24, 1, activation="tanh")(gate)])
    return layers.Dense(2)(layers.Flatten()(layers.Dense(8, use_bias=False)(y)))


def u_shaped(x: Any) -> Any:
    wide = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    deep = layers.Conv2D(32, 3, padding="same", activation="relu")(layers.MaxPooling2D()(wide))
    up = layers.Conv2DTranspose(16, 2, strides=2)(deep)
    joined = layers.BatchNormalization()(layers.Concatenate()([wide, up]))
    return layers.Conv2D(2, 1)(layers.Conv2D(8, 3, padding="same", activation="relu")(joined))


def nested(x: Any) -> Any:
    inner = keras.Sequential(
        [keras.Input(FLAT), layers.Dense(16, "relu"), layers.Dense(8)], name="inner"
    )
    return layers.Dense(2)(layers.Dense(16, "relu")(inner(x)))


def called_twice(x: Any) -> Any:
    shared = layers.Dense(16, "tanh")
    first = layers.Dense(16, "relu")(x)
    return layers.Dense(2)(shared(shared(first)))


def recurrent(x: Any) -> Any:
    return layers.Dense(2)(layers.GRU(16)(layers.LSTM(8, return_sequences=True)(x)))


def embedded(x: Any) -> Any:
    steps = layers.Conv1D(16, 3, activation="relu")(layers.Embedding(10, 16)(x))
    return layers.Dense(2)(layers.GlobalAveragePooling1D()(steps))


MODELS: Mapping[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "plain": (plain, IMAGE),
    "residual": (residual, IMAGE),
    "separable": (separable, IMAGE),
    "u-shaped": (u_shaped, IMAGE),
    "nested": (nested, FLAT),
    "called twice": (called_twice, FLAT),
    "recurrent": (recurrent, STEPS),
    "embedded": (embedded, FLAT),
}


def model_of(name: str) -> Any:
    keras.utils.set_random_seed(0)
    function, shape = MODELS[name]
    x = keras.Input(shape, name="x", dtype="int32" if name == "embedded" else "float32")
    return keras.Model(x, function(x), name="wide")


def inputs_of(name: str) -> Any:
    random = np.random.default_rng(1)
    shape = (4, *MODELS[name][1])
    if name == "embedded":
        return random.integers(0, 10, shape)
    return random.normal(size=shape).astype("float32")


def signature(model: Any) -> list[tuple[object, ...]]:
    tensors = (*model.inputs, *model.outputs)
    return [(t._keras_history.operation.name, t.shape, t.dtype) for t in tensors]


def silence_half_the_channels(model: Any) -> None:
    """Let every second channel of all layers that can be narrower be zero."""
    widths = widths_of([model])
    groups = [widths.ties["out", id(layer)] for layer in widths.free()]
    for layer, group in zip(widths.free(), groups, strict=True):
        start = groups.index(group) % 2  # the odd ones or the even ones, alike in what is summed
        for weight in layer.weights:
            if weight.name == "depthwise_kernel":
                continue
            is_transposed = "Transpose" in type(layer).__name__ and weight.name == "kernel"
            value = weight.numpy().copy()
            np.moveaxis(value, -2 if is_transposed else -1, -1)[..., start::2] = 0
            weight.assign(value)


@pytest.mark.parametrize("name", MODELS)
def test_half_the_channels_answer_alike_where_the_others_are_silent(name: str) -> None:
    model = model_of(name)
    silence_half_the_channels(model)
    before = model.get_weights()
    student = narrowed(model, 0.5)
    assert signature(student) == signature(model)
    assert student.count_params() < 0.7 * model.count_params()
    given = inputs_of(name)
    assert np.allclose(student(given), model(given), atol=1e-5)
    assert all(map(np.array_equal, before, model.get_weights()))


def half_as_wide(x: Any, outputs: Any, **options: Any) -> dict[str, int]:
    """Return the width of every layer of a model that was narrowed to half."""
    student = narrowed(keras.Model(x, outputs, name="wide"), 0.5, **options)
    return {layer.name: layer.output.shape[-1] for layer in student.layers}


def test_what_is_added_to_an_input_or_becomes_an_output_stays_as_wide() -> None:
    x = keras.Input((*IMAGE[:2], 16), name="x")
    y = layers.Conv2D(16, 3, padding="same", name="added")(
        layers.Conv2D(32, 3, padding="same", name="inner")(x)
    )
    y = layers.ReLU()(layers.Add()([x, y]))
    left = half_as_wide(x, layers.Softmax()(layers.Conv2D(8, 1, name="scores")(y)))
    assert (left["added"], left["inner"], left["scores"]) == (16, 16, 8)


def test_a_concatenation_that_is_added_to_something_stays_as_wide() -> None:
    x = keras.Input(FLAT, name="x")
    y = layers.Dense(24, name="inner")(x)
    parts = [layers.Dense(20, name=name)(y) for name in ("left", "right")]
    y = layers.Dense(40, name="beside")(y) + layers.Concatenate()(parts)
    left = half_as_wide(x, layers.Dense(2)(y))
    assert [left[name] for name in ("inner", "left", "right", "beside")] == [12, 20, 20, 40]


def test_what_an_operation_without_a_rule_counts_on_stays_as_wide() -> None:
    class Own(keras.Layer):  # type: ignore[misc, name-defined]  # Keras has no types
        def call(self, x: Any) -> Any:
            return x

    x = keras.Input(FLAT, name="x")
    y = layers.Dense(16, name="to own")(layers.Dense(16, name="inner")(x))
    y = layers.Dense(12, name="reshaped")(Own()(y))
    y = layers.Dense(16, name="constant")(keras.ops.reshape(y, (-1, 3, 4)))
    left = half_as_wide(x, layers.Dense(2)(y * np.ones(16, "float32")))
    assert [left[name] for name in ("inner", "to own", "reshaped", "constant")] == [8, 16, 12, 16]


def encoder_and_decoder(model: Any) -> dict[str, Any]:
    code = keras.Input((8,), name="code")
    decoded = model.get_layer("scores")(model.get_layer("after")(code))
    return {
        "encoder": keras.Model(model.inputs, model.get_layer("code").output),
        "decoder": keras.Model(code, decoded),
    }


def parts_with(split: Callable[[Any], Mapping[str, Any]]) -> Parts:
    return Parts(signatures={}, split=split, drive=lambda runs: runs["encoder"])


def coder() -> tuple[Any, Any]:
    x = keras.Input(FLAT, name="x")
    code = layers.Dense(8, name="code")(layers.Dense(16, name="before")(x))
    return x, layers.Dense(2, name="scores")(layers.Dense(16, name="after")(code))


def test_what_goes_from_part_to_part_stays_as_wide() -> None:
    x, scores = coder()
    assert half_as_wide(x, scores)["code"] == 4
    left = half_as_wide(x, scores, parts=parts_with(encoder_and_decoder))
    assert [left[name] for name in ("before", "code", "after")] == [8, 8, 8]


def test_a_frozen_layer_whose_weights_are_cut_is_trained() -> None:
    x = keras.Input(FLAT, name="x")
    y = layers.Dense(16, trainable=False, name="cut")(x)
    y = layers.Dense(2, name="scores")(layers.BatchNormalization(trainable=False)(y))
    y = layers.Dense(2, trainable=False, name="kept")(y)
    student = narrowed(keras.Model(x, y), 0.5)
    frozen = [layer.name for layer in student.layers if layer.weights and not layer.trainable]
    assert frozen == ["kept"]


def test_the_rules_of_rounding() -> None:
    assert [scaled(n, 0.5) for n in (64, 48, 24, 10, 6, 3)] == [32, 24, 12, 4, 4, 3]
    assert [scaled(n, 0.75) for n in (64, 24, 16, 5, 4)] == [48, 16, 12, 4, 4]


def test_a_model_that_cannot_be_narrower_is_refused_with_the_reason() -> None:
    x = keras.Input(FLAT, name="x")
    with pytest.raises(UnsupportedLayer, match=r"'wide' .* to 0\.5 .*'scores' \(Dense\).*fixes; "):
        half_as_wide(x, layers.Dense(2, name="scores")(x))
    with pytest.raises(UnsupportedLayer, match=r"none of its layers has channels.*another variant"):
        half_as_wide(x, layers.ReLU()(x))
    with pytest.raises(UnsupportedLayer, match=r"the 4 of 'few' are rounded to the same number"):
        half_as_wide(x, layers.Dense(2)(layers.Dense(4, name="few")(x)))


def test_a_part_that_gets_another_shape_is_refused_by_name() -> None:
    def split(model: Any) -> dict[str, Any]:
        # Not cut out of the model, but made anew of what it is like.
        width = model.get_layer("before").units
        state = keras.Input((width,), name="state")
        return {"step": keras.Model(state, layers.Dense(2)(state))}

    x, scores = coder()
    with pytest.raises(UnsupportedLayer, match=r"'state' of part 'step' has the shape \(None, 8\)"):
        half_as_wide(x, scores, parts=parts_with(split))


RECIPES = [n for n in registry.names("recipes") if registry.get("recipes", n).loss is not None]
TOO_TIED = {"graph_gat", "graph_gcn"}
"""Their tables of words go through reshapes to sums over neighbours, which all fix widths."""


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_narrowed_or_says_why_not(name: str) -> None:
    recipe = registry.get("recipes", name)
    model = recipe.build("tiny")
    if name in TOO_TIED:
        with pytest.raises(UnsupportedLayer, match=r"'words_table'.*every other layer"):
            narrowed(model, 0.5, recipe.parts)
        return
    student = narrowed(model, 0.5, recipe.parts)
    assert signature(student) == signature(model)
    assert student.count_params() < 0.95 * model.count_params()
