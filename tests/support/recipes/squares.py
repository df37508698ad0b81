"""Smallest detector: where up to three squares are, and whether each is bright or dim.

Its targets are structured and padded, its losses its own. Made data, for tests only; source: none
(2026), see http://127.0.0.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import fixed

if TYPE_CHECKING:
    import keras

SIDE = 8
"""Height and width of a cell, in pixels; an image is a row of cells."""
CELLS = 3
LABELS = ("dim", "bright")
PADDING = -1
"""Box and class of a cell without a square."""


# Data: in each cell a square of 3 to 6 pixels, or none; at least one in an image.


def data(split: Split, size: Size) -> Dataset:
    """Return images `(n, 8, 24, 1)`; `boxes` `(n, 3, 4)` and `classes` `(n, 3)`, padded with -1."""
    seed = ["train", "validation", "test", "calibration"].index(split)
    random = np.random.default_rng(seed)
    count = 1024 if split == "train" else 128
    images = random.random((count, SIDE, SIDE * CELLS, 1), np.float32) * 0.2
    boxes = np.full((count, CELLS, 4), PADDING, np.float32)
    classes = np.full((count, CELLS), PADDING, np.int32)
    for image, box, number in zip(images, boxes, classes, strict=True):
        there = random.random(CELLS) < 0.7
        there[random.integers(CELLS)] = True
        for cell in np.flatnonzero(there):
            length, number[cell] = random.integers(3, 7), random.integers(2)
            top, left = random.integers(0, SIDE - length + 1, 2)
            box[cell] = np.array([top, left, top + length, left + length]) / SIDE
            x = SIDE * cell + left
            image[top : top + length, x : x + length] += 0.8 if number[cell] else 0.4
    return Dataset(inputs={"image": images}, targets={"boxes": boxes, "classes": classes})


# Model: one convolution, two dense layers, an output for boxes and one for classes.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    import keras

    image = keras.Input((SIDE, SIDE * CELLS, 1), name="image")
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    x = keras.layers.Dense(96, activation="relu")(keras.layers.Flatten()(x))
    corners = keras.layers.Dense(CELLS * 4, activation="sigmoid")(x)
    scores = keras.layers.Reshape((CELLS, len(LABELS)))(keras.layers.Dense(CELLS * len(LABELS))(x))
    outputs = {
        "boxes": keras.layers.Reshape((CELLS, 4), name="boxes")(corners),
        "classes": keras.layers.Softmax(name="classes")(scores),
    }
    return keras.Model(image, outputs, name="squares")


# Training: both losses leave the padding out.


def box_loss(targets: keras.KerasTensor, answers: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean distance of each example's edges, of squares that are there."""
    from keras import ops

    there = ops.cast(targets[..., 0] >= 0, "float32")
    distances = ops.mean(ops.abs(targets - answers), axis=-1)
    return ops.sum(there * distances, axis=-1) / ops.sum(there, axis=-1)


def class_loss(targets: keras.KerasTensor, answers: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean cross-entropy of each example's classes, of squares that are there."""
    import keras
    from keras import ops

    there = ops.cast(targets >= 0, "float32")
    losses = keras.losses.sparse_categorical_crossentropy(ops.maximum(targets, 0), answers)
    return ops.sum(there * losses, axis=-1) / ops.sum(there, axis=-1)


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train for a few epochs."""
    import keras

    examples = data("train", size)
    model.compile(keras.optimizers.Adam(3e-3), recipe.loss)
    model.fit(examples.inputs["image"], examples.targets, epochs=20, verbose=0)
    progress(1.0, "trained")
    return model


# Score: squares that are named right, and whose box covers them.


def score(run: Run, dataset: Dataset) -> float:
    """Return the percentage of squares with the right class and an overlap of half or more."""
    answers = run(dataset.inputs)
    classes = dataset.target("classes")
    named = answers["classes"].argmax(-1) == classes
    covered = overlap(answers["boxes"], dataset.target("boxes")) >= 0.5
    return 100 * float(np.mean((named & covered)[classes != PADDING]))


def overlap(first: Array, second: Array) -> Array:
    """Return the intersection of boxes `(..., 4)` by their union, 0..1."""
    top_left = np.maximum(first[..., :2], second[..., :2])
    bottom_right = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.prod(np.maximum(bottom_right - top_left, 0), axis=-1)
    areas = [np.prod(box[..., 2:] - box[..., :2], axis=-1) for box in (first, second)]
    return np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, 1e-9))


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that answer the targets, and the right boxes with the wrong classes."""
    boxes, classes = dataset.target("boxes"), dataset.target("classes")
    scores = np.eye(len(LABELS), dtype=np.float32)[classes]
    right = {"boxes": boxes, "classes": scores}
    return fixed(right, {**right, "classes": 1 - scores})


recipe = Recipe(
    signature=Signature(
        inputs=(Tensor(name="image", shape=(1, SIDE, SIDE * CELLS, 1)),),
        outputs=(
            Tensor(name="boxes", shape=(1, CELLS, 4), meaning="top, left, bottom, right in a cell"),
            Tensor(name="classes", shape=(1, CELLS, len(LABELS)), meaning="probabilities"),
        ),
        labels=LABELS,
    ),
    metric=Metric(name="squares", unit="%"),
    baseline=("none is found", 0.0),
    source="made for tests",
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=answer_key,
    loss={"boxes": box_loss, "classes": class_loss},
    fine_tuning=FineTuning(epochs={"tiny": 6, "full": 6}, batch_size=32),
    variants=("float32", "int8", "pruned-float32"),
    program=Program(name="arrays", example=("golden/vectors.npz",)),
)
