"""What Keras quantized itself is float again, with the weights that Keras computes with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import BadInput, UnsupportedLayer
from edgekit.intake.dequantizing import dequantized
from edgekit.intake.model import load
from edgekit.source_model.interface import nested_layers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

IDS = np.random.default_rng(0).integers(0, 32, (5, 8)).astype(np.int32)
STEPS = np.random.default_rng(0).normal(size=(5, 8, 7)).astype(np.float32)


def language_model(tie_weights: bool = True) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    ids = keras.Input((8,), dtype="int32", name="ids")
    embedding = layers.ReversibleEmbedding(32, 12, tie_weights=tie_weights)
    x = embedding(ids) + layers.Embedding(32, 12)(ids)
    x = layers.EinsumDense("abc,cde->abde", (None, 3, 4), bias_axes="e", activation="relu")(x)
    x = layers.EinsumDense("abde,dec->abc", (None, 12), bias_axes="c")(x)
    x = layers.EinsumDense("abc,cd->abd", output_shape=(None, 9), bias_axes="d")(x)
    x = layers.LayerNormalization()(layers.Dense(12, activation="relu", use_bias=False)(x))
    return keras.Model(ids, [embedding(x, reverse=True), layers.Dense(3)(x)])


def config(mode: str, block_size: int | None) -> Any:
    import keras

    kind = {"int8": "Int8QuantizationConfig", "int4": "Int4QuantizationConfig"}.get(mode)
    if kind is None:
        return None
    options = {"block_size": block_size} if mode == "int4" else {}
    # Activations as they are: then Keras' answers are those of its weights alone.
    return getattr(keras.quantizers, kind)(activation_quantizer=None, **options)


@pytest.mark.parametrize(
    ("mode", "block_size"), [("int8", None), ("int4", None), ("int4", 4), ("float8", None)]
)
@pytest.mark.parametrize("tie_weights", [True, False])
def test_a_quantized_model_answers_with_the_same_weights(
    mode: str, block_size: int | None, tie_weights: bool, tmp_path: Path
) -> None:
    model = language_model(tie_weights)
    before = model(IDS, training=False)
    model.quantize(mode, config=config(mode, block_size))
    wanted = before if mode == "float8" else model(IDS, training=False)  # it rounds activations
    model.save(tmp_path / "m.keras")
    loaded: Any
    loaded, notes = load(tmp_path / "m.keras")
    for one, other in zip(wanted, loaded(IDS, training=False), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    if mode != "float8":
        assert float(np.abs(before[0] - wanted[0]).max()) > 1e-4
    assert len(notes) == 1
    assert "model.quantize" in notes[0]
    assert not any(layer.quantization_mode for layer in nested_layers(loaded))
    assert {weight.dtype for weight in loaded.weights} == {"float32"}
    again = type(loaded).from_config(loaded.get_config())  # as for another shape
    again.set_weights(loaded.get_weights())
    np.testing.assert_allclose(again(IDS)[0], loaded(IDS)[0], atol=1e-6)


@pytest.mark.parametrize("policy", ["gptq/4/-1", "gptq/8/3", "awq/4/3"])
def test_weights_found_with_data_are_kept(policy: str) -> None:
    import keras

    mode = policy.partition("/")[0]
    name = f"{policy}_from_float32"
    layers = [
        keras.layers.Dense(5, dtype=name),
        keras.layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="e", dtype=name),
    ]
    random = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((8, 7)), *layers])
    for layer in layers:
        layer._is_quantized = True
        setattr(layer, f"is_{mode}_calibrated", True)  # as after loading
        for weight in layer.weights:
            if weight.dtype == "uint8":
                weight.assign(random.integers(0, 256, weight.shape).astype(np.uint8))
            elif weight.path.endswith("g_idx"):
                weight.assign(
                    np.sort(random.integers(0, layer.kernel_scale.shape[1], weight.shape))
                )
            else:
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
    wanted = model(STEPS)
    made: Any = dequantized(model)[0]
    np.testing.assert_allclose(made(STEPS), wanted, rtol=1e-5)
    assert {weight.dtype for weight in made.weights} == {"float32"}


def test_what_keras_cannot_read_back_is_refused_with_a_way_on(tmp_path: Path) -> None:
    import keras

    x = keras.Input((8, 7))
    model = keras.Model(x, keras.layers.MultiHeadAttention(2, 6)(x, x))
    model.quantize("int8")
    model.save(tmp_path / "m.keras")
    with pytest.raises(BadInput, match=r"model\.quantize.* save the model before that"):
        load(tmp_path / "m.keras")


def test_other_layers_are_refused_with_a_way_on() -> None:
    model = language_model()
    model.quantize("int8")
    model.layers[-1].enable_lora(2)
    with pytest.raises(UnsupportedLayer, match=r"quantized by Keras \(int8\).* as it was before"):
        dequantized(model)


def test_a_float_model_stays_as_it_is() -> None:
    model = language_model()
    assert dequantized(model) == (model, "")
