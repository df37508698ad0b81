"""U-Net that finds the membranes between nerve cells in electron micrographs, pixel by pixel.

Data: the ISBI 2012 challenge, 30 sections 512x512 of a fly's nerve cord with the class of every
pixel (Arganda-Carreras et al. 2015), split by section, the last eight for tests; `tiny` uses parts
of ten sections that ship with edgekit. Model: a U-Net (Ronneberger et al. 2015) with fewer
channels and batch normalization; it sees tiles, of which the margin does not count. Score: mean
intersection over union. Takes pictures of your own with masks, grey or colour, of any classes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, FineTuning, Program, Recipe, Signature
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.segmentation import membranes
from edgekit.domains.segmentation.deforming import MICROGRAPHS
from edgekit.domains.segmentation.own_masked import on_masks
from edgekit.domains.segmentation.scoring import (
    METRIC,
    details_of,
    masks_key,
    mean_iou,
    scores_tensor,
    show_of,
)
from edgekit.domains.segmentation.training import Schedule, fit, loss_of

if TYPE_CHECKING:
    import keras

LABELS = membranes.LABELS
WIDTHS: dict[Size, tuple[int, ...]] = {"tiny": (8, 16, 32, 64), "full": (16, 32, 64, 128, 192)}
"""Channels at full resolution, at half of it, and so on."""
SCHEDULE: dict[Size, Schedule] = {
    "tiny": Schedule(steps=40, batch_size=8, peak_learning_rate=1e-2),
    "full": Schedule(steps=1400, calm_steps=300),
}
LOSS = loss_of(membranes.WEIGHTS)


# Data: tiles of whole sections.


def data(split: Split, size: Size) -> Dataset:
    """Return tiles `(n, 128, 128, 1)`, float32 in 0..1, and their classes `(n, 128, 128)`."""
    return membranes.membranes(split, size)


# Model: down to a sixteenth of the resolution (`tiny`: an eighth) and back up, where what was seen
# on the way down is laid beside what comes up.


def build(size: Size) -> keras.Model:
    """Return the untrained network."""
    return network(membranes.SHAPE, len(LABELS), size)


def network(shape: tuple[int, ...], num_classes: int, size: Size) -> keras.Model:
    """Return the untrained network for tiles `(height, width, channels)`, divisible by 16."""
    import keras

    image = keras.Input(shape, name="image")
    x, seen = image, []
    *widths, bottom = WIDTHS[size]
    for width in widths:
        x = _convolutions(x, width)
        seen.append(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Dropout(0.2)(_convolutions(x, bottom))
    for width in reversed(widths):
        x = keras.layers.Conv2DTranspose(width, 2, strides=2)(x)
        x = _convolutions(keras.layers.Concatenate()([seen.pop(), x]), width)
    scores = keras.layers.Conv2D(num_classes, 1, name="scores")(x)
    return keras.Model(image, scores, name="segment_unet")


def _convolutions(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """Twice convolution, batch normalization, ReLU: the order every later tool can fuse."""
    import keras

    for _ in range(2):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
    return x


# Training: on pieces turned, mirrored and bent, by cross-entropy and overlap.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training sections and return the model."""
    sections = membranes.of_split("train", size)
    return fit(
        model, sections, LOSS, schedule=SCHEDULE[size], variation=MICROGRAPHS, progress=progress
    )


# Score: intersection over union, the mean of both classes, over all pixels that count.


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean IoU in percent."""
    return mean_iou(run, dataset)


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures and masks; classes, colours and splits follow them."""
    return on_masks(recipe, folder, network=network, schedule=SCHEDULE)


recipe = Recipe(
    signature=Signature(
        inputs=(membranes.IMAGE,),
        outputs=(scores_tensor(membranes.SHAPE, len(LABELS)),),
        labels=LABELS,
    ),
    metric=METRIC,
    baseline=("the best threshold of brightness", membranes.by_brightness),
    source=(
        "Ronneberger, Fischer, Brox, U-Net: Convolutional Networks for Biomedical Image "
        f"Segmentation, 2015, https://arxiv.org/abs/1505.04597; {membranes.SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=masks_key(len(LABELS)),
    details=details_of(LABELS),
    show=show_of(LABELS),
    loss=LOSS,
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 6}, batch_size=8),
    variants=(
        "float32",
        "float16",
        "dynamic_int8",
        "int8",
        "pruned-float32",
        "pruned-int8",
        "qat-int8",
    ),
    # Tests are few tiles of many pixels: the allowance for few examples makes it four times these.
    drop_limits={"int8": 0.25, "pruned": 1.0, "qat": 0.5},
    program=Program(name="segment", example=(membranes.EXAMPLE,)),
    assets=membranes.assets,
    with_data=with_data,
    num_emulated=10,
)
