"""Take the last Concatenate out of a model: its parts become outputs, each with its own range."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from edgekit.core.errors import BadInput
from edgekit.intake.joined_outputs.joints import Joint, Knot, Leaf, Outputs, named, renamed
from edgekit.source_model.interface import (
    KerasModel,
    SavedModel,
    SourceModel,
    given_names,
    is_tf_keras,
    named_leaves,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    from tensorflow.types.experimental import ConcreteFunction

_PASSING = ("Identity", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise")
"""Layers that hand on what they are given when a model answers."""

_UNNAMED = ("Mul", "AddV2", "Sub", "RealDiv", "Reshape", "Cast", "Exp", "Sigmoid")
"""TensorFlow's operators that hardly change what their first input is called."""


def joints_of(model: SourceModel) -> tuple[Joint, ...]:
    """Return the outputs of a model that end in a Concatenate, and what they join; often none.

    Where the library cannot tell, there are none: nothing depends on it but an advice. For a
    SavedModel its whole graph has to be written anew, which takes time.
    """
    try:
        found = _joined_in_function(model)[0] if isinstance(model, SavedModel) else _joined(model)
    except Exception:  # whatever Keras or TensorFlow raises
        return ()
    return tuple(renamed(joint, given_names(model)) for joint in named(found)[1])


def separate_outputs(model: SourceModel) -> tuple[SourceModel, tuple[Joint, ...]]:
    """Return a model without its last Concatenate, whose parts are outputs in its place.

    They are called after the Keras layers that compute them. Where a part is itself joined, its
    parts become outputs. Outputs that are not joined stay as they are.

    Args:
        model: What `edgekit.source_model.loading.load_model` returns.

    Returns:
        The model, and how the old outputs are put together from the new ones.

    Raises:
        BadInput: No output ends in a Concatenate, the model does not tell what it ends in, or
            several signatures go into one file.
    """
    if getattr(model, "beside", ()):
        raise BadInput(
            "You asked for separate outputs (split_outputs) and for several signatures in one "
            "file; give one signature."
        )
    split = _split_function if isinstance(model, SavedModel) else _split
    parts, joints = split(model)
    if not joints:
        raise BadInput(
            f"You asked for separate outputs (split_outputs); model '{model.name}' {_ends(model)}. "
            "Leave it out, or let the model itself return several outputs."
        )
    return parts, joints


def _split(model: KerasModel) -> tuple[KerasModel, tuple[Joint, ...]]:
    tensors, joints = named(_joined(model))
    if not joints:
        return model, ()
    library = importlib.import_module("tf_keras" if is_tf_keras(model) else "keras")
    split: KerasModel = library.Model(model.input, tensors, name=model.name)
    return split, joints


def _joined(model: KerasModel) -> Outputs:
    """Return what each output of a Keras model joins; nothing if Keras does not know its graph."""
    if not _is_functional(model):
        return {}
    outputs = zip(_names(model), model.outputs, strict=True)
    return {name: _untied(tensor, (name,)) for name, tensor in outputs}


def _is_functional(model: KerasModel) -> bool:
    return bool(getattr(model, "inputs", None) and getattr(model, "outputs", None))


def _names(model: KerasModel) -> list[str]:
    """Return the names of a Keras model's outputs, as `interface_of` gives them."""
    own = [tensor._keras_history[0].name for tensor in model.outputs]
    return list(named_leaves(model.output, own))


def _untied(tensor: keras.KerasTensor, names: tuple[str, ...] = ()) -> Knot | Leaf:
    """Return what a tensor joins, as far back as it joins anything."""
    source, inputs = _source(tensor), _inputs(tensor)
    if _passes(source) and len(inputs) == 1:
        found = _untied(inputs[0], names)
        if isinstance(found, Knot):
            return found
    axis = _joined_axis(tensor)
    sizes = [each.shape[axis] for each in inputs] if axis else []
    if axis and len(inputs) > 1 and None not in sizes:
        parts = tuple(map(_untied, inputs))
        return Knot(axis=axis, parts=parts, sizes=tuple(map(int, sizes)))
    key = (id(source), *tensor._keras_history[1:])
    return Leaf(key=key, tensor=tensor, names=names or (_telling(tensor), _plain(source.name)))


def _source(tensor: keras.KerasTensor) -> keras.Layer | keras.Operation:
    """Return the layer or the operation that computes a tensor."""
    return tensor._keras_history[0]


