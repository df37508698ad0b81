"""The tf_keras twin of one Keras 3 layer: same class name, same options, weights not yet set.

tf_keras is Keras 2.15 kept alive, so most options have the same name and meaning. What differs is
written down here, once: renamed options, options only one side has, activations that changed.
Initializers are not carried, because the weights are; everything else that matters for inference or
for further training is.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from edgekit.bridge.lacking.grouped_attention import grouped_query_attention
from edgekit.bridge.lacking.reversible_embedding import reversible_embedding
from edgekit.bridge.ops import twin_activation
from edgekit.bridge.own.twin import is_own, own_twin
from edgekit.bridge.vocabulary import vocabulary_of
from edgekit.core.errors import UnsupportedLayer

if TYPE_CHECKING:
    import keras
    import tf_keras

    from edgekit.bridge.graph import EitherLayer
    from edgekit.bridge.ops import Activation

Config = dict[str, object]

SAME_ACTIVATIONS = frozenset(
    {
        "elu",
        "exponential",
        "gelu",
        "linear",
        "mish",
        "relu",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    }
)
"""Activations that mean the same on both sides; `hard_sigmoid`, for one, changed its slope."""

BROKEN: Mapping[str, str] = {
    "RandomCrop": "tf_keras crops at inference too, Keras 3 in training only",
    "SpectralNormalization": "tf_keras 2.21 makes it with an InputSpec of Keras 3, and fails",
}
"""Classes that both sides have and that nevertheless cannot be carried."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "Bidirectional": ("forward_layer", "backward_layer"),
    "TimeDistributed": ("layer",),
    "MultiHeadAttention": ("_query_dense", "_key_dense", "_value_dense", "_output_dense"),
    "GroupedQueryAttention": (
        "_query_dense",
        "_key_dense",
        "_value_dense",
        "_gate_dense",
        "_output_dense",
    ),
    **dict.fromkeys(("RNN", "SimpleRNN", "LSTM", "GRU"), ("cell",)),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), ("cell",)),
    "StackedRNNCells": ("cells",),
}
"""Attributes that hold a layer's own layers, on both sides; some only with an option."""

OURS: Mapping[str, Callable[[], type[tf_keras.layers.Layer]]] = {
    "GroupedQueryAttention": grouped_query_attention,
    "ReversibleEmbedding": reversible_embedding,
}
"""Classes that tf_keras lacks and that are written for it here."""

BASE_OPTIONS = frozenset({"name", "trainable", "dtype", "zero_output_for_mask"})
"""Options that tf_keras takes without naming them in a signature."""

WITHOUT_MEANING = frozenset({"flash_attention", "use_cudnn", "seed", "vocabulary_size"})
"""Options that change no answer: about speed, about random numbers, or stated elsewhere."""

ABSENT_AS: Mapping[str, object] = {
    "data_format": "channels_last",
    "rms_scaling": False,
    "oov_method": "floormod",
}
"""Options that tf_keras lacks, with the value at which both do the same, if not the default."""


def twin_name(name: str) -> str:
    """Return a layer name TensorFlow accepts as a scope, such as `my_layer` for `my layer`."""
    return re.sub(r"^[^A-Za-z0-9.]", ".", re.sub(r"[^A-Za-z0-9_.\\/>-]", "_", name))


def twin_layer(layer: keras.Layer) -> tf_keras.layers.Layer:
    """Return a new tf_keras layer like `layer`; its weights are not set.

    Args:
        layer: A layer of Keras 3, of one of its own classes, or of one that was registered.

    Raises:
        UnsupportedLayer: tf_keras has no such class or lacks an option the layer uses.
    """
    if is_own(layer):
        return own_twin(layer, twin_name(layer.name))
    kind = twin_class(layer)
    config = _ADJUST.get(type(layer).__name__, _as_it_is)(layer, dict(layer.get_config()))
    accepted = _parameters(kind)
    arguments: Config = {}
    for key, value in config.items():
        if key.endswith("_initializer"):
            continue
        if key in accepted or key in BASE_OPTIONS:
            arguments[key] = _value(layer, key, value)
        else:
            _check_absent(layer, key, value)
    arguments["name"] = twin_name(layer.name)
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise refusal(layer, f"tf_keras refuses its options ({_first_line(error)})") from error


def twin_class(layer: keras.Layer) -> type[tf_keras.layers.Layer]:
    """Return the tf_keras class that corresponds to the layer's class.

    Raises:
        UnsupportedLayer: The class is not one of Keras' own, or tf_keras has none of that name.
    """
    import keras
    import tf_keras

    name = type(layer).__name__
    if type(layer) not in vars(keras.layers).values():  # under a name that may not be its own
        raise refusal(
            layer, "the class is not one of keras.layers, nor known to edgekit.register_qat"
        )
    if name in OURS:
        return OURS[name]()
    if name in BROKEN:
        raise refusal(layer, BROKEN[name])
    kind: type | None = getattr(tf_keras.layers, name, None)
    if kind is None:
        raise refusal(layer, "tf_keras has no layer of that name")
    return kind


