"""Fully convolutional network (FCN-8s) that finds membranes in electron micrographs.

Data: the ISBI 2012 challenge, 30 sections 512x512 of a fly's nerve cord with the class of every
pixel (Arganda-Carreras et al. 2015), split by section, the last eight for tests; `tiny` uses parts
of ten sections that ship with edgekit. Model: FCN-8s (Long et al. 2015) on a small classifier with
batch normalization in the place of VGG; scores at an eighth of the resolution are enlarged at once.
Score: mean intersection over union. Takes pictures of your own with masks, grey or colour.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Program, Recipe, Signature
from edgekit.core.types import Array, Progress, Run, Size, Split
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
WIDTHS: dict[Size, tuple[int, ...]] = {"tiny": (8, 16, 24, 32, 48), "full": (16, 32, 64, 96, 128)}
"""Channels of the five stages; each halves the resolution after it."""
SCHEDULE: dict[Size, Schedule] = {
    "tiny": Schedule(steps=80, batch_size=8, peak_learning_rate=1e-2),
    "full": Schedule(steps=1100, calm_steps=250),
}
LOSS = loss_of(membranes.WEIGHTS)


# Data: tiles of whole sections.


def data(split: Split, size: Size) -> Dataset:
    """Return tiles `(n, 128, 128, 1)`, float32 in 0..1, and their classes `(n, 128, 128)`."""
    return membranes.membranes(split, size)


# Model: a classifier's stages; each of the last three is asked for scores, the coarser ones are
# enlarged and added to the finer ones.


def build(size: Size) -> keras.Model:
    """Return the untrained network."""
    return network(membranes.SHAPE, len(LABELS), size)


def network(shape: tuple[int, ...], num_classes: int, size: Size) -> keras.Model:
    """Return the untrained network for tiles `(height, width, channels)`, divisible by 32."""
    import keras

    image = keras.Input(shape, name="image")
    x, stages = image, []
    for number, width in enumerate(WIDTHS[size]):
        for _ in range(1 if number == 0 else 2):
            x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=0.9)(x)
            x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D(2)(x)
        stages.append(x)
    eighth, sixteenth, x = stages[-3:]
    x = keras.layers.Conv2D(num_classes, 1)(keras.layers.Dropout(0.2)(x))
    for finer in (sixteenth, eighth):
        x = keras.layers.Add()([_enlarged(x, 2), keras.layers.Conv2D(num_classes, 1)(finer)])
    return keras.Model(image, _enlarged(x, 8, name="scores"), name="segment_fcn")


def _enlarged(x: keras.KerasTensor, factor: int, name: str | None = None) -> keras.KerasTensor:
    """Enlarge scores by a transposed convolution that begins as bilinear interpolation."""
    import keras

    num_classes = x.shape[-1]
    kernel = bilinear(factor)[:, :, np.newaxis, np.newaxis] * np.eye(num_classes, dtype=np.float32)
    return keras.layers.Conv2DTranspose(
        num_classes,
        2 * factor,
        strides=factor,
        padding="same",
        kernel_initializer=keras.initializers.Constant(kernel),
        name=name,
    )(x)


def bilinear(factor: int) -> Array:
    """Return the kernel `(2 * factor, 2 * factor)` that interpolates between scores, float32."""
    distances = np.abs(np.arange(2 * factor) + 0.5 - factor) / factor
    return np.outer(1 - distances, 1 - distances).astype(np.float32)


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
        "Long, Shelhamer, Darrell, Fully Convolutional Networks for Semantic Segmentation, 2015, "
        f"https://arxiv.org/abs/1411.4038; {membranes.SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=masks_key(len(LABELS)),
    details=details_of(LABELS),
    show=show_of(LABELS),
    loss=LOSS,
    fine_tuning=FineTuning(epochs={"tiny": 4, "full": 6}, batch_size=8),
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
