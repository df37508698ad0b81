"""How far the answers of a Keras 3 model and its tf_keras twin differ on random input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from edgekit.bridge.graph import layers_of
from edgekit.bridge.vocabulary import vocabulary_of
from edgekit.bridge.weights import states
from edgekit.core.keras_graph.rows import rows_taken, table_rows
from edgekit.core.types import Array

if TYPE_CHECKING:
    import keras
    import tf_keras

    from edgekit.bridge.graph import EitherLayer, EitherModel, TwinTensor

    Traced = tuple[keras.Operation, list[keras.KerasTensor], list[TwinTensor]]
    """An operation, its outputs in Keras 3, and those in tf_keras."""

UNKNOWN_SIZE = 32
"""Length taken for an axis of unknown length: an image of it can be halved five times."""


def error(model: keras.Model, twin: EitherModel, *, seed: int) -> float:
    """Return the largest error of any output; see `edgekit.bridge.carry.check_parity`."""
    import keras

    inputs = random_inputs(model, _batch_size(model, twin), seed)
    with _states_kept(model), _states_kept(twin):
        ours = model(inputs, training=False)
        theirs = twin(inputs, training=False)
    pairs = zip(keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True)
    return max(_distance(np.asarray(one), np.asarray(other)) for one, other in pairs)


def first_apart(
    model: keras.Model, twin: tf_keras.Model, trace: list[Traced], *, limit: float
) -> keras.Operation:
    """Return the first operation whose twin gives another answer, to name it in an error."""
    import keras
    import tf_keras

    for operation, ours, theirs in trace:
        probe = keras.Model(model.inputs, ours)
        if error(probe, tf_keras.Model(twin.inputs, theirs), seed=0) > limit:
            return operation
    return model


def random_inputs(model: keras.Model, batch_size: int, seed: int) -> object:
    """Return random inputs in the structure the model takes.

    Floats have mean 0 and standard deviation 1. Integers stay within the smallest tensor of which
    rows are taken by their index. If a layer looks numbers up in a table, all inputs are integers
    within the smallest table; where a layer masks steps, the last third of the
    steps carries its mask value. Texts are words that look-up layers know and others.
    """
    import keras

    random = np.random.default_rng(seed)
    layers = list(layers_of(model))
    tables = [rows for layer in layers if (rows := table_rows(layer))]
    taken = [*rows_taken(model), *tables]
    words = [word for layer in layers for word in _words_of(layer)]
    masks = [layer.mask_value for layer in layers if isinstance(layer, keras.layers.Masking)]

    def draw(tensor: keras.KerasTensor) -> Array:
        shape = [UNKNOWN_SIZE if n is None else n for n in tensor.shape]
        shape[:1] = [batch_size]
        if tensor.dtype == "string":
            return random.choice(np.array(["a", "b", "c", "d e", *words], object), shape)
        array = _draw(
            random, tuple(shape), tensor.dtype, min(tables, default=None), min(taken, default=10)
        )
        if masks and array.ndim > 1:
            array[:, -(array.shape[1] // 3) :] = masks[0]
        return array

    graph = model._functional if isinstance(model, keras.Sequential) else model
    return keras.tree.map_structure(draw, graph._inputs_struct)


def _draw(
    random: np.random.Generator, shape: tuple[int, ...], dtype: str, table: int | None, limit: int
) -> Array:
    if dtype == "bool":
        return random.random(shape) < 0.5
    if table is not None or "int" in dtype:
        return random.integers(0, limit, shape).astype(dtype)
    # bfloat16 has no NumPy name of its own; Keras casts float32 on entry.
    return random.standard_normal(shape).astype("float32" if dtype == "bfloat16" else dtype)


def _words_of(layer: EitherLayer) -> Iterator[str]:
    """Yield texts of words that a layer looks up, if it does."""
    known = vocabulary_of(layer).get("vocabulary")
    if isinstance(known, list) and isinstance(known[0], str):
        yield from known
        yield from (f"{one}, {other.upper()} x" for one, other in pairwise(known))


def _batch_size(model: keras.Model, twin: EitherModel) -> int:
    return next((n for n in (twin.inputs[0].shape[0], model.inputs[0].shape[0]) if n), 2)


def _distance(one: Array, other: Array) -> float:
    """Return the largest error, in units of the largest value where that is above 1."""
    if one.shape != other.shape:
        return float("inf")
    if one.dtype.kind not in "fiub":
        return 0.0 if (one == other).all() else float("inf")
    one, other = one.astype(np.float64), other.astype(np.float64)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return 0.0
    apart = np.abs(one - other)[~same]
    finite = np.abs(one[np.isfinite(one)])
    scale = max(1.0, float(finite.max(initial=0.0)))
    return float(apart.max()) / scale if np.isfinite(apart).all() else float("inf")


@contextmanager
def _states_kept(model: EitherModel) -> Iterator[None]:
    """Put the states of stateful layers back, so that checking a model does not change it."""
    before = [(state, np.asarray(state)) for state in states(model)]
    yield
    for state, value in before:
        state.assign(value)
