"""Smallest classifier that still needs its weights: which quarter of an image is bright.

Made data, for tests only; source: none (2026), see http://127.0.0.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size, Split


def data(split: Split, size: Size) -> Dataset:
    """Return 8x8 images with one bright quarter."""
    seed = ["train", "validation", "test", "calibration"].index(split)
    random = np.random.default_rng(seed)
    count = 512 if split == "train" else 128
    labels = random.integers(0, 4, count).astype(np.int32)
    images = random.random((count, 8, 8, 1), np.float32) * 0.5
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 0.5
    return Dataset(inputs={"image": images}, targets=labels)


def build(size: Size) -> Any:
    """Return one convolution, one dense layer."""
    import keras

    image = keras.Input((8, 8, 1), name="image")
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(image)
    x = keras.layers.BatchNormalization(momentum=0.5)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(image, keras.layers.Dense(4, activation="softmax", name="scores")(x))


def train(model: Any, size: Size, progress: Progress) -> Any:
    """Train for a few epochs."""
    examples = data("train", size)
    model.compile("adam", recipe.loss)
    model.fit(examples.inputs["image"], examples.targets, epochs=20, verbose=0)
    progress(1.0, "trained")
    return model


def score(run: Run, dataset: Dataset) -> float:
    """Return top-1 accuracy in percent."""
    found = np.argmax(run(dataset.inputs)["scores"], axis=-1)
    return 100 * float(np.mean(found == dataset.targets))


recipe = Recipe(
    signature=Signature(
        inputs=(Tensor(name="image", shape=(1, 8, 8, 1)),),
        outputs=(Tensor(name="scores", shape=(1, 4)),),
        labels=("top left", "top right", "bottom left", "bottom right"),
    ),
    metric=Metric(name="accuracy", unit="%"),
    baseline=("guessing", 25.0),
    source="made for tests",
    build=build,
    data=data,
    train=train,
    score=score,
    loss="sparse_categorical_crossentropy",
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 2}),
    variants=("float32", "int8"),
)
