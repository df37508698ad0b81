"""Models of users' kinds on pictures, trained for some seconds on real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from zoo_models.made import CALIBRATION, FRESH, Kind, Made
from zoo_models.real_data import blood, garments, membranes, shuffled, signs

from edgekit.core.types import Array, Batch

if TYPE_CHECKING:
    import keras

HELD = CALIBRATION + FRESH
"""The first so many examples are not trained on."""


def trained(
    model: keras.Model,
    inputs: Batch,
    targets: Batch | Array,
    loss: object,
    kinds: dict[str, Kind],
    *,
    epochs: int = 2,
    rate: float = 2e-3,
    weights: object = None,
) -> Made:
    """Train on all but the held examples."""
    import keras

    def rest(batch: Batch | Array) -> Batch | Array:
        if isinstance(batch, np.ndarray):
            return batch[HELD:]
        return {name: array[HELD:] for name, array in batch.items()}

    model.compile(keras.optimizers.Adam(rate), loss=loss, loss_weights=weights)
    model.fit(rest(inputs), rest(targets), epochs=epochs, batch_size=64, verbose=0)
    return Made(
        model=model,
        inputs={name: array[:HELD] for name, array in inputs.items()},
        kinds=kinds,
    )


def classifier() -> Made:
    """Return a plain CNN with BatchNormalization and softmax."""
    import keras
    from keras import layers

    pictures, labels = garments()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(16, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax", name="classes"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    return trained(model, {"image": pictures}, labels, loss, {"classes": "classes"})


def swish_and_gates() -> Made:
    """Return a small EfficientNet: depthwise convolutions, swish, squeeze-and-excite."""
    import keras
    from keras import layers

    pictures, labels = signs(48)
    image = keras.Input((48, 48, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for width in (16, 24, 32):
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Activation("swish")(layers.BatchNormalization()(x))
        y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        y = layers.Activation("swish")(layers.BatchNormalization()(y))
        gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
        gate = layers.Conv2D(8, 1, activation="swish")(gate)
        gate = layers.Conv2D(width, 1, activation="sigmoid")(gate)
        y = layers.BatchNormalization()(layers.Conv2D(width, 1)(layers.Multiply()([y, gate])))
        x = layers.Add()([x, y])
    logits = layers.Dense(10, name="logits")(layers.GlobalAveragePooling2D()(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    inputs = {"image": pictures.astype(np.float32)}
    model = keras.Model(image, logits)
    return trained(model, inputs, labels, loss, {"logits": "numbers"}, epochs=10)


def detector() -> Made:
    """Return a grid detector with boxes in pixels and sigmoid scores as two outputs."""
    import keras
    from keras import layers

    pictures, boxes, scores = blood(96, 128, 16)
    image = keras.Input((96, 128, 3), name="image")
    x = layers.Rescaling(1 / 255)(image)
    for width in (16, 24, 32, 48):
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(48, 3, padding="same", activation="relu")(x)
    model = keras.Model(
        image,
        {
            "boxes": layers.Conv2D(4, 1, name="boxes")(x),
            "scores": layers.Conv2D(3, 1, activation="sigmoid", name="scores")(x),
        },
    )
    return trained(
        model,
        {"image": pictures.astype(np.float32)},
        {"boxes": boxes, "scores": scores},
        {"boxes": "mse", "scores": "binary_crossentropy"},
        {"boxes": "numbers", "scores": "scores"},
        epochs=30,
        weights={"boxes": 1e-3, "scores": 10.0},
    )


def segmenter() -> Made:
    """Return a U-Net with transposed convolutions and a sigmoid mask."""
    import keras
    from keras import layers

    crops, masks = membranes(64, 700)
    image = keras.Input((64, 64, 1), name="image")
    x, kept = image, []
    for width in (8, 16, 32):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(48, 3, padding="same", activation="relu")(x)
    for width, beside in zip((32, 16, 8), reversed(kept), strict=True):
        x = layers.Conv2DTranspose(width, 2, strides=2)(x)
        x = layers.Concatenate()([x, beside])
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    mask = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    model = keras.Model(image, mask)
    loss, kinds = "binary_crossentropy", {"mask": "scores"}
    return trained(model, {"image": crops}, masks, loss, kinds, epochs=6)  # type: ignore[arg-type]


def autoencoder() -> Made:
    """Return a convolutional autoencoder with upsampling."""
    import keras
    from keras import layers

    pictures, _ = garments()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(24, name="code"),
            layers.Dense(7 * 7 * 8, activation="relu"),
            layers.Reshape((7, 7, 8)),
            layers.UpSampling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="picture"),
        ]
    )
    kinds: dict[str, Kind] = {"picture": "numbers"}
    return trained(model, {"image": pictures}, pictures, "mse", kinds)


def picture_and_table() -> Made:
    """Return a classifier of a picture and a table's row of very different sizes."""
    import keras
    from keras import layers

    pictures, labels = garments()
    rows = pictures.mean((2, 3)).sum(1, keepdims=True) * 100
    table = np.concatenate([rows, pictures.std((1, 2)), pictures.mean((1,))[:, 10:14, 0]], 1)
    image, row = keras.Input((28, 28, 1), name="image"), keras.Input((6,), name="table")
    scale = layers.Normalization()
    scale.adapt(table[HELD:])
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(image)
    x = layers.Flatten()(layers.Conv2D(16, 3, strides=2, activation="relu")(x))
    x = layers.Concatenate()([x, layers.Dense(16, activation="relu")(scale(row))])
    classes = layers.Dense(10, activation="softmax", name="classes")(x)
    model = keras.Model({"image": image, "table": row}, classes)
    inputs = {"image": pictures, "table": table.astype(np.float32)}
    loss = "sparse_categorical_crossentropy"
    return trained(model, inputs, labels, loss, {"classes": "classes"})


