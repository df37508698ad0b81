"""Autoencoder that takes the noise out of a 28x28 grey image.

Data: Fashion-MNIST (Xiao et al. 2017) with noise: Gaussian on half of the images, salt and pepper
on the others; `tiny` uses the 6,000 + 1,000 images that ship with edgekit. Model: a denoising
autoencoder (Vincent et al. 2008) of convolutions, with short cuts from each resolution to its
counterpart (Ronneberger et al. 2015). Score: the mean peak signal-to-noise ratio. Compared with a
median filter and with non-local means, the better of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.fashion.garments import EXAMPLE, IMAGE, SHAPE, SOURCE, garments
from edgekit.domains.fashion.noise import KINDS, median_filtered, noisy, non_local_means
from edgekit.domains.fashion.pairs import psnr, side_by_side
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.optimizers import adamw
from edgekit.on_device.pictures import to_pgm

if TYPE_CHECKING:
    import keras

WIDTHS = (12, 24, 48)
"""Channels at 28x28, 14x14 and 7x7."""

EPOCHS: dict[Size, int] = {"tiny": 6, "full": 6}
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 4e-3
SEEDS: dict[Split, int] = {"train": 0, "validation": 1, "calibration": 0, "test": 2}


def data(split: Split, size: Size) -> Dataset:
    """Return noisy images `(n, 28, 28, 1)`, float32 in 0..1, and the clean ones."""
    images, _ = garments(split, size)
    return Dataset(inputs={"image": noisy(images, SEEDS[split])}, targets=images)


def assets(size: Size) -> dict[str, bytes]:
    """Return a noisy test image as a file to try a bundle with."""
    (image, *_) = data("test", "tiny").inputs["image"]
    return {EXAMPLE: to_pgm(np.rint(255 * image[..., 0]).astype(np.uint8))}


# Model: down to 7x7 and back up; what was seen on the way down is laid beside what comes up.

_convolution = partial(convolution, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    from keras import Input, Model, layers

    image = Input(SHAPE, name="image")
    x, seen = image, []
    *widths, bottom = WIDTHS
    for width in widths:
        x = _convolution(_convolution(x, width), width)
        seen.append(x)
        x = layers.MaxPooling2D()(x)
    x = _convolution(_convolution(x, bottom), bottom)
    for width in reversed(widths):
        x = layers.Concatenate()([seen.pop(), layers.UpSampling2D()(x)])
        x = _convolution(_convolution(x, width), width)
    made = layers.Conv2D(1, 1, activation="sigmoid", name="made")(x)
    return Model(image, made, name="image_denoiser")


# Training: the squared error of pixels, on noise that is drawn once.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    examples = data("train", size)
    steps = EPOCHS[size] * -(-len(examples) // BATCH_SIZE)
    model.compile(adamw(PEAK_LEARNING_RATE, steps, weight_decay=1e-4), recipe.loss)
    fit(model, examples, epochs=EPOCHS[size], batch_size=BATCH_SIZE, progress=progress)
    return model


# Score: the peak signal-to-noise ratio.


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean peak signal-to-noise ratio in decibels."""
    return psnr(run(dataset.inputs)["made"], dataset.target())


def details(run: Run, dataset: Dataset) -> Mapping[str, float]:
    """Return the same for each kind of noise, which take turns."""
    made, wanted = run(dataset.inputs)["made"], dataset.target()
    return {
        f"PSNR, {kind}, dB": psnr(made[k :: len(KINDS)], wanted[k :: len(KINDS)])
        for k, kind in enumerate(KINDS)
    }


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that answer the clean images, and their negatives."""
    return fixed({"made": dataset.target()}, {"made": 1 - dataset.target()})


def filtered(size: Size, progress: Progress) -> float:
    """Return the ratio of a median filter or of non-local means, whichever is higher."""
    test = data("test", size)
    return max(
        psnr(remove(test.inputs["image"]), test.target())
        for remove in (median_filtered, non_local_means)
    )


recipe = Recipe(
    signature=Signature(
        inputs=(IMAGE,),
        outputs=(Tensor(name="made", shape=IMAGE.shape, meaning="without noise, 0..1"),),
    ),
    metric=Metric(name="PSNR", unit="dB"),
    baseline=("the better of a median filter and non-local means", filtered),
    source=(
        "Vincent, Larochelle, Bengio, Manzagol, Extracting and Composing Robust Features with "
        "Denoising Autoencoders, 2008, https://doi.org/10.1145/1390156.1390294; Ronneberger, "
        f"Fischer, Brox, U-Net, 2015, https://arxiv.org/abs/1505.04597; {SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=answer_key,
    details=details,
    loss="mean_squared_error",
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 2}),
    variants=(
        "float32",
        "float16",
        "dynamic_int8",
        "int8",
        "int16x8",
        "pruned-int8",
        "qat-int8",
    ),
    drop_limits={"float32": 0.01, "dynamic_int8": 0.2, "int8": 0.2, "pruned": 0.5, "qat": 0.3},
    program=Program(name="denoise", example=(EXAMPLE,)),
    assets=assets,
    show=side_by_side,
    num_emulated=200,
)
