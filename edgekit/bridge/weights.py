"""Which weight of a Keras 3 layer is which weight of its tf_keras twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from edgekit.bridge.graph import graph_of
from edgekit.bridge.layers import parts, refusal, twin_name
from edgekit.core.errors import BadInput

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    import tf_keras

    from edgekit.bridge.graph import EitherLayer, EitherModel, EitherVariable


def set_twin_weights(model: keras.Model, twin: tf_keras.Model) -> None:
    """Copy the weights, recurrent states and trainable flags of a Keras 3 model to its twin."""
    for layer, its_twin in _layer_pairs(model, twin):
        for weight, its_weight in _weight_pairs(layer, its_twin):
            its_weight.assign(np.asarray(weight).astype(its_weight.dtype.as_numpy_dtype))
        _finalize(its_twin)
    _set_trainable(model, twin)


def set_keras_weights(model: keras.Model, twin: tf_keras.Model) -> None:
    """Copy the weights of a twin into a Keras 3 model of the same structure."""
    for layer, its_twin in _layer_pairs(model, twin):
        for weight, its_weight in _weight_pairs(layer, its_twin):
            weight.assign(its_weight.numpy())
        _finalize(layer)


def states(model: EitherModel) -> list[EitherVariable]:
    """Return the state variables of all stateful recurrent layers, of either Keras."""
    import keras
    import tf_keras

    variables: list[EitherVariable] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model | tf_keras.Model):
            variables.extend(states(layer))
        for part in [layer, *parts(layer)]:
            variables.extend(_states(part))
    return variables


def _layer_pairs(
    model: keras.Model, twin: tf_keras.Model
) -> Iterator[tuple[keras.Layer, tf_keras.layers.Layer]]:
    import keras

    for layer in graph_of(model).layers:
        if not layer.weights and not parts(layer) and not isinstance(layer, keras.Model):
            continue  # nothing to carry, and tfmot may have replaced it
        its_twin = _layer_called(twin, twin_name(layer.name))
        if isinstance(layer, keras.Model):
            yield from _layer_pairs(layer, its_twin)
        else:
            yield layer, its_twin


def _layer_called(twin: tf_keras.Model, name: str) -> tf_keras.layers.Layer:
    for layer in twin.layers:
        if layer.name == name:
            return layer
    raise BadInput(
        f"The tf_keras model '{twin.name}' has no layer '{name}'; it must come from to_tf_keras "
        "of the same model. Strip wrappers first (tfmot's strip_pruning or strip_clustering)."
    )


def _weight_pairs(
    layer: keras.Layer, twin: tf_keras.layers.Layer
) -> Iterator[tuple[keras.Variable, tf.Variable]]:
    if hasattr(twin, "variables_in_order"):  # of a class of the user's own
        yield from zip(layer.variables, twin.variables_in_order(), strict=True)
        return
    ours, theirs = parts(layer), parts(twin)
    if len(ours) != len(theirs):
        raise refusal(layer, f"its twin is a {type(twin).__name__} with other layers inside")
    for part, its_twin in zip(ours, theirs, strict=True):
        yield from _weight_pairs(part, its_twin)
    own, its_own = _own(layer, ours), _own(twin, theirs)
    if [tuple(w.shape) for w in own] != [tuple(w.shape) for w in its_own]:
        shapes = [[tuple(w.shape) for w in side] for side in (own, its_own)]
        raise refusal(layer, f"its weights have the shapes {shapes[0]}, in tf_keras {shapes[1]}")
    yield from zip(own, its_own, strict=True)


def _own(layer: EitherLayer, inner: list[EitherLayer]) -> list[EitherVariable]:
    """Return a layer's weights that are not in the layers inside it, its states last."""
    own_states = _states(layer)
    apart = {id(weight) for part in inner for weight in part.weights} | set(map(id, own_states))
    return [weight for weight in layer.weights if id(weight) not in apart] + own_states


def _states(layer: EitherLayer) -> list[EitherVariable]:
    if not (getattr(layer, "stateful", False) and hasattr(layer, "cell")):
        return []  # a Bidirectional shows the states of the layers inside it
    import keras

    return [state for state in keras.tree.flatten(layer.states) if state is not None]


def _finalize(layer: EitherLayer) -> None:
    """Let a preprocessing layer compute what it derives from its weights."""
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()


def _set_trainable(layer: keras.Layer, twin: tf_keras.layers.Layer) -> None:
    """Copy the flags from the outside in, since setting one sets those of the layers inside."""
    import keras

    twin.trainable = layer.trainable
    if isinstance(layer, keras.Model):
        for inner in graph_of(layer).layers:
            if any(inner_twin.name == twin_name(inner.name) for inner_twin in twin.layers):
                _set_trainable(inner, _layer_called(twin, twin_name(inner.name)))
    for part, its_twin in zip(parts(layer), parts(twin), strict=True):
        _set_trainable(part, its_twin)
