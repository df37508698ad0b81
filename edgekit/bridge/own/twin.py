"""The tf_keras twin of a layer class of the user's own, which `register_qat` made known.

Keras 3 on TensorFlow computes with plain tensors, so the twin holds the variables and calls the
Keras 3 layer with their values, rounded or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from edgekit.bridge.own.registering import REGISTERED, Rounds
from edgekit.core.errors import UnsupportedLayer

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    import tf_keras

Config = dict[str, object]


def is_own(layer: keras.Layer) -> bool:
    """Whether a Keras 3 layer is of a registered class that Keras itself does not have."""
    import keras

    return type(layer) in REGISTERED and type(layer) not in vars(keras.layers).values()


def own_twin(layer: keras.Layer, name: str) -> tf_keras.layers.Layer:
    """Return a new tf_keras layer that calls a copy of `layer`; its weights are not set.

    Raises:
        UnsupportedLayer: The layer has no such attributes as were registered.
    """
    rounds = REGISTERED[type(layer)]
    numbers = {path: _number(layer, path) for path in rounds.weights}
    for path in rounds.activations:
        if not callable(_attribute(layer, path)):
            raise _unlike(layer, path, "activations", "a function")
    number = list(REGISTERED).index(type(layer))
    return own_layer()(
        number, layer.get_config(), numbers=numbers, name=name, trainable=layer.trainable
    )


def rounds_of(twin: tf_keras.layers.Layer) -> Rounds:
    """Return what is rounded in a twin, whose attributes have other names than the layer's."""
    rounds = REGISTERED[type(twin.copy)]
    return Rounds(
        weights=tuple(f"own_{number}" for number in twin.numbers.values()),
        activations=tuple(f"copy.{path}" for path in rounds.activations),
        output=rounds.output,
        note=rounds.note,
    )


@cache
def own_layer() -> type[tf_keras.layers.Layer]:
    """Return the tf_keras layer class that calls a Keras 3 layer of the user's own."""
    import keras
    import tensorflow as tf
    import tf_keras

    @tf_keras.utils.register_keras_serializable("edgekit")
    class OwnLayer(tf_keras.layers.Layer):  # type: ignore[misc]  # tf_keras has no types
        """Calls a Keras 3 layer with this layer's variables, `own_0`, `own_1` and so on."""

        def __init__(
            self, kind: int, config: Config, numbers: Mapping[str, int], **kwargs: object
        ) -> None:
            super().__init__(**kwargs)
            copy = list(REGISTERED)[kind].from_config(dict(config))  # type: ignore[attr-defined]  # a layer class
            self._held = _Held(kind, dict(config), dict(numbers), copy)

        @property
        def numbers(self) -> Mapping[str, int]:
            """Attribute that is rounded -> which of the variables it is."""
            return self._held.numbers

        @property
        def copy(self) -> keras.Layer:
            """The Keras 3 layer that is called."""
            return self._held.copy

        def build(self, input_shape: tf.TensorShape) -> None:
            self.copy(_symbols(input_shape, self.compute_dtype))
            for number, variable in enumerate(self.copy.variables):
                own = self.add_weight(
                    name=variable.path.split("/")[-1],
                    shape=variable.shape,
                    dtype=variable.dtype,
                    initializer=tf_keras.initializers.Constant(np.asarray(variable)),
                    trainable=variable.trainable,
                )
                setattr(self, f"own_{number}", own)
                self._held.variables.append(own)
            self.built = True

        def variables_in_order(self) -> list[tf.Variable]:
            """Return the variables in the order of the Keras 3 layer's."""
            return list(self._held.variables)

        def call(self, inputs: object, training: bool | None = None) -> object:
            # Within tfmot's wrapper `own_0` and so on are the rounded values for this call.
            used = [getattr(self, f"own_{n}") for n in range(len(self.copy.variables))]
            values = [tf.convert_to_tensor(value) for value in used]
            state = list(zip(self.copy.variables, values, strict=True))
            is_training = bool(tf.get_static_value(training)) if training is not None else False
            with keras.StatelessScope(state_mapping=state) as scope:
                outputs = self.copy(inputs, training=is_training)
            if is_training:
                for variable, own in zip(
                    self.copy.variables, self.variables_in_order(), strict=True
                ):
                    if not variable.trainable:  # such as the statistics of a normalization
                        own.assign(scope.get_current_value(variable))
            return outputs

        def compute_output_shape(self, input_shape: tf.TensorShape) -> object:
            # A call, since few layers say it by a method of that name.
            answer = self.copy(_symbols(input_shape, self.compute_dtype))
            return tf.nest.map_structure(lambda each: tf.TensorShape(each.shape), answer)

        def get_config(self) -> Config:
            held = self._held
            own = {"kind": held.kind, "config": held.config, "numbers": held.numbers}
            return {**super().get_config(), **own}

    return OwnLayer


@dataclass
class _Held:
    """Keeps values where tf_keras does not look for weights and layers."""

    kind: int
    config: Config
    numbers: Mapping[str, int]
    copy: keras.Layer
    variables: list[tf.Variable] = field(default_factory=list)


def _symbols(shape: tf.TensorShape | list[tf.TensorShape], dtype: str) -> object:
    """Return symbolic Keras 3 tensors for the shape, or list of shapes, that tf_keras tells."""
    import keras
    import tensorflow as tf

    if isinstance(shape, list) or (shape and isinstance(shape[0], tf.TensorShape | tuple | list)):
        return [_symbols(each, dtype) for each in shape]
    return keras.KerasTensor(tuple(tf.TensorShape(shape).as_list()), dtype=dtype)


def _attribute(layer: keras.Layer, path: str) -> object:
    value: object = layer
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def _number(layer: keras.Layer, path: str) -> int:
    """Return which of a layer's variables an attribute is."""
    value = _attribute(layer, path)
    for number, variable in enumerate(layer.variables):
        if variable is value:
            return number
    raise _unlike(layer, path, "weights", "a weight")


def _unlike(layer: keras.Layer, path: str, option: str, what: str) -> UnsupportedLayer:
    known: Sequence[str] = [v.path.split("/", 1)[-1].replace("/", ".") for v in layer.variables]
    have = f"; its weights are {', '.join(known) or 'none'}" if option == "weights" else ""
    return UnsupportedLayer(
        f"Layer '{layer.name}' ({type(layer).__name__}) was registered with {option}=['{path}'], "
        f"and has no such attribute that holds {what}{have}. Correct the call of register_qat."
    )
