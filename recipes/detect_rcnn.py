"""R-CNN: every region that is proposed of a picture goes through a network of its own.

Data: BCCD, 364 photos of stained blood with 4,888 boxes around red cells, white cells and
platelets; `tiny` uses 90 smaller ones that ship with edgekit. Selective search proposes some
hundred regions of each (Uijlings et al. 2013), which takes OpenCV with its contributed modules, on
the device too. Model: a small convolutional network that names what a region shows and moves its
edges (Girshick et al. 2014), where the paper trains a machine of support vectors and a regression
behind it. It is one file, `regions`, asked once for every region. Score: mAP at an IoU of 0.5.
Takes pictures of your own with boxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Parts, Program, Recipe
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.learning.whole_loss import learner
from edgekit.domains.two_looks.networks import named_and_moved, regions_signature
from edgekit.domains.two_looks.own_pictures import with_searched_regions
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import CELLS, BoxedSet, blood_cells
from edgekit.domains.vision.regions import SHOWS_THING, assigned, edges_loss, shifts_to
from edgekit.domains.vision.searched_regions import (
    blood_cell_regions,
    drawn,
    named_by_size,
    regions_input,
    together,
)
from edgekit.on_device.programs.detect import to_json
from edgekit.on_device.vision.regions import TwoStages, cut_out, drive

if TYPE_CHECKING:
    import keras

SHAPE = (240, 320, 3)
DETECTOR = TwoStages(stride=1, side=32, margin=0.15, proposals=500)
"""A region is cut out with what lies around it, as in the paper, and warped to 32 x 32 pixels."""

CROP = (DETECTOR.side, DETECTOR.side, 3)

DRAWN = 64
"""Regions of each picture that are learned from."""

EPOCHS: dict[Size, int] = {"tiny": 2, "full": 14}
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 3e-3


# Data: pictures, the regions that selective search proposes, and the true boxes.


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 240, 320, 3)` and their regions, and their boxes and labels."""
    return together(*blood_cell_regions(split, size, DETECTOR.proposals))


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program reads, and a test picture as a file to try a bundle with."""
    return {**facts(size), **detection.example(blood_cells("test", "tiny", SHAPE))}


def facts(_size: Size) -> dict[str, str | bytes]:
    """Return what the program reads."""
    return {"detector.json": to_json(SHAPE, DETECTOR.facts())}


# Model: 32x32 -> 16x16 -> 8x8 -> 4x4, each stage two convolutions.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(len(CELLS))


def network(num_labels: int) -> keras.Model:
    """Return the untrained network, which names what a region shows and moves its edges."""
    import keras

    crop = keras.Input(CROP, name="crop")
    x = convolution(crop, 16)
    for filters in (32, 48, 64):
        x = convolution(x, filters, stride=2)
        x = convolution(x, filters)
    outputs = named_and_moved(x, num_labels, dropout=0.3)
    return keras.Model(crop, outputs, name="detect_rcnn")


# Training: on regions drawn of each picture, a quarter of them things, each mirrored at random.


def loss(
    targets: Mapping[str, keras.KerasTensor], answers: Mapping[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Return the loss of each region: of its name, and of the edges of what it shows."""
    from keras import ops

    labels = ops.cast(targets["labels"], "int32")
    named = ops.sparse_categorical_crossentropy(labels, answers["scores"])
    off = edges_loss(answers["shifts"], targets["shifts"]) / 2
    return named + ops.where(labels > 0, off, 0.0)


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    pictures, regions = blood_cell_regions("train", size, DETECTOR.proposals, progress)
    return train_on(model, pictures, regions, EPOCHS[size], progress)


