"""Calls of `keras.ops`, and whole random graphs, cross the bridge with parity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.bridge.carry import TOLERANCE, check_parity, to_tf_keras
from tests.support.bridge_table import there_and_back

keras = pytest.importorskip("keras")
tf_keras = pytest.importorskip("tf_keras")
layers, ops = keras.layers, keras.ops


def test_operators_and_keras_ops() -> None:
    x = keras.Input((4, 6))
    flat = ops.reshape(x, (-1, 24))
    scores = ops.matmul(x, ops.transpose(x, (0, 2, 1))) / 2 - x[:, ::2, :4][:, :1] ** 2
    pooled = ops.mean(1 - ops.relu(scores), axis=-1, keepdims=True)
    constant = x + np.arange(6, dtype="float32")
    there_and_back(keras.Model(x, [flat, pooled, constant, ops.split(x, 3, axis=-1)[1]]))


def test_merging_and_activating_operations_become_layers_tfmot_knows() -> None:
    x = keras.Input((4,))
    y = layers.Dense(4)(x)
    merged = ops.concatenate([x + y, x * y, ops.maximum(x, y)], axis=-1)
    twin = there_and_back(keras.Model(x, ops.sigmoid(merged)))
    kinds = {type(layer).__name__ for layer in twin.layers}
    assert kinds >= {"Add", "Multiply", "Maximum", "Concatenate", "Activation"}
    assert "KerasOp" not in kinds


def test_operations_broadcast_as_keras_3_does() -> None:
    x, y = keras.Input((3, 4)), keras.Input((4,))
    there_and_back(keras.Model([x, y], x + ops.sum(y)), batch_size=2)


def test_one_operation_called_twice() -> None:
    x = keras.Input((4,))
    square = (x**2)._keras_history.operation
    there_and_back(keras.Model(x, square(square(x, 2), 3)))


def test_a_twin_with_operations_can_be_cloned_and_saved(tmp_path: Path) -> None:
    x = keras.Input((4, 6))
    y = layers.Dense(6, activation="hard_silu")(x)[:, 1:, None] * np.float32(2)
    model = keras.Model(x, ops.pad(ops.squeeze(y, 2), ((0, 0), (1, 0), (0, 0))))
    twin = to_tf_keras(model)
    twin.save(tmp_path / "twin.keras")
    loaded = tf_keras.models.load_model(tmp_path / "twin.keras")
    assert check_parity(model, loaded) <= TOLERANCE
    copy = tf_keras.models.clone_model(twin)
    copy.set_weights(twin.get_weights())
    assert check_parity(model, copy) <= TOLERANCE


# Random graphs

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["dense", "shared", "norm", "gelu", "add", "join", "scale", "nested"]),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=7,
)


def grow(steps: list[tuple[str, int, int]]) -> Any:
    """Build a graph in which each step takes tensors made before it, all of width 4."""
    inputs = [keras.Input((4,)), keras.Input((4,))]
    shared = layers.Dense(4, activation="tanh")
    nested = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()])
    made = list(inputs)
    for kind, i, j in steps:
        one, other = made[i % len(made)], made[j % len(made)]
        calls: dict[str, Callable[[Any, Any], Any]] = {
            "dense": lambda x, _: layers.Dense(4, activation="hard_sigmoid")(x),
            "shared": lambda x, _: shared(x),
            "norm": lambda x, _: layers.LayerNormalization()(x),
            "gelu": lambda x, _: ops.gelu(x),
            "add": lambda x, y: x - y,
            "join": lambda x, y: layers.Dense(4)(layers.Concatenate()([x, y])),
            "scale": lambda x, y: 1.5 * x + ops.mean(y, axis=-1, keepdims=True),
            "nested": lambda x, _: nested(x),
        }  # fmt: skip
        made.append(calls[kind](one, other))
    return keras.Model(inputs, made[2:] if len(steps) > 3 else made[-1])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_random_graphs_go_there_and_back(steps: list[tuple[str, int, int]]) -> None:
    there_and_back(grow(steps))
