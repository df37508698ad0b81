"""Carry models between Keras 3 and tf_keras, and check that both give the same answers.

tensorflow-model-optimization (tfmot) works on tf_keras models only, while people write models in
Keras 3. `to_tf_keras` makes an equal tf_keras model; `to_keras` brings its weights back after tfmot
has changed them.

    twin = to_tf_keras(model)
    pruned = tfmot.sparsity.keras.prune_low_magnitude(twin, ...)
    ...                                     # compile and fit
    model = to_keras(tfmot.sparsity.keras.strip_pruning(pruned), like=model)

What is carried: Sequential and functional models with branches, shared layers, nested models, any
number and structure of inputs and outputs; layers, `keras.ops` calls, weights, states of stateful
layers, `trainable` flags, regularizers, constraints and float dtype policies. What is not: the
compiled state (optimizer, loss, metrics), initializers, and `training=` or masks filled in by Keras
itself. `docs/keras_bridge_layers.md` lists every class of `keras.layers`.

Importing this module imports no framework. Calling its functions imports tf_keras, which, unlike
tfmot, does not change the process's environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.bridge import parity
from edgekit.bridge.graph import Arguments, Options, graph_of, layers_of, walk
from edgekit.bridge.layers import refusal, twin_layer, twin_name
from edgekit.bridge.ops import call_twin
from edgekit.bridge.vocabulary import vocabulary_of
from edgekit.bridge.weights import set_keras_weights, set_twin_weights
from edgekit.core.errors import BadInput, UnsupportedLayer

if TYPE_CHECKING:
    import keras
    import tf_keras
    from keras.src.ops.node import Node

    from edgekit.bridge.graph import TwinTensor

TOLERANCE = 1e-5
"""Largest accepted error, relative to the largest output where that is above 1.

Both sides compute in float32, with kernels that sum in different orders. The rounding error of a
sum grows with its size (about 1e-7 of it for each addition), so an output around 1000 cannot be
exact to 1e-5; one in -1..1 can.
"""

HALF_TOLERANCE = 1e-2
"""The same for models that compute in float16 or bfloat16, whose steps are 1e-3 and 8e-3."""


def to_tf_keras(model: keras.Model, *, batch_size: int | None = None) -> tf_keras.Model:
    """Return a tf_keras model equal to a Keras 3 model, weights included.

    The twin is always functional; its layers have the names of the originals (characters that
    TensorFlow does not allow in a scope become `_`). It is checked against `model` on random input.

    Args:
        model: A built `keras.Sequential` or functional `keras.Model`; it is not changed.
        batch_size: Fixes the batch axis of all inputs; None keeps it as it is, fixed or not.

    Raises:
        UnsupportedLayer: tf_keras cannot express the model; names the first layer it stopped at.
    """
    trace: list[parity.Traced] = []
    twin = _twin_model(model, batch_size, {}, trace)
    set_twin_weights(model, twin)
    limit = _tolerance(model)
    error = check_parity(model, twin)
    if error > limit:
        culprit = parity.first_apart(model, twin, trace, limit=limit)
        how = f"with an error of {error:.1e}" if error < float("inf") else "in shape or with NaN"
        raise refusal(culprit, f"tf_keras answers otherwise, {how}")
    return twin


def to_keras(twin: tf_keras.Model, like: keras.Model) -> keras.Model:
    """Return a new Keras 3 model like `like`, with the weights of its tf_keras twin.

    Args:
        twin: From `to_tf_keras(like)`, possibly trained further; wrappers of tfmot stripped.
        like: The Keras 3 model the twin was made from; it is not changed.

    Raises:
        BadInput: `twin` is not of tf_keras, lacks a layer of `like`, or answers otherwise than the
            new model; or Keras cannot copy `like`.
        UnsupportedLayer: The weights of a layer do not fit.
    """
    import tf_keras

    graph_of(like)
    if not isinstance(twin, tf_keras.Model):
        raise BadInput(
            f"A {type(twin).__module__}.{type(twin).__name__} was given where the tf_keras twin of "
            f"'{like.name}' is needed; pass what to_tf_keras returned, or a stripped copy."
        )
    model = copied(like)
    set_keras_weights(model, twin)
    error = check_parity(model, twin)
    if error > _tolerance(model):
        raise BadInput(
            f"The tf_keras model '{twin.name}' answers otherwise than '{like.name}' with its "
            f"weights (error {error:.1e}, allowed {_tolerance(model):.0e}); it must come from "
            "to_tf_keras of that model, and only its weights may have changed."
        )
    return model


def copied(model: keras.Model) -> keras.Model:
    """Return a new model of the same layers, with weights of its own.

    Raises:
        BadInput: Keras cannot copy it.
    """
    import keras

    try:
        return keras.models.clone_model(model, clone_function=fresh)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"Keras cannot make a copy of '{model.name}' ({_summary(error)}); its parts must be "
            "serializable, so decorate functions and classes of your own with "
            "keras.saving.register_keras_serializable."
        ) from error


def fresh(layer: keras.Layer) -> keras.Layer:
    """Return a new layer like `layer`; a `Lambda` keeps its function, which is the user's own."""
    import keras

    if isinstance(layer, keras.layers.Lambda):
        return keras.layers.Lambda(layer.function, arguments=layer.arguments, name=layer.name)
    return type(layer).from_config({**layer.get_config(), **vocabulary_of(layer)})


