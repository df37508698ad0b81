"""A recipe with two outputs: boxes and their classes, padded where an example has fewer of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Run, Size, Split
from edgekit.domains.learning.answer_keys import fixed

NUM_BOXES, NUM_CLASSES, NUM_INPUTS = 3, 4, 6
PADDING = -1


@cache
def data(split: Split, size: Size) -> Dataset:
    """Boxes and classes that follow from the inputs, one to three of them in an example."""
    random = np.random.default_rng(["train", "validation", "test", "calibration"].index(split))
    inputs = random.normal(size=(96, NUM_INPUTS)).astype("float32")
    mixing = np.random.default_rng(9).normal(size=(NUM_INPUTS, NUM_BOXES * 4)) / 3
    boxes = 1 / (1 + np.exp(-(inputs @ mixing).reshape(-1, NUM_BOXES, 4)))
    classes = boxes.argmax(-1)
    is_padding = np.arange(NUM_BOXES) >= random.integers(1, NUM_BOXES + 1, (96, 1))
    boxes[is_padding], classes[is_padding] = PADDING, PADDING
    targets = {"classes": classes.astype("int32"), "boxes": boxes.astype("float32")}
    return Dataset(inputs={"image": inputs}, targets=targets)


def build(size: Size) -> Any:
    """A dict of outputs, not in the order of its keys."""
    import keras

    image = keras.Input((NUM_INPUTS,), name="image")
    hidden = keras.layers.Dense(24, activation="relu", name="hidden")(image)
    classes = keras.layers.Dense(NUM_BOXES * NUM_CLASSES, name="class_scores")(hidden)
    classes = keras.layers.Reshape((NUM_BOXES, NUM_CLASSES), name="class_rows")(classes)
    boxes = keras.layers.Dense(NUM_BOXES * 4, activation="sigmoid", name="corners")(hidden)
    boxes = keras.layers.Reshape((NUM_BOXES, 4), name="boxes")(boxes)
    classes = keras.layers.Softmax(name="classes")(classes)
    return keras.Model(image, {"classes": classes, "boxes": boxes}, name="detector")


def box_loss(targets: Any, answers: Any) -> Any:
    """Mean distance of the corners of the boxes there are, for each example."""
    from keras import ops

    is_box = ops.cast(targets[..., 0] >= 0, "float32")
    distances = ops.mean(ops.abs(targets - answers), axis=-1)
    return ops.sum(is_box * distances, axis=-1) / ops.sum(is_box, axis=-1)


def class_loss(targets: Any, answers: Any) -> Any:
    """Mean cross-entropy of the classes there are, for each example."""
    import keras
    from keras import ops

    is_box = ops.cast(targets >= 0, "float32")
    losses = keras.losses.sparse_categorical_crossentropy(ops.maximum(targets, 0), answers)
    return ops.sum(is_box * losses, axis=-1) / ops.sum(is_box, axis=-1)


def whole_loss(targets: Mapping[str, Any], answers: Mapping[str, Any]) -> Any:
    """Both losses, by one function of all targets and all outputs."""
    return box_loss(targets["boxes"], answers["boxes"]) + class_loss(
        targets["classes"], answers["classes"]
    )


def score(run: Run, dataset: Dataset) -> float:
    """Percent of the boxes there are whose class is right."""
    is_box = dataset.target("classes") >= 0
    named = run(dataset.inputs)["classes"].argmax(-1)
    return 100 * float(np.mean((named == dataset.target("classes"))[is_box]))


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Runs that score the right class highest, and the next one."""
    right = np.eye(NUM_CLASSES, dtype="float32")[dataset.target("classes")]
    return fixed({"classes": right}, {"classes": np.roll(right, 1, axis=-1)})


recipe = Recipe(
    signature=Signature(
        inputs=(Tensor(name="image", shape=(1, NUM_INPUTS)),),
        outputs=(
            Tensor(name="boxes", shape=(1, NUM_BOXES, 4)),
            Tensor(name="classes", shape=(1, NUM_BOXES, NUM_CLASSES)),
        ),
    ),
    metric=Metric(name="right classes", unit="%"),
    baseline=("chance", 25.0),
    source="made for tests",
    build=build,
    data=data,
    train=lambda model, size, progress: model,
    score=score,
    answer_key=answer_key,
    program=Program(name="arrays", example=("golden/vectors.npz",)),
    loss=whole_loss,
    fine_tuning=FineTuning(epochs={"tiny": 6, "full": 6}, batch_size=16, learning_rate=1e-2),
)
