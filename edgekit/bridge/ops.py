"""Keras 3 functions inside a tf_keras model: the `keras.ops` calls of a graph, and activations.

Keras 3 on TensorFlow computes with plain TensorFlow tensors, so tf_keras can call its functions
unchanged. An operation that merges tensors or activates becomes the tf_keras layer of the same
meaning, because tfmot knows those layers; any other becomes a `KerasOp`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

import numpy as np

from edgekit.bridge.graph import Arguments, Options

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    import tf_keras

    from edgekit.bridge.graph import TwinTensor

    Activation: TypeAlias = Callable[[tf.Tensor], tf.Tensor]

Config = dict[str, object]
T = TypeVar("T")

MERGING = frozenset({"Add", "Subtract", "Multiply", "Maximum", "Minimum"})
ACTIVATING = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}


def call_twin(operation: keras.Operation, name: str, args: Arguments, kwargs: Options) -> object:
    """Call a Keras 3 operation on symbolic tf_keras tensors and return its outputs.

    Args:
        operation: A `keras.Operation` that is not a layer.
        name: Of the tf_keras layer to make; no other layer of the model may have it.
        args: Positional arguments of the call; tf_keras tensors stand for those of Keras 3.
        kwargs: Keyword arguments of the call, likewise.

    Raises:
        NotImplementedError: The operation cannot be written down as a config.
    """
    tensors: list[TwinTensor] = []

    def slot(value: object) -> object:
        import tf_keras

        if not isinstance(value, tf_keras.__internal__.KerasTensor):
            return value
        tensors.append(value)
        return _Slot(len(tensors) - 1)

    call = _Call(operation, _map(slot, args), _map(slot, kwargs))
    known = _known_layer(call, tensors, name)
    if known is not None:
        return known(tensors if len(tensors) > 1 else tensors[0])
    return keras_op()(call.config(), name=name)(tensors)


@cache
def twin_activation(function: Activation) -> Activation:
    """Return an activation for tf_keras that calls a Keras 3 function or a user's own."""
    import keras
    import tf_keras

    name = getattr(function, "__name__", type(function).__name__)
    if getattr(keras.activations, name, None) is not function:
        name = f"{name}_{id(function)}"  # two functions of one name must not be confused

    def activation(x: tf.Tensor) -> tf.Tensor:
        return function(x)

    activation.__name__ = name
    tf_keras.utils.register_keras_serializable("edgekit", name)(activation)
    return activation


@cache
def keras_op() -> type[tf_keras.layers.Layer]:
    """Return the tf_keras layer class that calls one Keras 3 operation."""
    import tf_keras

    @tf_keras.utils.register_keras_serializable("edgekit")
    class KerasOp(tf_keras.layers.Layer):  # type: ignore[misc]  # tf_keras has no types
        """Calls a Keras 3 operation on a list of tensors; has no weights."""

        def __init__(self, call: Config, **kwargs: object) -> None:
            super().__init__(**{**kwargs, "autocast": False})
            self._edgekit_call = _Call.from_config(call)

        def call(self, inputs: tf.Tensor | list[tf.Tensor]) -> object:
            return self._edgekit_call(inputs if isinstance(inputs, list | tuple) else [inputs])

        def get_config(self) -> dict[str, object]:
            return {**super().get_config(), "call": self._edgekit_call.config()}

        @property
        def operation(self) -> keras.Operation:
            """The Keras 3 operation."""
            return self._edgekit_call.operation

    return KerasOp


@dataclass(frozen=True)
class _Slot:
    """Stands for a tensor among the arguments of a call: the `index`-th of all."""

    index: int


@dataclass(frozen=True)
class _Call:
    """A call of a Keras 3 operation, with slots in place of its tensors."""

    operation: keras.Operation
    args: Arguments
    kwargs: Options

    def __call__(self, tensors: Sequence[tf.Tensor]) -> object:
        def fill(value: object) -> object:
            return tensors[value.index] if isinstance(value, _Slot) else value

        return self.operation.call(*_map(fill, self.args), **_map(fill, self.kwargs))

    def config(self) -> Config:
        import keras

        operation = keras.saving.serialize_keras_object(self.operation)
        arguments = {"args": list(_map(_encode, self.args)), "kwargs": _map(_encode, self.kwargs)}
        return {"operation": operation, **arguments}

    @classmethod
    def from_config(cls, config: Config) -> _Call:
        import keras

        operation = keras.saving.deserialize_keras_object(config["operation"], safe_mode=True)
        return cls(
            operation,
            tuple(cast(list[object], _decode(config["args"]))),
            cast(Options, _decode(config["kwargs"])),
        )


def _known_layer(call: _Call, tensors: list[TwinTensor], name: str) -> tf_keras.layers.Layer | None:
    """Return a tf_keras layer that does exactly what this call does, or None."""
    import tf_keras

    kind = type(call.operation).__name__
    is_of_keras = type(call.operation).__module__.startswith("keras.src.ops.")
    is_plain = not call.kwargs and all(isinstance(arg, _Slot) for arg in call.args)
    # A layer of tf_keras would pass a mask on, where an operation of Keras 3 drops it.
    if not is_of_keras or any(
        getattr(tensor, "_keras_mask", None) is not None for tensor in tensors
    ):
        return None
    if kind in MERGING and is_plain and len(tensors) == 2 and _alike(*tensors):
        return getattr(tf_keras.layers, kind)(name=name, dtype=tensors[0].dtype)
    if kind == "Concatenate" and len(call.args) == 1 and not call.kwargs and len(tensors) > 1:
        return tf_keras.layers.Concatenate(call.operation.axis, name=name, dtype=tensors[0].dtype)
    if kind in ACTIVATING and is_plain:
        return tf_keras.layers.Activation(ACTIVATING[kind], name=name, dtype=tensors[0].dtype)
    return None


def _alike(one: TwinTensor, other: TwinTensor) -> bool:
    """Whether a merging layer, which aligns shapes in its own way, does what the operation does."""
    return bool(one.dtype == other.dtype and one.shape.rank == other.shape.rank)


def _map(function: Callable[[object], object], value: T) -> T:
    """Apply a function to the leaves of lists, tuples and dicts."""
    if isinstance(value, list | tuple):
        return cast(T, type(value)([_map(function, item) for item in value]))
    if isinstance(value, dict):
        return cast(T, {key: _map(function, item) for key, item in value.items()})
    return cast(T, function(value))


def _encode(value: object) -> object:
    """Return a leaf in a form that JSON can hold."""
    if isinstance(value, _Slot):
        return {"slot": value.index}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    array = np.asarray(value)
    if array.dtype == object:
        raise NotImplementedError(f"an argument of type {type(value).__name__}")
    return {"array": array.tolist(), "dtype": array.dtype.name}


def _decode(value: object) -> object:
    if isinstance(value, list | tuple):
        return type(value)([_decode(item) for item in value])
    if not isinstance(value, dict):
        return value
    if "slot" in value:
        return _Slot(value["slot"])
    if "slice" in value:
        return slice(*value["slice"])
    if "ellipsis" in value:
        return Ellipsis
    if "array" in value:
        return np.asarray(value["array"], value["dtype"])
    return {key: _decode(item) for key, item in value.items()}