def train_on(
    model: keras.Model, pictures: BoxedSet, regions: Array, epochs: int, progress: Progress
) -> keras.Model:
    """Train on any pictures and their regions, and return the model."""
    import keras

    random = np.random.default_rng(int(keras.random.randint((), 0, 2**31 - 1)))
    crops, labels, shifts = regions_to_learn(pictures, regions, random)
    steps = len(crops) // BATCH_SIZE
    rate = warm_up_and_fall(PEAK_LEARNING_RATE, epochs * steps)
    student = learner(model, loss)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=5e-4, clipnorm=5.0)
    student.compile(optimizer, jit_compile=False)
    for epoch in range(epochs):
        order, total = random.permutation(len(crops)), 0.0
        for start in range(0, steps * BATCH_SIZE, BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            images, moved = _mirrored(crops[chosen], shifts[chosen], random)
            targets = {"labels": labels[chosen], "shifts": moved}
            total += student.train_on_batch(images, targets)
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {total / steps:.3f}")
    return model


def regions_to_learn(
    pictures: BoxedSet, regions: Array, random: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return what the network learns from.

    Returns:
        Crops `(n, 32, 32, 3)`, uint8; labels `(n,)`, 0 for nothing; shifts to the true box, `(n,
        4)`.
    """
    crops, labels, shifts = [], [], []
    for image, boxes, names, offered in zip(
        pictures.images, pictures.boxes, pictures.labels, regions, strict=True
    ):
        chosen, _ = drawn(random, offered, boxes, DRAWN)
        chosen = chosen[chosen[:, 2] > chosen[:, 0]]
        found = assigned(chosen[None], {"boxes": boxes[None], "labels": names[None]})
        shows = np.asarray(found.overlap[0]) >= SHOWS_THING
        crops.append(np.rint(cut_out(image, chosen, DETECTOR)).astype(np.uint8))
        labels.append(np.where(shows, np.asarray(found.labels[0]) + 1, 0))
        shifts.append(np.asarray(shifts_to(found.boxes[0], chosen)))
    return np.concatenate(crops), np.concatenate(labels), np.concatenate(shifts)


def _mirrored(crops: Array, shifts: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """Return crops in other light, mirrored or upside down at random, with what is right then."""
    images, moved = crops.astype(np.float32) / 255, shifts.copy()
    for axis in (1, 2):
        turned = random.random(len(images)) < 0.5
        images[turned] = np.flip(images[turned], axis)
        moved[turned, 2 - axis] *= -1
    light = random.uniform(0.8, 1.2, (len(images), 1, 1, 1)).astype(np.float32)
    return np.clip(images * light, 0, 1), moved


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the network under the name that the loop around it knows."""
    return {"regions": model}


def parts_of(names: tuple[str, ...]) -> Parts:
    """Return the file, and the loop around it."""
    signature = regions_signature(CROP, names, "a region of the picture, 0..1")
    return Parts(signatures={"regions": signature}, split=split, drive=drive(DETECTOR))


# Data of your own: regions are searched for in the same way.

SEEN: dict[Size, int] = {"tiny": 200, "full": 4_000}
"""Pictures that training shows in all."""


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures with boxes."""
    return with_searched_regions(
        recipe,
        folder,
        SHAPE,
        network=network,
        parts_of=parts_of,
        facts=facts,
        train_on=train_on,
        seen=SEEN,
    )


SIGNATURE = detection.signature(SHAPE, CELLS)

recipe = Recipe(
    signature=replace(SIGNATURE, inputs=(*SIGNATURE.inputs, regions_input(DETECTOR.proposals))),
    metric=detection.METRIC,
    baseline=("selective search, its regions named by their size alone", named_by_size),
    source=(
        "Girshick, Donahue, Darrell, Malik, Rich feature hierarchies (R-CNN), 2014, "
        "https://arxiv.org/abs/1311.2524; Uijlings et al., Selective Search for Object "
        "Recognition, 2013, https://doi.org/10.1007/s11263-013-0620-5"
    ),
    build=build,
    data=data,
    train=train,
    score=detection.score,
    details=detection.details(CELLS),
    show=detection.show(CELLS),
    answer_key=detection.answer_key,
    variants=("float32", "float16", "dynamic_int8", "int8"),
    drop_limits=detection.DROP_LIMITS,
    num_emulated=5,
    parts=parts_of(CELLS),
    program=Program(name="detect", example=(detection.EXAMPLE,)),
    assets=assets,
    with_data=with_data,
)
