"""A loaded model as a function of named tensors, whichever library built it.

Keras 3, tf_keras and SavedModels each have their own way to say what goes in and what comes out.
This module reduces them to one. It uses only public attributes of a model, with one exception:
only `_keras_history` keeps the name under which an unnamed `keras.Input` is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from edgekit.core.errors import BadInput
from edgekit.core.recipe import Signature

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    import tf_keras

KerasModel: TypeAlias = "keras.Model | tf_keras.Model"
KerasLayer: TypeAlias = "keras.Layer | tf_keras.layers.Layer"

SourceModel: TypeAlias = "KerasModel | SavedModel"
"""What `edgekit.source_model.loading.load_model` returns."""

Call: TypeAlias = "Callable[[Sequence[tf.Tensor]], Mapping[str, tf.Tensor]]"
"""Input tensors in order -> output tensors by name, in order."""

Leaf: TypeAlias = "tf.Tensor | tf.TensorSpec | keras.KerasTensor"
"""Whatever stands for one tensor in the structure that a model takes or returns."""


@dataclass(frozen=True, kw_only=True)
class DeclaredInput:
    """An input as the model declares it; a size is None where it is free."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """A SavedModel, loaded.

    Attributes:
        name: The name of its folder.
        function: The TensorFlow function behind its signature.
        loaded: What TensorFlow loaded; it keeps the function's variables alive.
        signature: As `edgekit.source_model.export.export` noted it; None if another program wrote
            it.
        signature_name: What TensorFlow calls the signature.
        left_out: Names of its other signatures.
        beside: Those of its other signatures that go into the same file.
        given_names: Own name of an input or output -> the name that the user gave it.
    """

    name: str
    function: tf.types.experimental.ConcreteFunction
    loaded: tf.Module
    signature: Signature | None = None
    signature_name: str = ""
    left_out: tuple[str, ...] = ()
    beside: tuple[SavedModel, ...] = ()
    given_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What goes into a model, and the model as a function of it.

    Attributes:
        name: The model's name, for messages.
        inputs: In the model's order.
        call: Runs the model in inference mode.
    """

    name: str
    inputs: tuple[DeclaredInput, ...]
    call: Call

    @property
    def has_free_batch(self) -> bool:
        """Whether it takes any number of examples at once."""
        return all(declared.shape[:1] == (None,) for declared in self.inputs)


def interface_of(model: SourceModel) -> Interface:
    """Return the interface of a `keras.Model`, a `tf_keras.Model` or a `SavedModel`.

    Raises:
        BadInput: It is none of them, or its inputs are not known yet.
    """
    interface = _of_saved_model(model) if isinstance(model, SavedModel) else _of_keras(model)
    names = given_names(model)
    return _renamed(interface, names) if names else interface


def given_names(model: SourceModel) -> Mapping[str, str]:
    """Return own name -> the name that the user gave it; see `edgekit.intake.names`."""
    names: Mapping[str, str] = getattr(model, "given_names", {})
    return names


def parts_of(model: SourceModel) -> dict[str, SourceModel]:
    """Return the functions that go into one file, by signature; the only one is called ""."""
    if not isinstance(model, SavedModel) or not model.beside:
        return {"": model}
    return {each.signature_name: each for each in (replace(model, beside=()), *model.beside)}


def full_name(part: str, name: str) -> str:
    """Return what an input or output is called among those of all signatures of a file."""
    return f"{part}/{name}" if part else name


def _of_keras(model: KerasModel) -> Interface:
    packages = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if not packages & {"keras", "tf_keras"} or not hasattr(model, "layers"):
        raise BadInput(
            f"The model is a {type(model).__name__}; give a keras.Model or a tf_keras.Model."
        )
    declared = _declared(model)
    if declared is None:
        raise BadInput(
            f"Model '{model.name}' does not know its inputs yet; begin it with "
            "keras.Input(shape=(...)), or call it once on example data."
        )
    structure, inputs = declared
    return Interface(name=model.name, inputs=inputs, call=_keras_call(model, structure))


def nested_layers(model: SourceModel) -> list[KerasLayer]:
    """Return a Keras model's layers with those inside other layers; none for a SavedModel."""
    flatten = getattr(model, "_flatten_layers", None)
    return list(flatten(include_self=False, recursive=True)) if flatten else []


