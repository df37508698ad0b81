"""Choose, before any training, what quantization-aware training does with each layer.

Nothing here imports tfmot, which changes the process it is imported in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from edgekit.bridge.graph import is_linear, is_passed_once
from edgekit.bridge.own.registering import REGISTERED, Rounds
from edgekit.bridge.own.twin import own_layer, rounds_of
from edgekit.bridge.qat.kinds import (
    ATTENTION,
    IN_FLOAT,
    OUR_ACTIVATIONS,
    OURS,
    PROJECTIONS,
    TFMOT,
)
from edgekit.bridge.qat.rewriting import is_trainable_activation

if TYPE_CHECKING:
    import tf_keras

By = Literal["tfmot", "edgekit", ""]
"""Whose QuantizeConfig rounds a layer; "" if it trains in float."""

_NOTHING = Rounds()
_UNKNOWN = "neither tfmot nor edgekit rounds layers of this kind"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is rounded in a layer of a tf_keras model, by whom, and why not more."""

    by: By
    rounds: Rounds = _NOTHING
    reason: str = ""


def choices(model: tf_keras.Model) -> Mapping[str, Choice]:
    """Return name -> choice for each layer of a tf_keras model without nested ones.

    Args:
        model: From `to_tf_keras(rewritten(...).model)`.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    chosen = {layer.name: _choice(layer) for layer in layers}
    for layer in layers:
        if type(layer).__name__ == "BatchNormalization" and chosen[layer.name].by == "edgekit":
            chosen.update(_folded_through_reshape(layer, chosen))
        if (before := _fused_into(layer, chosen)) is not None:
            rounds = replace(chosen[before.name].rounds, activations=(), output=False)
            chosen[before.name] = replace(chosen[before.name], rounds=rounds)
    return chosen


def _choice(layer: tf_keras.layers.Layer) -> Choice:
    kind = type(layer).__name__
    if because := _never(layer):
        return Choice(by="", reason=because)
    if isinstance(layer, own_layer()):
        return Choice(by="edgekit", rounds=rounds_of(layer))
    if rounds := _registered(layer):
        return Choice(by="edgekit", rounds=rounds)
    if kind == "BatchNormalization" and (before := _folds_into(layer)):
        note = f"in the file it is folded into {before.name}"
        return Choice(by="tfmot", rounds=Rounds(note=note))
    if kind in ATTENTION:
        return Choice(by="edgekit", rounds=PROJECTIONS)
    if kind in OURS:
        return Choice(by="edgekit", rounds=OURS[kind])
    if kind == "Activation" and not is_trainable_activation(layer):
        name = layer.activation.__name__
        if name in OUR_ACTIVATIONS:
            return Choice(by="edgekit", rounds=Rounds(output=True))
        return Choice(by="", reason=f"tfmot does not know the activation '{name}'")
    if kind in TFMOT:
        return Choice(by="tfmot", rounds=TFMOT[kind])
    return Choice(by="", reason=IN_FLOAT.get(kind, _UNKNOWN))


def _never(layer: tf_keras.layers.Layer) -> str:
    """Return why a layer cannot be rounded whatever its class is, or ""."""
    import tensorflow as tf

    if layer.compute_dtype != "float32":
        return f"it computes in {layer.compute_dtype}, and tfmot in float32"
    calls = len(layer._inbound_nodes)
    if calls != 1:
        return f"it is called {calls} times, and tfmot knows one range for a layer"
    tensors = tf.nest.flatten(layer._inbound_nodes[0].input_tensors)
    if not all(tensor.dtype.is_floating for tensor in tensors):
        return IN_FLOAT.get(type(layer).__name__, "what goes in are whole numbers or texts")
    if isinstance(layer, own_layer()) and len(layer._inbound_nodes[0].call_args) > 1:
        return "it is called with several arguments, and tfmot wraps layers that take one"
    return ""


def _folds_into(norm: tf_keras.layers.Layer) -> tf_keras.layers.Layer | None:
    """Return the convolution or Dense layer that tfmot folds a normalization into, or None."""
    before = norm._inbound_nodes[0].inbound_layers
    is_kernel = type(before).__name__ in ("Conv2D", "DepthwiseConv2D", "Dense")
    return before if is_kernel and is_linear(before) and is_passed_once(before) else None


def _fused_into(
    layer: tf_keras.layers.Layer, chosen: Mapping[str, Choice]
) -> tf_keras.layers.Layer | None:
    """Return the layer that tfmot takes together with this one: its own result is not rounded."""
    if chosen[layer.name].by != "tfmot" or not (
        _is_relu(layer) or type(layer).__name__ == "BatchNormalization"
    ):
        return None
    before = layer._inbound_nodes[0].inbound_layers
    kind = type(before).__name__
    fuses = kind in ("Add", "Conv2D", "DepthwiseConv2D", "Dense") and is_passed_once(before)
    return before if fuses and chosen[before.name].by == "tfmot" else None


def _folded_through_reshape(
    norm: tf_keras.layers.Layer, chosen: Mapping[str, Choice]
) -> Mapping[str, Choice]:
    """Return the choices for a normalization behind a convolution along one axis.

    The converter folds it, so nothing is rounded between the two; tfmot's own pattern for this
    knows its own layers only.
    """
    reshape = norm._inbound_nodes[0].inbound_layers
    if type(reshape).__name__ != "Reshape" or not is_passed_once(reshape):
        return {}
    conv = reshape._inbound_nodes[0].inbound_layers
    is_conv = type(conv).__name__ in ("Conv2D", "DepthwiseConv2D")
    if not (is_conv and is_linear(conv) and is_passed_once(conv) and chosen[conv.name].by):
        return {}
    after = norm._outbound_nodes[0].outbound_layer if is_passed_once(norm) else None
    fuses = after is not None and _is_relu(after) and chosen[after.name].by == "tfmot"
    note = f"in the file it is folded into {conv.name}"
    kernel = replace(chosen[conv.name].rounds, activations=())
    return {
        conv.name: Choice(by="edgekit", rounds=kernel),
        norm.name: Choice(by="edgekit", rounds=Rounds(output=not fuses, note=note)),
    }


def _is_relu(layer: tf_keras.layers.Layer) -> bool:
    kind = type(layer).__name__
    return kind == "ReLU" or (kind == "Activation" and layer.activation.__name__ == "relu")


def _registered(twin: tf_keras.layers.Layer) -> Rounds | None:
    """Return what was registered for the class of `keras.layers` whose twin this is, or None."""
    import keras

    return REGISTERED.get(getattr(keras.layers, type(twin).__name__, object))
