"""Small Keras models as people write them, for the tests of loading and conversion.

Keras is imported inside the functions: collecting tests stays fast.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core.types import Batch


def photo_and_facts() -> Any:
    """Two inputs, two outputs, neither in alphabetical order; branches, BatchNorm, Dropout."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(7)
    photo = keras.Input((16, 16, 3), name="photo")
    facts = keras.Input((5,), name="facts")
    x = layers.Conv2D(16, 3, padding="same")(photo)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Concatenate()([x, layers.Dense(48, activation="relu")(facts)])
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(64, activation="relu")(x)
    kind = layers.Dense(4, activation="softmax", name="kind")(x)
    age = layers.Dense(1, name="age")(x)
    return keras.Model([photo, facts], [kind, age])


def sequential() -> Any:
    """A Sequential with an Input, unnamed, as in most tutorials."""
    import keras
    from keras import layers

    return keras.Sequential(
        [keras.Input((8,)), layers.Dense(6, activation="relu"), layers.Dense(3, name="answer")]
    )


def answers_by_key() -> Any:
    """Takes and returns dicts; the keys of the answer are not the layers' names."""
    import keras
    from keras import layers

    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    x = layers.Dense(8)(keras.ops.abs(left - right))
    outputs = {"score": layers.Dense(1)(x), "code": layers.Dense(4)(x)}
    return keras.Model({"left": left, "right": right}, outputs)


def subclassed() -> Any:
    """A model class of the user's own, called once on data."""
    import keras

    class Mixer(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return {"twice": x * 2, "mixed": self.dense(x)}

    model = Mixer()
    model(np.zeros((4, 5), np.float32))
    return model


def keras_2() -> Any:
    """A functional model of tf_keras, with a layer whose name ends in a number."""
    import tf_keras
    from tf_keras import layers

    tf_keras.utils.set_random_seed(7)
    picture = tf_keras.Input((8, 8, 1), name="picture")
    x = layers.Conv2D(4, 3, name="look_1")(picture)
    x = layers.Flatten()(layers.ReLU()(x))
    return tf_keras.Model(picture, layers.Dense(3, name="look")(x))


def chain(shape: tuple[int | None, ...], *layers: Any, dtype: str = "float32") -> Any:
    """Return a model of `layers` one after another; its input is called `x`."""
    import keras

    x = start = keras.Input(shape, name="x", dtype=dtype)
    for layer in layers:
        x = layer(x)
    return keras.Model(start, x)


def examples(model: Any, count: int = 24) -> Batch:
    """Return normally distributed floats, or integers 0..3, for a model's inputs."""
    from edgekit.source_model.interface import interface_of

    random = np.random.default_rng(0)
    batch = {}
    for declared in interface_of(model).inputs:
        shape = (count, *(int(n or 1) for n in declared.shape[1:]))
        is_float = "float" in declared.dtype
        numbers = random.normal(size=shape) if is_float else random.integers(0, 4, shape)
        batch[declared.name] = numbers.astype(declared.dtype)
    return batch


def saved(model: Any, path: Path) -> Path:
    """Write a model, and calibration data beside it as `<stem>.npz`; return the model's path."""
    model.save(path)
    np.savez(path.with_suffix(".npz"), **examples(model))  # type: ignore[arg-type]
    return path