def is_tf_keras(model: SourceModel) -> bool:
    """Whether a model was built with Keras 2."""
    return any(base.__module__.startswith("tf_keras.") for base in type(model).__mro__)


def _declared(model: KerasModel) -> tuple[object, tuple[DeclaredInput, ...]] | None:
    """Return the structure a Keras model is called with, and its leaves; None if not known."""
    import keras

    tensors = getattr(model, "inputs", None)  # a subclassed model has none
    if not tensors:
        return _recorded(model)
    is_sequential = isinstance(model, keras.Sequential)
    structure = tensors[0] if is_sequential else model.input
    names = [tensor._keras_history[0].name for tensor in keras.tree.flatten(structure)]
    return structure, _declared_inputs(structure, names)


def _recorded(model: KerasModel) -> tuple[object, tuple[DeclaredInput, ...]] | None:
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
    return structure, _declared_inputs(structure, names)


def _declared_inputs(structure: object, names: Sequence[str]) -> tuple[DeclaredInput, ...]:
    import tensorflow as tf

    leaves = named_leaves(structure, names)
    return tuple(
        DeclaredInput(name=name, shape=tuple(leaf.shape), dtype=tf.as_dtype(leaf.dtype).name)
        for name, leaf in leaves.items()
    )


def _keras_call(model: KerasModel, structure: object) -> Call:
    import keras

    def call(tensors: Sequence[tf.Tensor]) -> Mapping[str, tf.Tensor]:
        packed = keras.tree.pack_sequence_as(structure, list(tensors))
        return named_leaves(*_answer(model, packed))

    return call


def _answer(model: KerasModel, packed: object) -> tuple[object, Sequence[str]]:
    """Run the model; return its answer and the names of the leaves that have no key."""
    import keras

    answer = model(packed, training=False)
    leaves = keras.tree.flatten(answer)
    declared = getattr(model, "outputs", None)
    if declared and len(declared) == len(leaves):
        return answer, [tensor._keras_history[0].name for tensor in declared]
    if len(leaves) == 1:
        return answer, ["output"]
    return answer, [f"output_{k}" for k in range(len(leaves))]


def named_leaves(structure: object, names: Sequence[str]) -> dict[str, Leaf]:
    """Return the leaves of a structure by their key if they have one, else by `names`; unique."""
    import keras

    named: dict[str, Leaf] = {}
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


def _renamed(interface: Interface, names: Mapping[str, str]) -> Interface:
    """Return the same function with other names for what goes in and comes out."""

    def call(tensors: Sequence[tf.Tensor]) -> Mapping[str, tf.Tensor]:
        answer = interface.call(tensors)
        return {names.get(name, name): tensor for name, tensor in answer.items()}

    inputs = tuple(replace(each, name=names.get(each.name, each.name)) for each in interface.inputs)
    return replace(interface, inputs=inputs, call=call)


def _of_saved_model(model: SavedModel) -> Interface:
    specs = model.function.structured_input_signature[1]
    arguments = {spec.name: argument for argument, spec in specs.items()}
    outputs = list(model.function.structured_outputs)
    noted = model.signature
    if noted and {t.name for t in noted.inputs} == set(arguments):
        arguments = {tensor.name: arguments[tensor.name] for tensor in noted.inputs}
    if noted and {t.name for t in noted.outputs} == set(outputs):
        outputs = [tensor.name for tensor in noted.outputs]

    def call(tensors: Sequence[tf.Tensor]) -> Mapping[str, tf.Tensor]:
        answer = model.function(**dict(zip(arguments.values(), tensors, strict=True)))
        return {name: answer[name] for name in outputs}

    inputs = tuple(
        DeclaredInput(
            name=name, shape=_shape(specs[argument].shape), dtype=specs[argument].dtype.name
        )
        for name, argument in arguments.items()
    )
    return Interface(name=model.name, inputs=inputs, call=call)


def _shape(shape: tf.TensorShape) -> tuple[int | None, ...]:
    if shape.rank is None:
        raise BadInput("The SavedModel has an input of unknown rank; export it with fixed shapes.")
    return tuple(shape)