def check_parity(model: keras.Model, twin: tf_keras.Model, *, seed: int = 0) -> float:
    """Return the largest error between a Keras 3 model and its twin on random input.

    Both run in inference mode. The error is absolute while outputs stay within -1..1, and relative
    to the largest output of `model` beyond that. Not-a-number in the same place on both sides
    counts as equal; different shapes, or not-a-number on one side, count as infinite.

    Args:
        model: The Keras 3 model.
        twin: The tf_keras model.
        seed: Of the random input; see `edgekit.bridge.parity.random_inputs` for what it holds.
    """
    return parity.error(model, twin, seed=seed)


def _twin_model(
    model: keras.Model,
    batch_size: int | None,
    twins: dict[int, tf_keras.layers.Layer],
    trace: list[parity.Traced],
) -> tf_keras.Model:
    """Make the twin of a model.

    Args:
        model: A Keras 3 model, or one nested in it.
        batch_size: As in `to_tf_keras`.
        twins: `id` of a layer -> its twin; filled here, so that shared layers stay shared.
        trace: Filled with each operation, its outputs and those of its twin, in order.
    """
    import keras
    import tf_keras

    graph = graph_of(model)
    inputs = keras.tree.map_structure(lambda x: _twin_input(x, batch_size), graph._inputs_struct)
    names: dict[str, int] = {}

    def call(node: Node, args: Arguments, kwargs: Options) -> object:
        operation = node.operation
        try:
            if isinstance(operation, keras.layers.Layer):
                outputs = _twin_of(operation, batch_size, twins)(*args, **kwargs)
            else:
                outputs = call_twin(operation, call_name(operation, names), args, kwargs)
        except UnsupportedLayer:
            raise
        except Exception as error:  # whatever TensorFlow raises while it builds the layer
            raise refusal(operation, f"tf_keras fails on it ({_summary(error)})") from error
        trace.append((operation, node.outputs, keras.tree.flatten(outputs)))
        return outputs

    outputs = walk(graph, keras.tree.flatten(inputs), call)
    return tf_keras.Model(inputs, outputs, name=twin_name(model.name))


def _twin_of(
    layer: keras.Layer, batch_size: int | None, twins: dict[int, tf_keras.layers.Layer]
) -> tf_keras.layers.Layer:
    import keras

    if id(layer) not in twins:
        is_model = isinstance(layer, keras.Model)
        made = _twin_model(layer, batch_size, twins, []) if is_model else twin_layer(layer)
        twins[id(layer)] = made
    return twins[id(layer)]


def _twin_input(tensor: keras.KerasTensor, batch_size: int | None) -> TwinTensor:
    import tf_keras

    own_batch_size, *shape = tensor.shape
    return tf_keras.Input(
        shape=shape,
        batch_size=batch_size or own_batch_size,
        dtype=tensor.dtype,
        name=twin_name(tensor._keras_history.operation.name),
    )


def call_name(operation: keras.Operation, names: dict[str, int]) -> str:
    """Return a name for a call: an operation can be called twice, where a layer is shared."""
    name = twin_name(operation.name)
    names[name] = names.get(name, 0) + 1
    return name if names[name] == 1 else f"{name}_call_{names[name]}"


def _tolerance(model: keras.Model) -> float:
    half = any(layer.compute_dtype in ("float16", "bfloat16") for layer in layers_of(model))
    return HALF_TOLERANCE if half else TOLERANCE


def _summary(error: Exception) -> str:
    lines = [line.strip() for line in str(error).split("\n") if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
