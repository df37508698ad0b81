"""Smallest classifier that still needs its weights: which quarter of an image is bright.

Made data, for tests only; source: none (2026), see http://127.0.0.1.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import labels_key

if TYPE_CHECKING:
    import keras

Data = Callable[[Split, Size], Dataset]
LABELS = ("top left", "top right", "bottom left", "bottom right")
SPLITS = ("train", "validation", "test", "calibration")
EXAMPLE = "example.npy"


def data(split: Split, size: Size) -> Dataset:
    """Return 8x8 images with one bright quarter."""
    random = np.random.default_rng(SPLITS.index(split))
    count = 512 if split == "train" else 128
    labels = random.integers(0, 4, count).astype(np.int32)
    images = random.random((count, 8, 8, 1), np.float32) * 0.5
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 0.5
    return Dataset(inputs={"image": images}, targets=labels)


def own_data(folder: Path) -> tuple[Data, tuple[str, ...]]:
    """Return splits and names of a user's images: a folder with a file `images.npz`.

    It holds `images` `(n, height, width, channels)`, float32 in 0..1; `labels` `(n,)`, numbers of
    `names` `(k,)`.
    """
    with np.load(folder / "images.npz", allow_pickle=False) as arrays:
        images, labels, names = (arrays[key] for key in ("images", "labels", "names"))

    def of_split(split: Split, size: Size) -> Dataset:
        part = np.arange(len(images)) % 4
        kept = part > 1 if split in ("train", "calibration") else part == SPLITS.index(split) - 1
        return Dataset(inputs={"image": images[kept]}, targets=labels[kept].astype(np.int32))

    return of_split, tuple(str(name) for name in names)


def build(shape: tuple[int, ...], num_labels: int, size: Size) -> keras.Model:
    """Return one convolution, one dense layer."""
    import keras

    image = keras.Input(shape, name="image")
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(image)
    x = keras.layers.BatchNormalization(momentum=0.5)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Flatten()(x)
    scores = keras.layers.Dense(num_labels, activation="softmax", name="scores")(x)
    return keras.Model(image, scores)


def train(data: Data, model: keras.Model, size: Size, progress: Progress) -> keras.Model:
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


def as_npy(image: Array) -> bytes:
    """Return an image as the content of a file."""
    content = io.BytesIO()
    np.save(content, image)
    return content.getvalue()


def recipe_of(data: Data, labels: tuple[str, ...]) -> Recipe:
    """Return the recipe on any images of one shape."""
    image = data("test", "tiny").inputs["image"][0]
    return Recipe(
        signature=Signature(
            inputs=(Tensor(name="image", shape=(1, *image.shape), meaning="brightness, 0..1"),),
            outputs=(Tensor(name="scores", shape=(1, len(labels))),),
            labels=labels,
        ),
        metric=Metric(name="accuracy", unit="%", is_share=True),
        baseline=("guessing", 100 / len(labels)),
        source="made for tests",
        build=partial(build, image.shape, len(labels)),
        data=data,
        train=partial(train, data),
        score=score,
        answer_key=labels_key(len(labels)),
        loss="sparse_categorical_crossentropy",
        fine_tuning=FineTuning(epochs={"tiny": 2, "full": 2}),
        variants=("float32", "int8"),
        program=Program(name="classify", example=(EXAMPLE,)),
        assets=lambda size: {EXAMPLE: as_npy(image)},
        with_data=lambda folder: recipe_of(*own_data(folder)),
    )


recipe = recipe_of(data, LABELS)
