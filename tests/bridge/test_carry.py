"""The bridge carries structure, weights and semantics, or names the layer it stops at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgekit.bridge.carry import TOLERANCE, check_parity, to_keras, to_tf_keras
from edgekit.core.errors import BadInput, UnsupportedLayer
from tests.support.bridge_table import there_and_back

keras = pytest.importorskip("keras")
tf_keras = pytest.importorskip("tf_keras")
layers, ops = keras.layers, keras.ops


@pytest.fixture(autouse=True)
def _seeded() -> None:
    keras.utils.set_random_seed(3)


def small_model(**options: Any) -> Any:
    x = keras.Input((4,))
    hidden = layers.Dense(5, activation="relu", name="hidden", **options)(x)
    return keras.Model(x, layers.Dense(2, name="scores")(hidden), name="small")


# Structure


def test_branches_shared_layers_and_named_ends_survive() -> None:
    one, other = keras.Input((6,), name="one"), keras.Input((6,), name="other")
    shared = layers.Dense(4, name="shared")
    model = keras.Model(
        {"one": one, "other": other},
        {"sum": shared(one) + shared(other), "both": layers.Concatenate()([shared(one), other])},
    )
    twin = there_and_back(model)
    assert [layer.name for layer in twin.layers].count("shared") == 1
    assert twin.count_params() == model.count_params()
    assert set(twin.input_shape) == {"one", "other"}
    assert twin.output_shape == {"sum": (None, 4), "both": (None, 10)}


def test_a_nested_model_used_twice_is_one_model_in_the_twin() -> None:
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6), layers.BatchNormalization()])
    x = keras.Input((6,))
    twin = there_and_back(keras.Model(x, inner(inner(x))))
    assert [type(layer).__name__ for layer in twin.layers] == ["InputLayer", "Functional"]
    assert twin.count_params() == inner.count_params()


def test_the_batch_axis_stays_as_it_was_or_is_fixed_on_request() -> None:
    assert to_tf_keras(small_model()).input_shape == (None, 4)
    assert to_tf_keras(small_model(), batch_size=3).output_shape == (3, 2)
    x = keras.Input(batch_shape=(2, 4))
    assert to_tf_keras(keras.Model(x, layers.Dense(1)(x))).input_shape == (2, 4)


def test_a_model_cut_out_of_another_and_an_input_passed_through() -> None:
    x = keras.Input((4,))
    middle = layers.Dense(3)(x)
    there_and_back(keras.Model(middle, layers.Dense(2)(middle)))
    there_and_back(keras.Model(x, [x, middle]))


def test_axes_of_unknown_length() -> None:
    x = keras.Input((None, None, 3))
    pooled = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, strides=2)(x))
    assert there_and_back(keras.Model(x, pooled)).input_shape == (None, None, None, 3)


def test_rows_that_are_taken_by_integers_of_the_user() -> None:
    rows = keras.Input((4,), batch_size=3, name="rows")
    which = keras.Input((50,), batch_size=1, dtype="int32", name="which")
    taken = keras.ops.take(layers.Dense(2)(rows), which[0], axis=0)
    there_and_back(keras.Model([rows, which], taken))


def test_names_that_tensorflow_does_not_allow() -> None:
    x = keras.Input((4,), name="my input")
    twin = there_and_back(keras.Model(x, layers.Dense(2, name="größe 1")(x)))
    assert [layer.name for layer in twin.layers] == ["my_input", "gr__e_1"]


# Semantics


def test_masks_reach_the_layers_that_use_them() -> None:
    words = keras.Input((6,), dtype="int32")
    x = layers.Embedding(9, 8, mask_zero=True)(words)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(layers.Dropout(0.2)(x))
    model = keras.Model(words, layers.GRU(2)(x))
    twin = there_and_back(model)
    padded = np.array([[3, 4, 0, 0, 0, 0]], "int32")
    assert np.allclose(model(padded), twin(padded), atol=TOLERANCE)


def test_an_operation_drops_the_mask_as_in_keras_3() -> None:
    steps = keras.Input((6, 4))
    masked = layers.Masking()(steps)
    there_and_back(keras.Model(steps, layers.SimpleRNN(3)(masked + masked)))
    there_and_back(keras.Model(steps, layers.SimpleRNN(3)(layers.Add()([masked, masked]))))


def test_explicit_masks_and_states() -> None:
    x, mask = keras.Input((6, 4)), keras.Input((6,), dtype="bool")
    _, *states = layers.LSTM(4, return_state=True)(x, mask=mask)
    there_and_back(keras.Model([x, mask], layers.LSTM(4)(x, initial_state=states)))


def test_the_state_of_a_stateful_layer_is_carried_and_checking_leaves_it_alone() -> None:
    x = keras.Input(batch_shape=(2, 5, 4))
    model = keras.Model(x, layers.GRU(3, stateful=True)(x))
    batch = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    model(batch)
    twin = to_tf_keras(model)
    second, second_in_twin = model(batch), twin(batch)
    assert np.allclose(second, second_in_twin, atol=TOLERANCE)
    assert not np.allclose(second, model(batch), atol=1e-4)


def test_dropout_drops_in_training_only_and_training_follows_the_caller() -> None:
    x = keras.Input((400,))
    model = keras.Model(x, layers.Dropout(0.5)(x, training=False))
    twin = there_and_back(model)
    ones = np.ones((1, 400), "float32")
    for side in (model, twin):  # Keras 3 lets the caller of a model override its layers' calls
        assert 100 < np.sum(np.asarray(side(ones, training=True)) == 0) < 300


def test_frozen_layers_stay_frozen_and_keep_their_weights() -> None:
    model = small_model()
    model.get_layer("hidden").trainable = False
    twin = there_and_back(model)
    assert [w.name for w in twin.trainable_weights] == ["scores/kernel:0", "scores/bias:0"]


def test_regularizers_and_constraints_are_carried() -> None:
    twin = to_tf_keras(small_model(kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2)))
    assert twin.get_layer("hidden").kernel_regularizer.get_config() == pytest.approx(
        {"l1": 0.1, "l2": 0.2}
    )
    constrained = to_tf_keras(small_model(kernel_constraint=keras.constraints.MaxNorm(3)))
    assert constrained.get_layer("hidden").kernel_constraint.max_value == 3


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_float_policies(policy: str) -> None:
    x = keras.Input((8, 8, 3))
    y = layers.BatchNormalization(dtype=policy)(layers.Conv2D(4, 3, dtype=policy)(x))
    twin = to_tf_keras(keras.Model(x, layers.Dense(2, dtype="float32")(y + y * 0.5)))
    assert twin.layers[1].dtype_policy.name == policy


def doubled(x: Any) -> Any:
    return ops.relu(x) * 2


def test_functions_and_layers_as_activations() -> None:
    x = keras.Input((4,))
    there_and_back(keras.Model(x, layers.Dense(3, activation=layers.LeakyReLU(0.3))(x)))
    own = keras.Model(x, layers.Dense(3, activation=doubled)(x), name="own")
    with pytest.raises(BadInput, match=r"copy of 'own'.*register_keras_serializable"):
        to_keras(to_tf_keras(own), like=own)


# Weights back


def test_trained_weights_come_back_and_the_original_is_left_alone() -> None:
    model = small_model()
    before = [w.copy() for w in model.get_weights()]
    twin = to_tf_keras(model)
    twin.compile("sgd", "mse")
    twin.fit(np.ones((4, 4), "float32"), np.ones((4, 2), "float32"), verbose=0)
    back = to_keras(twin, like=model)
    assert check_parity(back, twin) <= TOLERANCE < check_parity(model, twin)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_another_model_is_refused_as_a_twin() -> None:
    with pytest.raises(BadInput, match=r"no layer 'hidden'.*strip_pruning"):
        to_keras(tf_keras.Sequential([tf_keras.layers.Dense(2, input_shape=(4,))]), small_model())
    with pytest.raises(BadInput, match="tf_keras twin of 'small' is needed"):
        to_keras(small_model(), like=small_model())
    changed = to_tf_keras(small_model(activity_regularizer=None))
    changed.get_layer("hidden").activation = tf_keras.activations.tanh
    with pytest.raises(BadInput, match="answers otherwise"):
        to_keras(tf_keras.models.clone_model(changed), like=small_model())


# Refusals


class Scaled(layers.Dense):  # type: ignore[name-defined,misc]  # Keras has no types
    """A layer of the user's own."""


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Scaled(2, name="mine"), r"'mine' \(Scaled\).*not one of keras.layers.*replace"),
        (lambda: layers.RMSNormalization(name="rms"), r"'rms' \(RMSNormalization\).*no layer of"),
        (lambda: layers.Dense(8, lora_rank=2, name="lo"), r"'lo'.*lacks its option lora_rank=2"),
        (lambda: layers.Dense(2, activation=layers.PReLU(), name="pr"), r"'pr'.*its weights have"),
        (lambda: layers.RandomCrop(2, 2, name="crop"), r"'crop'.*crops at inference too"),
    ],
)
def test_the_layer_that_cannot_be_carried_is_named(make: Callable[[], Any], sentence: str) -> None:
    x = keras.Input((4, 4, 3))
    with pytest.raises(UnsupportedLayer, match=sentence):
        to_tf_keras(keras.Model(x, make()(layers.Conv2D(3, 1)(x))))