def siamese() -> Made:
    """Return two pictures' unit embeddings by one network, and their cosine."""
    import keras
    from keras import layers

    pictures, labels = garments()
    tower = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32),
            layers.UnitNormalization(),
        ],
        name="tower",
    )
    left, right = keras.Input((28, 28, 1), name="left"), keras.Input((28, 28, 1), name="right")
    first, second = tower(left), tower(right)
    model = keras.Model(
        {"left": left, "right": right},
        {
            "embedding": layers.Identity(name="embedding")(first),
            "cosine": layers.Dot(1, name="cosine")([first, second]),
        },
    )
    other = np.random.default_rng(0).permutation(len(labels))
    half = np.arange(len(labels)) % 2 == 0
    by_class = np.argsort(labels, kind="stable")
    other[by_class[half]] = np.roll(by_class, 1)[half]  # half of the pairs are of one class
    same = (labels == labels[other]).astype(np.float32)[:, None]
    inputs = {"left": pictures, "right": pictures[other]}
    targets = {"embedding": np.zeros((len(same), 32), np.float32), "cosine": same}
    losses: dict[str, object] = {"embedding": None, "cosine": "mse"}
    losses["embedding"] = lambda _, y: keras.ops.sum(y * 0)
    kinds: dict[str, Kind] = {"embedding": "numbers", "cosine": "numbers"}
    return trained(model, inputs, targets, losses, kinds)


def several_labels() -> Made:
    """Return which of ten garments are in a mosaic of four, as ten sigmoids."""
    import keras
    from keras import layers

    pictures, labels = shuffled(*garments())
    four = pictures[: len(pictures) // 4 * 4].reshape(-1, 2, 2, 28, 28, 1)
    mosaics = four.transpose(0, 1, 3, 2, 4, 5).reshape(-1, 56, 56, 1)
    targets = np.eye(10, dtype=np.float32)[labels[: 4 * len(mosaics)].reshape(-1, 4)].max(1)
    model = keras.Sequential(
        [
            keras.Input((56, 56, 1), name="image"),
            layers.SeparableConv2D(32, 3, strides=2, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.SeparableConv2D(64, 3, strides=2, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(10, activation="sigmoid", name="labels"),
        ]
    )
    loss, kinds = "binary_crossentropy", {"labels": "scores"}
    return trained(model, {"image": mosaics}, targets, loss, kinds, epochs=8)  # type: ignore[arg-type]


MAKERS: dict[str, Callable[[], Made]] = {
    "CNN classifier": classifier,
    "swish and gates": swish_and_gates,
    "detector": detector,
    "U-Net": segmenter,
    "autoencoder": autoencoder,
    "picture and table": picture_and_table,
    "siamese": siamese,
    "several labels": several_labels,
}
