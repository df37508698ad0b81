"""Ten small models of users' kinds, with weights that make their answers differ by example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.core.types import Array, Batch

Made = tuple[Any, Batch]
"""A Keras model, and examples for it."""

COUNT = 160


def _random() -> np.random.Generator:
    import keras

    keras.utils.set_random_seed(1)
    return np.random.default_rng(1)


def _pictures(size: int = 16, channels: int = 3) -> Array:
    """Return smooth pictures of different brightness, in 0..1."""
    random = np.random.default_rng(2)
    coarse = random.random((COUNT, 4, 4, channels)) * random.random((COUNT, 1, 1, 1))
    return np.asarray(np.repeat(np.repeat(coarse, size // 4, 1), size // 4, 2), np.float32)


def _settle(model: Any, examples: Batch, *, spread: float = 3.0) -> Made:
    """Give every layer a bias, and the answers a spread, as training does."""
    random = np.random.default_rng(3)
    for layer in model.layers:
        for weight in layer.weights:
            if weight.path.endswith(("bias", "beta")):
                weight.assign(random.normal(0, 0.3, weight.shape))
    head = model.layers[-1]
    import keras

    before = keras.Model(model.inputs, head.input)
    features = np.asarray(before.predict(list(examples.values()), verbose=0))
    scores = features @ np.asarray(head.get_weights()[0]).reshape(features.shape[-1], -1)
    kernel, *bias = head.get_weights()
    head.set_weights([kernel * spread / max(float(scores.std(0).mean()), 1e-6), *bias])
    centre = scores.mean(tuple(range(scores.ndim - 1))) * spread / max(scores.std(0).mean(), 1e-6)
    moved = random.normal(0, spread, bias[0].shape)
    head.set_weights([head.get_weights()[0], moved - centre])
    return model, examples


def perceptron() -> Made:
    import keras
    from keras import layers

    random = _random()
    x = keras.Input((12,), name="x")
    hidden = layers.Dense(32, activation="relu")(x)
    y = layers.Dense(3, name="y")(hidden)
    return _settle(keras.Model(x, y), {"x": random.normal(size=(COUNT, 12)).astype(np.float32)})


def classifier() -> Made:
    import keras
    from keras import layers

    _random()
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(image)
    x = layers.Conv2D(24, 3, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    scores = layers.Dense(6, activation="softmax", name="scores")(x)
    return _settle(keras.Model(image, scores), {"image": _pictures()})


def many_classes() -> Made:
    import keras
    from keras import layers

    _random()
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(image)
    x = layers.Flatten()(layers.AveragePooling2D(2)(x))
    scores = layers.Dense(200, activation="softmax", name="scores")(x)
    return _settle(keras.Model(image, scores), {"image": _pictures()}, spread=4.0)


def depthwise() -> Made:
    import keras
    from keras import layers

    _random()
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, activation="relu6")(image)
    x = layers.DepthwiseConv2D(3, activation="relu6")(x)
    x = layers.Conv2D(16, 1, activation="relu6")(x)
    x = layers.GlobalAveragePooling2D()(x)
    scores = layers.Dense(5, activation="softmax", name="scores")(x)
    return _settle(keras.Model(image, scores), {"image": _pictures()})


def residual() -> Made:
    import keras
    from keras import layers

    _random()
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(12, 3, padding="same", activation="relu")(image)
    y = layers.Conv2D(12, 3, padding="same", activation="relu")(x)
    x = layers.Flatten()(layers.AveragePooling2D(4)(layers.Add()([x, y])))
    angles = layers.Dense(4, name="angles")(x)
    return _settle(keras.Model(image, angles), {"image": _pictures()}, spread=30.0)


def tagger() -> Made:
    import keras
    from keras import layers

    _random()
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(image)
    x = layers.Flatten()(layers.AveragePooling2D(2)(x))
    tags = layers.Dense(4, activation="sigmoid", name="tags")(x)
    return _settle(keras.Model(image, tags), {"image": _pictures()}, spread=2.0)


def segmenter() -> Made:
    import keras
    from keras import layers

    _random()
    image = keras.Input((16, 16, 1), name="image")
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    b = layers.Conv2D(12, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    x = layers.Concatenate()([a, layers.UpSampling2D()(b)])
    mask = layers.Conv2D(3, 1, activation="softmax", name="mask")(x)
    return _settle(keras.Model(image, mask), {"image": _pictures(channels=1)})


def features() -> Made:
    import keras
    from keras import layers

    random = _random()
    x = keras.Input((32, 4), name="x")
    y = layers.Conv1D(24, 5, strides=2, activation="relu")(x)
    y = layers.Flatten()(layers.AveragePooling1D(2)(y))
    vector = layers.Dense(48, name="vector")(y)
    signal = np.cumsum(random.normal(0, 0.3, (COUNT, 32, 4)), axis=1)
    return _settle(keras.Model(x, vector), {"x": signal.astype(np.float32)})


def recurrent() -> Made:
    import keras
    from keras import layers

    random = _random()
    x = keras.Input((10, 5), name="x")
    y = layers.Dense(3, name="y")(layers.LSTM(16)(x))
    signal = np.cumsum(random.normal(0, 0.4, (COUNT, 10, 5)), axis=1)
    return _settle(keras.Model(x, y), {"x": signal.astype(np.float32)})


def reader() -> Made:
    import keras
    from keras import layers

    random = _random()
    tokens = keras.Input((12,), dtype="int32", name="tokens")
    wide = keras.initializers.RandomNormal(stddev=0.3)  # beside biases of 0.3
    x = layers.Embedding(60, 24, embeddings_initializer=wide)(tokens)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 12)(x, x)])
    x = layers.Flatten()(x)
    scores = layers.Dense(4, activation="softmax", name="scores")(x)
    words = random.integers(0, 60, (COUNT, 12)).astype(np.int32)
    return _settle(keras.Model(tokens, scores), {"tokens": words})


MODELS: tuple[Callable[[], Made], ...] = (
    perceptron, classifier, many_classes, depthwise, residual, tagger, segmenter, features,
    recurrent, reader,
)  # fmt: skip