def refusal(operation: keras.Operation, because: str) -> UnsupportedLayer:
    """Return the error for a layer that cannot be carried, with what to do about it."""
    return UnsupportedLayer(
        f"Layer '{operation.name}' ({type(operation).__name__}) cannot be carried from Keras 3 to "
        f"tf_keras: {because}. Layers of keras.layers and keras.ops that both sides have are "
        "carried (docs/keras_bridge_layers.md lists them); replace this one by such layers, or "
        "build the model without a step that needs tf_keras (pruned, clustered, qat).",
        because,
    )


def parts(layer: EitherLayer) -> list[EitherLayer]:
    """Return the layers inside a layer, in the same order on both sides; none for a plain layer."""
    inner: list[EitherLayer] = []
    for attribute in PARTS.get(type(layer).__name__, ()):
        part = getattr(layer, attribute, None)
        inner.extend(part if isinstance(part, list | tuple) else [part])
    return [part for part in inner if part is not None]


def _value(layer: keras.Layer, key: str, value: object) -> object:
    """Return the value of an option in the form tf_keras takes."""
    if key == "dtype":
        return _policy(layer)
    if key.endswith("activation"):
        return activation(getattr(layer, key))
    if key.endswith("_regularizer"):
        return _same_named(layer, key, "regularizers")
    if key.endswith("_constraint"):
        return _same_named(layer, key, "constraints")
    return value


def activation(function: Activation) -> str | Activation:
    """Return what tf_keras takes for an activation function of Keras 3."""
    import keras

    name = getattr(function, "__name__", "")
    is_known = name in SAME_ACTIVATIONS and getattr(keras.activations, name, None) is function
    return name if is_known else twin_activation(function)


def _policy(layer: keras.Layer) -> str:
    policy = layer.dtype_policy
    if getattr(policy, "quantization_mode", None) or not isinstance(policy.name, str):
        raise refusal(layer, f"its dtype policy {policy.name} is quantized; use a float policy")
    return str(policy.name)


def _same_named(
    layer: keras.Layer, key: str, module: str
) -> tf_keras.regularizers.Regularizer | tf_keras.constraints.Constraint | None:
    """Return the regularizer or constraint of the same class and options, or None."""
    import keras
    import tf_keras

    original = getattr(layer, key, None)
    if original is None:
        return None
    name = type(original).__name__
    kind = getattr(getattr(tf_keras, module), name, None)
    if kind is None or getattr(getattr(keras, module), name, None) is not type(original):
        raise refusal(layer, f"tf_keras has no {name} for its {key}")
    return kind(**original.get_config())


def _parameters(kind: type) -> set[str]:
    """Return the options a class takes, those it passes on to its base classes included."""
    accepted: set[str] = set()
    for owner in kind.__mro__:
        if "__init__" in vars(owner):
            parameters = inspect.signature(vars(owner)["__init__"]).parameters
            accepted |= set(parameters)
            if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
                break
    return accepted - {"self", "args", "kwargs"}


def _check_absent(layer: keras.Layer, key: str, value: object) -> None:
    """Refuse an option that tf_keras lacks, unless its value changes nothing."""
    parameter = inspect.signature(type(layer).__init__).parameters.get(key)
    default = parameter.default if parameter else None
    neutral = (None, default, ABSENT_AS.get(key, default))
    if key in WITHOUT_MEANING or any(value is n or value == n for n in neutral):
        return
    raise refusal(layer, f"tf_keras lacks its option {key}={value!r}")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")


# What differs from class to class. Each function takes a layer and its config and returns options.


def _as_it_is(_layer: keras.Layer, config: Config) -> Config:
    return config


def _leaky(_layer: keras.Layer, config: Config) -> Config:
    return {"alpha": config.pop("negative_slope"), **config}


def _wrapping(layer: keras.Layer, config: Config) -> Config:
    return {**config, "layer": twin_layer(layer.layer)}


def _bidirectional(layer: keras.Layer, config: Config) -> Config:
    both = {"layer": layer.forward_layer, "backward_layer": layer.backward_layer}
    return {**config, **{key: twin_layer(part) for key, part in both.items()}}


def _recurrent(layer: keras.Layer, config: Config) -> Config:
    return {**config, "cell": twin_layer(layer.cell)}


def _stacked(layer: keras.Layer, config: Config) -> Config:
    return {**config, "cells": [twin_layer(cell) for cell in layer.cells]}


def _lookup(layer: keras.Layer, config: Config) -> Config:
    # Keras 3 notes float32 where both sides answer int64; tf_keras insists on an exact dtype.
    options = {key: value for key, value in config.items() if key != "dtype"}
    known = vocabulary_of(layer)
    if not known:
        raise refusal(layer, "it knows no words yet (adapt it first)")
    if config.get("ragged") or config.get("sparse"):
        raise refusal(layer, "its answers are ragged or sparse")
    return {**options, **known}


def _lambda(layer: keras.Layer, config: Config) -> Config:
    options = {key: config[key] for key in ("name", "trainable", "dtype")}
    return {**options, "function": layer.function, "arguments": layer.arguments}


_ADJUST: Mapping[str, Callable[[keras.Layer, Config], Config]] = {
    "LeakyReLU": _leaky,
    "TimeDistributed": _wrapping,
    "Bidirectional": _bidirectional,
    "RNN": _recurrent,
    "StackedRNNCells": _stacked,
    "IntegerLookup": _lookup,
    "StringLookup": _lookup,
    "TextVectorization": _lookup,
    "Lambda": _lambda,
}
