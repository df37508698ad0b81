"""Rewrite a Keras 3 model into a form that tfmot can train with quantization.

tfmot looks for a convolution, a batch normalization and an activation as three layers, and does not
look into nested models. Its own transform of SeparableConv2D fails (shape mismatch, tfmot 0.8.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.bridge.graph import Arguments, Options, graph_of, nodes, walk
from edgekit.core.types import Array

if TYPE_CHECKING:
    import keras
    from keras.src.ops.node import Node

    from edgekit.bridge.graph import EitherLayer

    Piece = tuple[keras.Layer, list[Array]]
    """A new layer, and the weights it is to have."""

TRAINABLE_ACTIVATIONS = frozenset(
    {"linear", "relu", "softmax", "sigmoid", "tanh", "gelu", "silu", "swish"}
)
"""Activations inside a layer that tfmot can quantize."""

WITH_KERNEL = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense")


def rewritten(model: keras.Model) -> keras.Model:
    """Return a new Keras 3 model that computes what `model` does, in the form tfmot understands.

    - Nested models are flattened.
    - An activation inside a convolution or Dense layer becomes a layer of its own where a
      BatchNormalization follows, or where tfmot does not know it; relu6 becomes ReLU(6).
    - SeparableConv2D becomes DepthwiseConv2D and a 1x1 Conv2D.

    The last of the new layers keeps the name of the one they replace; inputs and outputs keep their
    structure.
    """
    import keras

    graph = graph_of(model)
    before_norm = _before_normalization(model)
    copies: dict[int, list[keras.Layer]] = {}
    pending: list[Piece] = []
    names: set[str] = set()

    def call(node: Node, args: Arguments, kwargs: Options) -> object:
        operation = node.operation
        if isinstance(operation, keras.Model):
            return walk(graph_of(operation), keras.tree.flatten(args[0]), call)
        if not isinstance(operation, keras.layers.Layer):
            return operation(*args, **kwargs)
        if id(operation) not in copies:
            pieces = _pieces(operation, _new_name(operation.name, names), before_norm)
            pending.extend(pieces)
            copies[id(operation)] = [layer for layer, _ in pieces]
        first, *rest = copies[id(operation)]
        result = first(*args, **kwargs)
        for layer in rest:
            result = layer(result)
        return result

    inputs = keras.tree.map_structure(_new_input, graph._inputs_struct)
    outputs = walk(graph, keras.tree.flatten(inputs), call)
    flat = keras.Model(inputs, outputs, name=model.name)
    for layer, weights in pending:
        layer.set_weights(weights)
    return flat


def is_trainable_activation(layer: EitherLayer) -> bool:
    """Whether tfmot can quantize the activation of a layer of either Keras; true if it has none."""
    activation = getattr(layer, "activation", None)
    return activation is None or getattr(activation, "__name__", "") in TRAINABLE_ACTIVATIONS


def _pieces(layer: keras.Layer, name: str, before_norm: set[int]) -> list[Piece]:
    """Return the layers that replace one layer, in order, with their weights."""
    import keras

    kind = type(layer).__name__
    if kind == "Activation" and layer.activation is keras.activations.relu6:
        return [(keras.layers.ReLU(6.0, name=name), [])]
    weights = layer.get_weights()
    config = {**layer.get_config(), "name": name}
    if kind not in WITH_KERNEL:
        return [(type(layer).from_config(config), weights)]
    is_apart = id(layer) in before_norm or not is_trainable_activation(layer)
    if not is_apart or layer.activation is keras.activations.linear:
        return _plain(layer, config, weights)
    linear = _plain(layer, {**config, "name": f"{name}_linear", "activation": "linear"}, weights)
    if layer.activation in (keras.activations.relu, keras.activations.relu6):
        limit = 6.0 if layer.activation is keras.activations.relu6 else None
        return [*linear, (keras.layers.ReLU(limit, name=name), [])]
    return [*linear, (keras.layers.Activation(layer.activation, name=name), [])]


def _plain(layer: keras.Layer, config: Options, weights: list[Array]) -> list[Piece]:
    """Return a copy of a layer, or the two layers that make up a separable convolution."""
    import keras

    if type(layer) is not keras.layers.SeparableConv2D:
        return [(type(layer).from_config(config), weights)]
    depthwise = keras.layers.DepthwiseConv2D(
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        depth_multiplier=layer.depth_multiplier,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
        use_bias=False,
        name=f"{config['name']}_depthwise",
    )
    pointwise = keras.layers.Conv2D(
        layer.filters,
        1,
        data_format=layer.data_format,
        activation=config["activation"],
        use_bias=layer.use_bias,
        name=config["name"],
    )
    return [(depthwise, weights[:1]), (pointwise, weights[1:])]


def _before_normalization(model: keras.Model) -> set[int]:
    """Return the `id` of every operation whose output goes into a BatchNormalization."""
    import keras

    before: set[int] = set()
    for node in nodes(graph_of(model)):
        if isinstance(node.operation, keras.Model):
            before |= _before_normalization(node.operation)
        elif isinstance(node.operation, keras.layers.BatchNormalization):
            before |= {id(tensor._keras_history.operation) for tensor in node.input_tensors}
    return before


def _new_input(tensor: keras.KerasTensor) -> keras.KerasTensor:
    import keras

    name = tensor._keras_history.operation.name
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def _new_name(name: str, names: set[str]) -> str:
    """Return a name not taken yet: nested models may use one name twice."""
    number, new = 1, name
    while new in names:
        number += 1
        new = f"{name}_{number}"
    names.add(new)
    return new
