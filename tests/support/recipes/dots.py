"""Smallest detector of parts: one network of raw boxes and scores, and a loop that picks boxes.

Made data, for tests only; source: none (2026), see http://127.0.0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Batch, Progress, Run, Size, Split
from edgekit.domains.learning.whole_loss import fit_batches
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_batches import as_batch
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.on_device.vision.boxes import padded, suppressed

if TYPE_CHECKING:
    import keras

LABELS = ("red", "blue")
SHAPE = (16, 24, 3)
CELL = 8
"""Pixels of a cell's side; each has a dot of 4 to 6 pixels, or none."""
ROWS, COLUMNS = SHAPE[0] // CELL, SHAPE[1] // CELL
CELLS = ROWS * COLUMNS
CORNERS = np.tile(
    CELL * np.stack(np.meshgrid(np.arange(COLUMNS), np.arange(ROWS)), axis=-1).reshape(CELLS, 2),
    2,
).astype(np.float32)
"""Left and top of each cell, twice."""


def data(split: Split, size: Size) -> Dataset:
    """Return pictures, padded boxes and labels."""
    return detection.dataset(pictures(split))


def pictures(split: Split) -> BoxedSet:
    """Return pictures of dots on dark ground."""
    random = np.random.default_rng(["train", "validation", "test", "calibration"].index(split))
    count = 400 if split == "train" else 60
    images = random.integers(0, 60, (count, *SHAPE)).astype(np.uint8)
    boxes = np.zeros((count, CELLS, 4), np.float32)
    labels = np.where(
        random.random((count, CELLS)) < 0.6, random.integers(0, 2, (count, CELLS)), -1
    )
    for image, row, numbers in zip(images, boxes, labels, strict=True):
        for cell in np.flatnonzero(numbers >= 0):
            side = random.integers(4, 7)
            left, top = CORNERS[cell, :2].astype(int) + random.integers(0, CELL - side + 1, 2)
            row[cell] = (left, top, left + side, top + side)
            image[top : top + side, left : left + side, 2 * numbers[cell]] += 150
    return BoxedSet(images=images, boxes=boxes, labels=labels.astype(np.int32), names=LABELS)


def build(size: Size) -> keras.Model:
    """Return the untrained network: boxes in cells, and scores, as a list of two outputs."""
    import keras

    image = keras.Input(SHAPE, name="image")
    x = image
    for filters, stride in ((12, 2), (24, 2), (32, 2), (32, 1)):
        x = keras.layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU(6.0)(x)
    boxes = keras.layers.Conv2D(4, 1)(x)
    scores = keras.layers.Conv2D(len(LABELS), 1)(x)
    outputs = [
        keras.layers.Reshape((CELLS, 4), name="raw_boxes")(boxes),
        keras.layers.Reshape((CELLS, len(LABELS)), name="raw_scores")(scores),
    ]
    return keras.Model(image, outputs, name="dots")


def loss(
    targets: Mapping[str, keras.KerasTensor], answers: Mapping[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Return the loss of each example, of the network's own outputs."""
    from keras import ops

    numbers = ops.cast(targets["labels"], "int32")
    there = ops.cast(numbers >= 0, "float32")[..., None]
    wanted = ops.one_hot(numbers, len(LABELS))  # no class at all for -1
    named = ops.binary_crossentropy(wanted, answers["raw_scores"], from_logits=True)
    apart = ops.abs((targets["boxes"] - CORNERS) / CELL - answers["raw_boxes"])
    return ops.mean(named, axis=(1, 2)) + ops.mean(there * apart, axis=(1, 2))


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train for a few seconds."""
    import keras

    epochs, steps = 25, 12
    found, random = pictures("train"), np.random.default_rng(0)
    chosen = (random.choice(len(found), 32, replace=False) for _ in range(epochs * steps))
    batches = (as_batch(found.images[i], found.boxes[i], found.labels[i]) for i in chosen)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-2, epochs * steps))
    fit_batches(
        {SHAPE: model},
        loss,
        batches,
        optimizer=optimizer,
        epochs=epochs,
        steps=steps,
        progress=progress,
    )
    return model


def drive(runs: Mapping[str, Run]) -> Run:
    """Return the detector: the network, and of its boxes those that are sure."""

    def run(batch: Batch) -> Batch:
        answer = runs["network"](batch)
        scores = 1 / (1 + np.exp(-answer["raw_scores"]))
        boxes = answer["raw_boxes"] * CELL + CORNERS
        return padded(
            [
                suppressed(b, s, least_score=0.3, threshold=0.5, most=CELLS)
                for b, s in zip(boxes, scores, strict=True)
            ],
            CELLS,
        )

    return run


RAW = (
    Tensor(name="raw_boxes", shape=(1, CELLS, 4), meaning="sides, in cells from its corner"),
    Tensor(name="raw_scores", shape=(1, CELLS, len(LABELS)), meaning="log-odds of each class"),
)
SIGNATURE = detection.signature(SHAPE, LABELS, CELLS)

recipe = Recipe(
    signature=SIGNATURE,
    metric=detection.METRIC,
    baseline=("none is found", 0.0),
    source="made for tests",
    build=build,
    data=data,
    train=train,
    score=detection.score,
    details=detection.details(LABELS),
    answer_key=detection.answer_key,
    loss=loss,
    fine_tuning=FineTuning(epochs={"tiny": 6, "full": 6}, batch_size=32),
    variants=("float32", "int8", "pruned-int8", "qat-int8"),
    drop_limits=detection.DROP_LIMITS,
    parts=Parts(
        signatures={"network": Signature(inputs=SIGNATURE.inputs, outputs=RAW)},
        split=lambda model: {"network": model},
        drive=drive,
    ),
    program=Program(name="arrays", example=("golden/vectors.npz",)),
)