def test_a_layer_that_answers_otherwise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf_keras.layers, "ELU", tf_keras.layers.LeakyReLU)
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(2)(layers.ELU(alpha=1.0, name="odd")(layers.Dense(3)(x))))
    with pytest.raises(UnsupportedLayer, match=r"'odd' \(ELU\).*answers otherwise, with an error"):
        to_tf_keras(model)


def test_models_without_a_graph_are_refused() -> None:
    class Own(keras.Model):  # type: ignore[name-defined,misc]  # Keras has no types
        def call(self, x: Any) -> Any:
            return x

    for model, sentence in [
        (Own(name="own"), "'own'.*subclassed"),
        (keras.Sequential([layers.Dense(2)], name="early"), "'early'.*not built; call model.build"),
        (tf_keras.Sequential(), "tf_keras.*where a Keras 3 model"),
    ]:
        with pytest.raises(UnsupportedLayer, match=sentence):
            to_tf_keras(model)


def test_a_quantized_layer_is_refused() -> None:
    packed = layers.Dense(3, dtype="int8_from_float32", name="packed")
    model = keras.Sequential([keras.Input((16,)), packed])
    with pytest.raises(UnsupportedLayer, match=r"'packed'.*int8_from_float32 is quantized"):
        to_tf_keras(model)


# Surroundings


def test_the_environment_is_left_alone_and_nothing_heavy_is_imported_early() -> None:
    code = """
import os, sys
import edgekit.bridge.carry as bridge
assert not {"tensorflow", "keras", "tf_keras"} & set(sys.modules)
import keras, tensorflow
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
before = dict(os.environ)
bridge.to_keras(bridge.to_tf_keras(model), like=model)
assert dict(os.environ) == before, set(os.environ) ^ set(before)
assert tensorflow.keras.__version__.startswith("3.")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
