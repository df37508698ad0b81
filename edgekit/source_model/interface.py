"""A loaded model as a function of named tensors, whatever it was built with.

Keras 3, tf_keras and SavedModels each say in their own way what goes in and comes out; here it is
said once. Nothing in this module needs more of a model than its public attributes, but for
`_keras_history`, the one place where an unnamed `keras.Input` keeps the name that is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgekit.core.errors import BadInput
from edgekit.core.recipe import Signature

Call = Callable[[Sequence[Any]], Mapping[str, Any]]
"""Input tensors in order -> output tensors by name, in order."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input as the model declares it; a size is None where it is free."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, kw_only=True)
class Program:
    """A SavedModel, loaded.

    Attributes:
        name: Of its folder.
        function: The TensorFlow function behind its signature.
        loaded: What TensorFlow loaded; it keeps the function's variables alive.
        signature: As `edgekit.source_model.export.export` noted it; None if another program wrote
            it.
    """

    name: str
    function: Any
    loaded: Any
    signature: Signature | None = None


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What goes into a model, and the model as a function of it.

    Attributes:
        name: Of the model, for sentences.
        inputs: In the model's order.
        call: Runs the model as at inference.
    """

    name: str
    inputs: tuple[Port, ...]
    call: Call

    @property
    def has_free_batch(self) -> bool:
        """Whether it takes any number of examples at once."""
        return all(port.shape[:1] == (None,) for port in self.inputs)


def interface_of(model: Any) -> Interface:
    """Return the interface of a `keras.Model`, a `tf_keras.Model` or a `Program`.

    Raises:
        BadInput: It is none of them, or its inputs are not known yet.
    """
    if isinstance(model, Program):
        return _of_program(model)
    kinds = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if not kinds & {"keras", "tf_keras"} or not hasattr(model, "layers"):
        raise BadInput(
            f"The model is a {type(model).__name__}; give a keras.Model or a tf_keras.Model."
        )
    declared = _declared(model)
    if declared is None:
        raise BadInput(
            f"Model '{model.name}' does not know its inputs yet; begin it with "
            "keras.Input(shape=(...)), or call it once on example data."
        )
    return Interface(name=model.name, inputs=declared[1], call=_keras_call(model, declared[0]))


def nested_layers(model: Any) -> list[Any]:
    """Return a Keras model's layers with those inside other layers; none for a SavedModel."""
    flatten = getattr(model, "_flatten_layers", None)
    return list(flatten(include_self=False, recursive=True)) if flatten else []


def is_tf_keras(model: Any) -> bool:
    """Whether a model is one of Keras 2."""
    return any(base.__module__.startswith("tf_keras.") for base in type(model).__mro__)


def _declared(model: Any) -> tuple[Any, tuple[Port, ...]] | None:
    """Return the structure a Keras model is called with, and its leaves; None if not known."""
    import keras

    tensors = getattr(model, "inputs", None)  # a subclassed model has none
    if not tensors:
        return _recorded(model)
    is_sequential = isinstance(model, keras.Sequential)
    structure = tensors[0] if is_sequential else model.input
    names = [tensor._keras_history[0].name for tensor in keras.tree.flatten(structure)]
    return structure, _ports(structure, names)


def _recorded(model: Any) -> tuple[Any, tuple[Port, ...]] | None:
    """Return the inputs a subclassed model was last called with."""
    import keras
    import tensorflow as tf

    if is_tf_keras(model):
        spec = model.save_spec()
        structure = spec[0][0] if spec and len(spec[0]) == 1 and not spec[1] else None
    else:
        shapes = (model.get_build_config() or {}).get("input_shape") if model.built else None
        structure = shapes and keras.tree.map_shape_structure(
            lambda shape: tf.TensorSpec((None, *shape[1:]), model.input_dtype), shapes
        )
    if structure is None:
        return None
    count = len(keras.tree.flatten(structure))
    names = ["input"] if count == 1 else [f"input_{k}" for k in range(count)]
    return structure, _ports(structure, names)


def _ports(structure: Any, names: Sequence[str]) -> tuple[Port, ...]:
    import tensorflow as tf

    leaves = _named(structure, names)
    return tuple(
        Port(name=name, shape=tuple(leaf.shape), dtype=tf.as_dtype(leaf.dtype).name)
        for name, leaf in leaves.items()
    )


def _keras_call(model: Any, structure: Any) -> Call:
    import keras

    def call(tensors: Sequence[Any]) -> Mapping[str, Any]:
        packed = keras.tree.pack_sequence_as(structure, list(tensors))
        return _named(*_answer(model, packed))

    return call


def _answer(model: Any, packed: Any) -> tuple[Any, Sequence[str]]:
    """Run the model; return its answer and the names of the leaves that have no key."""
    import keras

    answer = model(packed, training=False)
    flat = keras.tree.flatten(answer)
    made = getattr(model, "outputs", None)
    if made and len(made) == len(flat):
        return answer, [tensor._keras_history[0].name for tensor in made]
    return answer, ["output"] if len(flat) == 1 else [f"output_{k}" for k in range(len(flat))]


def _named(structure: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the leaves of a structure by their key if they have one, else by `names`; unique."""
    import keras

    named: dict[str, Any] = {}
    leaves = keras.tree.flatten_with_path(structure)
    for (path, leaf), fallback in zip(leaves, names, strict=True):
        keys = [str(part) for part in path if isinstance(part, str)]
        name = wanted = keys[-1] if keys else fallback
        count = 0
        while name in named:
            count += 1
            name = f"{wanted}_{count}"
        named[name] = leaf
    return named


def _of_program(program: Program) -> Interface:
    specs = program.function.structured_input_signature[1]
    names = {spec.name: key for key, spec in specs.items()}
    outputs = list(program.function.structured_outputs)
    noted = program.signature
    if noted and {t.name for t in noted.inputs} == set(names):
        names = {tensor.name: names[tensor.name] for tensor in noted.inputs}
    if noted and {t.name for t in noted.outputs} == set(outputs):
        outputs = [tensor.name for tensor in noted.outputs]

    def call(tensors: Sequence[Any]) -> Mapping[str, Any]:
        answer = program.function(**dict(zip(names.values(), tensors, strict=True)))
        return {name: answer[name] for name in outputs}

    ports = tuple(
        Port(name=name, shape=_shape(specs[key].shape), dtype=specs[key].dtype.name)
        for name, key in names.items()
    )
    return Interface(name=program.name, inputs=ports, call=call)


def _shape(shape: Any) -> tuple[int | None, ...]:
    if shape.rank is None:
        raise BadInput("The SavedModel has an input of unknown rank; export it with fixed shapes.")
    return tuple(shape)
