"""Models rewritten for quantization-aware training answer as before, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.bridge.carry import TOLERANCE
from edgekit.bridge.parity import error
from edgekit.bridge.qat.rewriting import rewritten

keras = pytest.importorskip("keras")
pytest.importorskip("tf_keras")
layers = keras.layers


def rewrite(model: Any) -> Any:
    """Return the rewritten model, having moved all weights off their initial values."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight + random.uniform(0.1, 0.5, weight.shape))
    new = rewritten(model).model
    assert error(model, new, seed=1) <= TOLERANCE
    assert [tensor.shape for tensor in new.inputs] == [tensor.shape for tensor in model.inputs]
    return new


def kinds(model: Any) -> list[tuple[str, str]]:
    return [(layer.name, type(layer).__name__) for layer in model.layers[1:]]


def image_model(*stack: Any) -> Any:
    return keras.Sequential([keras.Input((8, 8, 3)), *stack])


def test_an_activation_before_a_normalization_becomes_a_layer() -> None:
    model = image_model(
        layers.Conv2D(4, 3, activation="relu", name="conv"), layers.BatchNormalization(name="norm")
    )
    assert kinds(rewrite(model)) == [
        ("conv_linear", "Conv2D"),
        ("conv", "ReLU"),
        ("norm", "BatchNormalization"),
    ]


def test_an_activation_that_tfmot_knows_stays_where_it_fuses() -> None:
    model = image_model(layers.Conv2D(4, 3, activation="relu", name="conv"))
    assert kinds(rewrite(model)) == [("conv", "Conv2D")]


@pytest.mark.parametrize(
    ("activation", "kind"), [("hard_silu", "Activation"), ("relu6", "ReLU"), ("elu", "Activation")]
)
def test_an_activation_that_tfmot_does_not_know_becomes_a_layer(activation: str, kind: str) -> None:
    model = image_model(layers.DepthwiseConv2D(3, activation=activation, name="conv"))
    assert kinds(rewrite(model)) == [("conv_linear", "DepthwiseConv2D"), ("conv", kind)]


@pytest.mark.parametrize("options", [{}, {"use_bias": False}, {"strides": 2, "padding": "same"}])
def test_a_separable_convolution_becomes_two(options: Any) -> None:
    model = image_model(
        layers.SeparableConv2D(5, 3, depth_multiplier=2, activation="tanh", name="sep", **options)
    )
    assert kinds(rewrite(model)) == [("sep_depthwise", "DepthwiseConv2D"), ("sep", "Conv2D")]


def test_nested_models_are_laid_out_flat_and_shared_layers_stay_shared() -> None:
    inner = image_model(layers.Conv2D(3, 3, padding="same", name="conv"), layers.ReLU(name="relu"))
    other = image_model(layers.Conv2D(3, 1, name="conv"))
    x = keras.Input((8, 8, 3))
    new = rewrite(keras.Model(x, other(inner(inner(x)) + x)))
    assert sorted(name for name, _ in kinds(new)) == ["conv", "conv_2", "relu"]
    assert new.count_params() == inner.count_params() + other.count_params()


def test_named_inputs_and_outputs_keep_their_structure() -> None:
    one, other = keras.Input((4,), name="one"), keras.Input((4,), name="other")
    merged = layers.Dense(3, activation="relu6", name="scores")(one * other)
    new = rewrite(keras.Model({"one": one, "other": other}, {"out": merged, "raw": one}))
    assert set(new.input) == {"one", "other"}
    assert set(new.output) == {"out", "raw"}
    assert new.output["out"]._keras_history.operation.name == "scores"
