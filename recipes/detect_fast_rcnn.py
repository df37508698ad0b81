"""Fast R-CNN: the network looks at a picture once, and a second one at the regions proposed of it.

Data: BCCD, 364 photos of stained blood with 4,888 boxes around red cells, white cells and
platelets; `tiny` uses 90 smaller ones that ship with edgekit. Selective search proposes some
hundred regions of each (Uijlings et al. 2013), which takes longer than the networks, and OpenCV
with its contributed modules, on the device too. Model: a small residual network over the whole
picture; what a region covers is cut out of its features, and a head names it and moves its edges
(Girshick 2015). It runs as two files, `features` and `regions`. Score: mAP at an IoU of 0.5.
Takes pictures of your own with boxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.learning.whole_loss import learner
from edgekit.domains.two_looks.networks import features_of, regions_signature, second_look
from edgekit.domains.two_looks.own_pictures import with_searched_regions
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import CELLS, BoxedSet, blood_cells
from edgekit.domains.vision.regions import cut_out, region_loss
from edgekit.domains.vision.searched_regions import (
    blood_cell_regions,
    endless_region_batches,
    named_by_size,
    regions_input,
    together,
)
from edgekit.on_device.programs.detect import to_json
from edgekit.on_device.vision.regions import TwoStages, drive

if TYPE_CHECKING:
    import keras

SHAPE = (240, 320, 3)
CHANNELS = 64
"""Of the features that regions are cut out of."""

DETECTOR = TwoStages(stride=8, side=5, proposals=500)
CROP = (DETECTOR.side, DETECTOR.side, CHANNELS)

DRAWN = 64
"""Regions of a picture that a step of training looks at."""

EPOCHS: dict[Size, int] = {"tiny": 2, "full": 45}
BATCH_SIZE = 8
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


# Model: features of two scales, joined at the finer one, and a head for regions.


def build(size: Size) -> keras.Model:
    """Return the untrained networks as one; it is the same for every size."""
    return network(len(CELLS))


def network(num_labels: int) -> keras.Model:
    """Return the untrained networks as one, for the regions that training draws."""
    import keras

    image = keras.Input(SHAPE, name="image")
    regions = keras.Input((DRAWN, 4), name="regions")
    crops = cut_out(features_of(image, CHANNELS), regions, DETECTOR)
    scores, shifts = second_look(CROP, num_labels)(keras.ops.reshape(crops, (-1, *CROP)))
    outputs = [
        keras.layers.Identity(name=name)(keras.ops.reshape(said, (-1, DRAWN, said.shape[-1])))
        for name, said in (("region_scores", scores), ("region_shifts", shifts))
    ]
    return keras.Model([image, regions], outputs, name="detect_fast_rcnn")


# Training: pictures mirrored, moved and enlarged anew each time, and with them regions drawn anew.


def loss(
    targets: Mapping[str, keras.KerasTensor], answers: Mapping[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Return the loss of each picture, over the regions drawn of it."""
    return region_loss(
        answers["region_scores"], answers["region_shifts"], targets["regions"], targets
    )


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
    batch_size = max(1, min(BATCH_SIZE, len(pictures) // 16))  # of few pictures, more steps
    steps = len(pictures) // batch_size
    rate = warm_up_and_fall(PEAK_LEARNING_RATE, epochs * steps)
    student = learner(model, loss)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=5e-4, clipnorm=5.0)
    student.compile(optimizer, jit_compile=False)
    batches = endless_region_batches(pictures, regions, random, batch_size=batch_size, count=DRAWN)
    for epoch in range(epochs):
        total = 0.0
        for _ in range(steps):
            inputs, targets = next(batches)
            wanted = {**targets, "regions": inputs["regions"]}
            total += student.train_on_batch(inputs, wanted)
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {total / steps:.3f}")
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the two networks of a trained model."""
    import keras

    features = model.get_layer("features").output
    return {
        "features": keras.Model(model.inputs[0], features, name="features"),
        "regions": model.get_layer("second_look"),
    }


def parts_of(names: tuple[str, ...]) -> Parts:
    """Return the two files, and the loop around them."""
    rows, columns = SHAPE[0] // DETECTOR.stride, SHAPE[1] // DETECTOR.stride
    features = Tensor(
        name="features", shape=(1, rows, columns, CHANNELS), meaning="what regions are cut out of"
    )
    return Parts(
        signatures={
            "features": Signature(inputs=(detection.picture_input(SHAPE),), outputs=(features,)),
            "regions": regions_signature(CROP, names, "the features of a region"),
        },
        split=split,
        drive=drive(DETECTOR),
    )


# Data of your own: regions are searched for in the same way.

SEEN: dict[Size, int] = {"tiny": 200, "full": 12_000}
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
        "Girshick, Fast R-CNN, 2015, https://arxiv.org/abs/1504.08083; Uijlings et al., Selective "
        "Search for Object Recognition, 2013, https://doi.org/10.1007/s11263-013-0620-5; He et "
        "al., Mask R-CNN, 2017, https://arxiv.org/abs/1703.06870"
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
    num_emulated=6,
    parts=parts_of(CELLS),
    program=Program(name="detect", example=(detection.EXAMPLE,)),
    assets=assets,
    with_data=with_data,
)
