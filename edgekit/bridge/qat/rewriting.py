"""Rewrite a Keras 3 model into a form that tfmot can train with quantization.

tfmot looks for a convolution, a batch normalization and an activation as three layers, and does not
look into nested models. Its own transform of SeparableConv2D fails (shape mismatch, tfmot 0.8.1),
and it takes no convolution along one axis alone.
"""

from __future__ import annotations

from dataclasses import dataclass
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

WITH_KERNEL = (
    "Conv2D",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "Conv2DTranspose",
    "Dense",
    "EinsumDense",
)

ALONG_ONE_AXIS = ("Conv1D", "DepthwiseConv1D", "SeparableConv1D")


@dataclass(frozen=True, kw_only=True)
class Rewritten:
    """A model in the form that tfmot understands, and where its layers come from.

    Attributes:
        model: A new Keras 3 model without nested ones.
        origins: Name of a layer or operation of it -> the path, such as `backbone/conv`, and the
            class of the one it stems from; in the order in which they are called.
    """

    model: keras.Model
    origins: dict[str, tuple[str, str]]


def rewritten(model: keras.Model) -> Rewritten:
    """Return a new Keras 3 model that computes what `model` does, in the form tfmot understands.

    - Nested models are flattened.
    - An activation inside a convolution or Dense layer becomes a layer of its own where a
      BatchNormalization follows, or where tfmot does not know it; relu6 becomes ReLU(6).
    - SeparableConv2D becomes DepthwiseConv2D and a 1x1 Conv2D.
    - Conv1D, DepthwiseConv1D and SeparableConv1D become those of two axes, one of them of length 1.

    The last of the new layers keeps the name of the one they replace; inputs and outputs keep their
    structure.
    """
    import keras

    graph = graph_of(model)
    before_norm = _before_normalization(model)
    copies: dict[int, list[keras.Layer]] = {}
    pending: list[Piece] = []
    names: set[str] = set()
    origins: dict[str, tuple[str, str]] = {}
    within: list[str] = []

    def call(node: Node, args: Arguments, kwargs: Options) -> object:
        operation = node.operation
        origin = "/".join([*within, operation.name]), type(operation).__name__
        if isinstance(operation, keras.Model):
            within.append(operation.name)
            result = walk(graph_of(operation), keras.tree.flatten(args[0]), call)
            within.pop()
            return result
        if not isinstance(operation, keras.layers.Layer):
            origins.setdefault(operation.name, origin)
            return operation(*args, **kwargs)
        if id(operation) not in copies:
            name = _new_name(operation.name, names)
            pieces = _pieces(operation, operation.get_weights(), name, id(operation) in before_norm)
            pending.extend(pieces)
            copies[id(operation)] = [layer for layer, _ in pieces]
            origins.update((layer.name, origin) for layer, _ in pieces)
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
    return Rewritten(model=flat, origins=origins)


def is_trainable_activation(layer: EitherLayer) -> bool:
    """Whether tfmot can quantize the activation of a layer of either Keras; true if it has none."""
    activation = getattr(layer, "activation", None)
    return activation is None or getattr(activation, "__name__", "") in TRAINABLE_ACTIVATIONS


def _pieces(
    layer: keras.Layer, weights: list[Array], name: str, is_before_norm: bool
) -> list[Piece]:
    """Return the layers that replace one layer, in order, with their weights."""
    import keras

    kind = type(layer).__name__
    if kind == "Activation" and layer.activation is keras.activations.relu6:
        return [(keras.layers.ReLU(6.0, name=name), [])]
    config = {**layer.get_config(), "name": name}
    if kind in ALONG_ONE_AXIS and layer.data_format == "channels_last":
        return _along_two_axes(layer, weights, config, is_before_norm)
    if kind not in WITH_KERNEL:
        return [(type(layer).from_config(config), weights)]
    is_apart = is_before_norm or not is_trainable_activation(layer)
    if not is_apart or layer.activation is keras.activations.linear:
        return _plain(layer, config, weights)
    linear = _plain(layer, {**config, "name": f"{name}_linear", "activation": "linear"}, weights)
    if layer.activation in (keras.activations.relu, keras.activations.relu6):
        limit = 6.0 if layer.activation is keras.activations.relu6 else None
        return [*linear, (keras.layers.ReLU(limit, name=name), [])]
    return [*linear, (keras.layers.Activation(layer.activation, name=name), [])]


def _along_two_axes(
    layer: keras.Layer, weights: list[Array], config: Options, is_before_norm: bool
) -> list[Piece]:
    """Return the layers that make up a convolution along one axis, as TFLite computes it."""
    import keras

    name, kind = str(config["name"]), type(layer).__name__.replace("1D", "2D")
    (size,), (stride,), (rate,) = layer.kernel_size, layer.strides, layer.dilation_rate
    before: list[Piece] = []
    if layer.padding == "causal":
        pad = keras.layers.ZeroPadding1D((rate * (size - 1), 0), name=f"{name}_padding")
        before, config = [(pad, [])], {**config, "padding": "valid"}
    twin = getattr(keras.layers, kind).from_config(
        {
            **config,
            "name": f"{name}_conv",
            "kernel_size": (1, size),
            # TensorFlow wants both strides of a depthwise convolution alike.
            "strides": (1 if kind == "Conv2D" else stride, stride),
            "dilation_rate": (1, rate),
        }
    )
    wide = [w[None] if w.ndim == 3 else w for w in weights]
    channels = layer._inbound_nodes[0].input_tensors[0].shape[-1]
    return [
        *before,
        (keras.layers.Reshape((1, -1, channels), name=f"{name}_in"), []),
        *_pieces(twin, wide, f"{name}_conv", is_before_norm),
        (keras.layers.Reshape((-1, _channels_out(layer, channels)), name=name), []),
    ]


def _channels_out(layer: keras.Layer, channels: int) -> int:
    return int(getattr(layer, "filters", None) or channels * layer.depth_multiplier)


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
