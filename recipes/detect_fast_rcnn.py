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
from edgekit.domains.own_boxed.reading import own_boxed
from edgekit.domains.own_boxed.recipes import with_boxes
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import CELLS, BoxedSet, blood_cells
from edgekit.domains.vision.regions import cut_out, region_loss
from edgekit.domains.vision.searched_regions import (
    blood_cell_regions,
    endless_region_batches,
    named_by_size,
    regions_input,
    searched,
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


def together(pictures: BoxedSet, regions: Array) -> Dataset:
    """Return pictures and their regions as inputs, boxes and labels as targets."""
    found = detection.dataset(pictures)
    return replace(found, inputs={**found.inputs, "regions": regions})


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
    crops = cut_out(_features(image), regions, DETECTOR)
    scores, shifts = _second_look(num_labels)(keras.ops.reshape(crops, (-1, *CROP)))
    outputs = [
        keras.layers.Identity(name=name)(keras.ops.reshape(said, (-1, DRAWN, said.shape[-1])))
        for name, said in (("region_scores", scores), ("region_shifts", shifts))
    ]
    return keras.Model([image, regions], outputs, name="detect_fast_rcnn")


def _features(image: keras.KerasTensor) -> keras.KerasTensor:
    """Return features at an eighth of the picture's size."""
    import keras

    x = _convolution(image, 16, stride=2)
    x = _convolution(x, 32, stride=2)
    fine = _block(_convolution(x, 64, stride=2))
    coarse = _block(_convolution(fine, 96, stride=2))
    # White cells are as large as 12 cells of the fine features: the coarse ones see them whole.
    wide = keras.layers.Conv2D(CHANNELS, 1, use_bias=False)(coarse)
    narrow = keras.layers.Conv2D(CHANNELS, 1, use_bias=False)(fine)
    wide = keras.layers.UpSampling2D(2, interpolation="bilinear")(wide)
    joined = keras.layers.Add()([narrow, wide])
    joined = keras.layers.BatchNormalization(momentum=0.9)(joined)
    return keras.layers.ReLU(name="features")(joined)


def _second_look(num_labels: int) -> keras.Model:
    """Return the network that names what a region shows and moves its edges."""
    import keras

    crop = keras.Input(CROP, name="crop")
    x = keras.layers.Dense(128, use_bias=False)(keras.layers.Flatten()(crop))
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Dropout(0.2)(x)
    scores = keras.layers.Dense(1 + num_labels, activation="softmax", name="scores")(x)
    shifts = keras.layers.Dense(4, name="shifts")(x)
    return keras.Model(crop, [scores, shifts], name="second_look")


def _convolution(x: keras.KerasTensor, filters: int, *, stride: int = 1) -> keras.KerasTensor:
    import keras

    x = keras.layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    return keras.layers.ReLU()(x)


def _block(x: keras.KerasTensor) -> keras.KerasTensor:
    """Residual block (He et al. 2015)."""
    import keras

    filters = int(x.shape[-1])
    inner = _convolution(x, filters)
    inner = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(inner)
    inner = keras.layers.BatchNormalization(momentum=0.9)(inner)
    return keras.layers.ReLU()(keras.layers.Add()([x, inner]))


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
    crop = Tensor(name="crop", shape=(1, *CROP), meaning="the features of a region")
    scores = Tensor(name="scores", shape=(1, 1 + len(names)), meaning="of nothing and each label")
    moves = Tensor(name="shifts", shape=(1, 4), meaning="moves of the region's middle and sides")
    return Parts(
        signatures={
            "features": Signature(inputs=(detection.picture_input(SHAPE),), outputs=(features,)),
            "regions": Signature(inputs=(crop,), outputs=(scores, moves), labels=names),
        },
        split=split,
        drive=drive(DETECTOR),
    )


# Data of your own: regions are searched for in the same way.

SEEN: dict[Size, int] = {"tiny": 200, "full": 12_000}
"""Pictures that training shows in all."""


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures with boxes."""
    own = own_boxed(folder, SHAPE)

    def searched_of(split: Split, size: Size) -> tuple[BoxedSet, Array]:
        pictures = own.of_split(split, size)
        return pictures, searched(pictures.images, DETECTOR.proposals)

    def train_own(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        pictures, regions = searched_of("train", size)
        return train_on(model, pictures, regions, -(-SEEN[size] // len(pictures)), progress)

    return with_boxes(
        recipe,
        own,
        build=lambda size: network(len(own.names)),
        train=train_own,
        parts=parts_of(own.names),
        assets=facts,
        data=lambda split, size: together(*searched_of(split, size)),
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
    num_emulated=10,
    parts=parts_of(CELLS),
    program=Program(name="detect", example=(detection.EXAMPLE,)),
    assets=assets,
    with_data=with_data,
)
