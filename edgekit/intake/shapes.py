"""Give the inputs of a model other shapes: free axes a size, and fixed batches a batch of one."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from edgekit.core.errors import BadInput, reason
from edgekit.source_model.interface import (
    DeclaredInput,
    Interface,
    KerasModel,
    SavedModel,
    SourceModel,
    interface_of,
    is_tf_keras,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Shape: TypeAlias = tuple[int, ...]
"""Batch axis first; the batch is 1."""


def parse_shapes(texts: Iterable[str]) -> dict[str, Shape]:
    """Return the shapes that texts such as `image=1,224,224,3` name; `1,224,224,3` names none.

    Raises:
        BadInput: A text is not of that form, or names an input twice.
    """
    shapes: dict[str, Shape] = {}
    for text in texts:
        name, _, numbers = text.rpartition("=")
        try:
            shape = tuple(int(number) for number in numbers.split(","))
        except ValueError as error:
            raise BadInput(
                f"shape is '{text}'; write the input's name and whole numbers, the batch first: "
                "image=1,224,224,3."
            ) from error
        if name in shapes:
            raise BadInput(f"shape names '{name}' twice; give each input one shape.")
        shapes[name] = shape
    return shapes


def with_shapes(model: SourceModel, shapes: Mapping[str, Shape]) -> SourceModel:
    """Return a model whose inputs have other shapes; it answers as before.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned.
        shapes: Input name -> shape, batch axis first. "" names a lone input.

    Raises:
        BadInput: There is no such input, or it cannot have that shape.
    """
    if not shapes:
        return model
    interface = interface_of(model)
    wanted = _checked(shapes, interface)
    try:
        if isinstance(model, SavedModel):
            return replace(model, function=_reshaped(model.function, wanted))
        return _rebuilt(model, wanted)
    except BadInput:
        raise
    except Exception as error:  # whatever a layer's or an operator's shape inference raises
        asked = ", ".join(f"'{name}' {shape}" for name, shape in wanted.items())
        raise BadInput(
            f"Model '{interface.name}' cannot take {asked}: {reason(error)}. Give another shape, "
            "or build the model for it."
        ) from error


def _checked(shapes: Mapping[str, Shape], interface: Interface) -> dict[str, Shape]:
    """Return a shape for every input, after checking those that were given."""
    declared = {each.name: each for each in interface.inputs}
    inputs = f"the inputs of '{interface.name}' are {_shown(interface.inputs)}"
    wanted: dict[str, Shape] = {}
    for name, shape in shapes.items():
        if not name and len(declared) == 1:
            name = next(iter(declared))
        if name not in declared:
            raise BadInput(f"shape names '{name}'; {inputs}. Name one of them.")
        now = declared[name].shape
        if len(shape) != len(now) or min(shape) < 1:
            raise BadInput(
                f"shape of '{name}' is {shape}; {inputs}. Give {len(now)} positive numbers, the "
                "batch first."
            )
        if shape[0] != 1:
            raise BadInput(
                f"shape of '{name}' is {shape}, a batch of {shape[0]}; files here take one example "
                "at a time. Let it begin with 1."
            )
        if any(n not in (None, m) for n, m in zip(now[1:], shape[1:], strict=True)):
            raise BadInput(
                f"shape of '{name}' is {shape}; {inputs}. Only axes that are free (None) and the "
                "batch can be given a size."
            )
        wanted[name] = shape
    return {
        name: wanted.get(name) or tuple(1 if k == 0 else n for k, n in enumerate(each.shape))  # type: ignore[misc]  # axes that stay free are refused later
        for name, each in declared.items()
    }


def _shown(inputs: Iterable[DeclaredInput]) -> str:
    return ", ".join(f"'{each.name}' {each.shape}" for each in inputs)


def _rebuilt(model: KerasModel, wanted: Mapping[str, Shape]) -> KerasModel:
    """Return a copy of a Keras model, with the same weights, built on inputs of the given shapes.

    The batch stays free: the reference is computed on many examples at once.
    """
    library = importlib.import_module("tf_keras" if is_tf_keras(model) else "keras")
    if not getattr(model, "inputs", None):
        raise BadInput(
            f"Model '{model.name}' is a class of its own, whose inputs are those it was last "
            "called with; call it on an example of the size wanted, and save it again."
        )
    inputs = [
        library.Input(shape=wanted[each.name][1:], dtype=each.dtype, name=each.name)
        for each in interface_of(model).inputs
    ]
    return on_inputs(model, inputs)


def on_inputs(model: KerasModel, inputs: list[keras.KerasTensor]) -> KerasModel:
    """Return a copy of a Keras model, with the same weights, built on other inputs.

    A model that Keras does not copy, such as one of keras-hub that shares a layer with a model
    inside it, is called on the inputs instead, as one layer.
    """
    library = importlib.import_module("tf_keras" if is_tf_keras(model) else "keras")
    is_flat = isinstance(model, library.Sequential) or is_tf_keras(model)
    structure = inputs if is_flat else _packed(model.input, inputs)
    try:
        copy = library.models.clone_model(model, input_tensors=structure)
        copy.set_weights(model.get_weights())
    except Exception:  # whatever a layer raises that cannot be made from its config
        return library.Model(structure, model(structure))
    return copy


def _packed(structure: object, leaves: list[object]) -> object:
    import keras

    return keras.tree.pack_sequence_as(structure, leaves)


def _reshaped(
    function: tf.types.experimental.ConcreteFunction, wanted: Mapping[str, Shape]
) -> tf.types.experimental.ConcreteFunction:
    """Return a SavedModel's function for other shapes.

    Its graph is imported anew, with the weights as constants, since only the import works out the
    shapes of everything inside again.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    specs = function.structured_input_signature[1]
    outputs = function.structured_outputs
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
    graph = frozen.graph.as_graph_def()

    def call(**tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        given = dict(zip((t.name for t in frozen.inputs), tf.nest.flatten(tensors), strict=True))
        names = [tensor.name for tensor in frozen.outputs]
        answers = tf.graph_util.import_graph_def(graph, input_map=given, return_elements=names)
        packed: dict[str, tf.Tensor] = tf.nest.pack_sequence_as(outputs, answers)
        return packed

    shaped = {
        argument: tf.TensorSpec(wanted[spec.name], spec.dtype, name=spec.name)
        for argument, spec in specs.items()
    }
    return tf.function(call, autograph=False).get_concrete_function(**shaped)
