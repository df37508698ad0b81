"""What the optimizations share: which weights they change, and tfmot's wrappers put right."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import pytest

from edgekit.bridge.carry import TOLERANCE, check_parity, to_tf_keras
from edgekit.bridge.fine_tuning import import_tfmot, kernel_sizes, kernels, summary, wrap_layers
from edgekit.core.errors import BadInput, UnsupportedLayer
from edgekit.core.types import silent
from edgekit.optimizations.pruned import optimization as pruned

keras = pytest.importorskip("keras")
if find_spec("tensorflow_model_optimization") is None:  # importing it would change the process
    pytest.skip("needs edgekit-tflite[build]", allow_module_level=True)
layers = keras.layers


@pytest.fixture
def sparsity() -> Any:
    return import_tfmot().sparsity.keras


def wrapped(model: Any, sparsity: Any) -> Any:
    def wrap(layer: Any) -> Any:
        own = kernels(layer)
        if not own:
            return layer
        layer.get_prunable_weights = lambda: own
        return sparsity.prune_low_magnitude(layer)

    return wrap_layers(to_tf_keras(model), wrap)


def masked_models() -> dict[str, tuple[Any, Any]]:
    words, steps = keras.Input((6,), dtype="int32"), keras.Input((6, 8))
    embedded = layers.Embedding(9, 8, mask_zero=True)(words)
    masked = layers.Masking()(steps)
    return {
        "mask made by a wrapped layer": (words, layers.LSTM(4)(embedded)),
        "mask through a layer without": (steps, layers.LSTM(4)(layers.Dense(4)(masked))),
        "mask used inside attention": (
            steps,
            layers.Bidirectional(layers.GRU(4))(layers.MultiHeadAttention(2, 4)(masked, masked)),
        ),
    }


@pytest.mark.parametrize("name", masked_models())
def test_wrappers_treat_masks_as_the_layers_inside_them_do(name: str, sparsity: Any) -> None:
    model = keras.Model(*masked_models()[name])
    assert check_parity(model, wrapped(model, sparsity)) <= TOLERANCE


def test_importing_tfmot_leaves_the_environment_alone(sparsity: Any) -> None:
    assert sparsity.prune_low_magnitude
    assert "TF_USE_LEGACY_KERAS" not in os.environ


def test_kernels_are_found_inside_layers_and_nested_models_but_depthwise_ones_are_not() -> None:
    x = keras.Input((8, 8, 2))
    y = layers.DepthwiseConv2D(3)(layers.SeparableConv2D(4, 3, name="apart")(x))
    inner = keras.Sequential([keras.Input((4, 16)), layers.LSTM(3, name="steps")])
    y = inner(layers.Reshape((4, 16))(y))
    twin = to_tf_keras(keras.Model(x, layers.BatchNormalization()(y)))
    sizes = {layer.name: size for layer, size in kernel_sizes(twin).items()}
    assert sizes == {"apart": 2 * 4, "steps": 16 * 12 + 3 * 12}


def test_the_summary_says_what_is_left_alone() -> None:
    model = to_tf_keras(
        keras.Sequential([keras.Input((10,)), layers.Dense(9, name="big"), layers.Dense(1)])
    )
    sizes = kernel_sizes(model)
    big = {layer: size for layer, size in sizes.items() if layer.name == "big"}
    assert summary("pruning", big, sizes).startswith("pruning 1 layers, 91 % of the weights in")
    assert summary("pruning", big, sizes).endswith("; left alone: " + model.layers[-1].name)


def test_a_model_without_kernels_is_refused() -> None:
    model = to_tf_keras(keras.Sequential([keras.Input((4,)), layers.ReLU()], name="empty"))
    with pytest.raises(UnsupportedLayer, match="'empty' has no kernel"):
        kernel_sizes(model)


@pytest.mark.parametrize("wrong", [0, 1, 75, -0.5])
def test_a_sparsity_that_is_no_share_is_refused(wrong: float) -> None:
    with pytest.raises(BadInput, match=rf"sparsity of {wrong}.*above 0 and below 1"):
        pruned.apply(None, None, "tiny", 0, silent, sparsity=wrong)