def _inputs(tensor: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return what a tensor is computed from."""
    source, node, _ = tensor._keras_history
    given = source._inbound_nodes[node]
    if given.is_input:
        return []
    tensors = getattr(given, "keras_inputs", None) or given.input_tensors  # Keras 2, Keras 3
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def _joined_axis(tensor: keras.KerasTensor) -> int:
    """Return the axis of a Concatenate, counted from the end; 0 if it is none, or of the batch."""
    source, node, _ = tensor._keras_history
    kind = type(source).__name__
    if kind == "TFOpLambda":  # Keras 2's form of tf.concat
        given = source._inbound_nodes[node]
        is_concat = source.name.partition("_")[0] == "tf.concat"
        axis = given.call_kwargs.get("axis", 0) if is_concat else 0
    else:
        axis = source.axis if kind == "Concatenate" else 0
    if not isinstance(axis, int):
        return 0
    rank = len(tensor.shape)
    return axis - rank if axis > 0 else axis if axis != -rank else 0


def _passes(source: keras.Layer | keras.Operation) -> bool:
    """Whether a layer hands on what it is given."""
    function = getattr(getattr(source, "activation", None), "__name__", "")
    is_linear = type(source).__name__ == "Activation" and function == "linear"
    return is_linear or type(source).__name__ in _PASSING


def _telling(tensor: keras.KerasTensor) -> str:
    """Return the name of the layer that best tells what a tensor is.

    That is the first on the way back that the user named or that has weights: `boxes` for
    `Dense(4, name="boxes")(x) * 640`.
    """
    while True:
        source, inputs = _source(tensor), _inputs(tensor)
        kind = type(source).__name__
        is_automatic = "TFOp" in kind or re.sub(r"_|\d+$", "", source.name) == re.sub(
            r"\d+$", "", kind.lower()
        )
        if not is_automatic or getattr(source, "weights", None) or len(inputs) != 1:
            return _plain(source.name)
        tensor = inputs[0]


def _plain(name: str) -> str:
    """Return a layer's name as an output may be called."""
    short = name.removeprefix("tf.").removeprefix("math.")
    return re.sub(r"[^A-Za-z0-9_.\-]", "_", short).lstrip("_-") or "part"


def _ends(model: SourceModel) -> str:
    """Say why a model cannot be split, after its name."""
    if isinstance(model, SavedModel):
        return "joins no output with tf.concat at its end"
    if not _is_functional(model):
        return (
            "is a class of its own, whose graph Keras does not know; export it "
            "(model.export(FOLDER)) and convert the SavedModel"
        )
    ends = [tensor._keras_history[0] for tensor in model.outputs]
    shown = ", ".join(f"'{layer.name}' ({type(layer).__name__})" for layer in ends[:5])
    return f"has no output that ends in a Concatenate: it ends in {shown}"


def _split_function(model: SavedModel) -> tuple[SavedModel, tuple[Joint, ...]]:
    """Split a SavedModel at the tf.concat operators that its function ends in."""
    import tensorflow as tf

    found, frozen = _joined_in_function(model)
    tensors, joints = named(found)
    if not joints:
        return model, ()
    graph = frozen.graph.as_graph_def()
    specs = model.function.structured_input_signature[1]
    answers = {name: cast("tf.Tensor", tensor).name for name, tensor in tensors.items()}

    def call(**arguments: tf.Tensor) -> dict[str, tf.Tensor]:
        fed = dict(zip((t.name for t in frozen.inputs), tf.nest.flatten(arguments), strict=True))
        parts = tf.graph_util.import_graph_def(
            graph, input_map=fed, return_elements=list(answers.values())
        )
        return dict(zip(answers, parts, strict=True))

    function = tf.function(call, autograph=False).get_concrete_function(**specs)
    return replace(model, function=function, signature=None), joints


def _joined_in_function(model: SavedModel) -> tuple[Outputs, ConcreteFunction]:
    """Return what each output of a SavedModel joins, and its function in one graph."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    given: dict[str, tf.Tensor] = model.function.structured_outputs
    frozen = convert_variables_to_constants_v2(model.function, lower_control_flow=False)
    # In the order in which TensorFlow flattens a dict: by name.
    found = {
        name: _untied_tensor(tensor, (name,))
        for name, tensor in zip(sorted(given), frozen.outputs, strict=True)
    }
    return {name: found[name] for name in given}, frozen


def _untied_tensor(tensor: tf.Tensor, names: tuple[str, ...] = ()) -> Knot | Leaf:
    """Return what a tensor of a SavedModel joins; see `_untied`."""
    import tensorflow as tf

    start = tensor
    while tensor.op.type in ("Identity", "StopGradient"):
        tensor = tensor.op.inputs[0]
    if tensor.op.type == "ConcatV2":
        *parts, last = tensor.op.inputs
        axis, rank = tf.get_static_value(last), tensor.shape.rank
        if axis is not None and rank and int(axis) % rank and len(parts) > 1:
            axis = int(axis) % rank - rank
            sizes = [part.shape[axis] for part in parts]
            if None not in sizes:
                knots = tuple(map(_untied_tensor, parts))
                return Knot(axis=axis, parts=knots, sizes=tuple(sizes))
    chosen = start if names else tensor
    return Leaf(key=tensor.name, tensor=chosen, names=names or tuple(_paths(tensor)))


def _paths(tensor: tf.Tensor) -> Iterator[str]:
    """Yield what an operator of a SavedModel may be called: its layer, then itself."""
    own = _plain(tensor.op.name.rpartition("/")[2]).lower()
    while tensor.op.type in _UNNAMED and not _layer(tensor) and tensor.op.inputs:
        tensor = tensor.op.inputs[0]
    yield _plain(_layer(tensor)) if _layer(tensor) else own
    yield own


def _layer(tensor: tf.Tensor) -> str:
    """Return the layer in an operator's path; "" if it stands in the model itself."""
    parts = [p for p in tensor.op.name.split("/")[:-1] if not p.endswith("PartitionedCall")]
    models = dict.fromkeys(re.sub(r"_\d+$", "", part) for part in parts)
    return list(models)[-1] if len(models) > 1 else ""
