"""Variational autoencoder of 28x28 grey images: it makes new ones of noise.

Data: Fashion-MNIST (Xiao et al. 2017); `tiny` uses the 6,000 + 1,000 images that ship with edgekit.
Model: a variational autoencoder (Kingma & Welling 2014) of convolutions, as two files. `encoder`
puts an image into a distribution of codes and draws one of them with noise that it is given;
`decoder` makes an image of a code, and of plain noise a new one. Score: the evidence lower bound.
Compared with a bound that takes no codes: each pixel as it is in the mean over all images.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import (
    Dataset,
    FineTuning,
    Metric,
    Parts,
    Program,
    Recipe,
    Signature,
    Tensor,
)
from edgekit.core.types import Batch, Progress, Run, Size, Split
from edgekit.domains.fashion.garments import IMAGE, SHAPE, SOURCE, garments
from edgekit.domains.generative.garment_features import distance, floor
from edgekit.domains.generative.variational import (
    divergence,
    drawn,
    log_likelihood,
    negative_elbo,
    standard_normal,
    train_variational,
)
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.convolutions import convolution
from edgekit.on_device.programs.generate import drive
from edgekit.on_device.vision.drawing import Drawing

if TYPE_CHECKING:
    import keras

CODE_SIZE = 16
EPOCHS: dict[Size, int] = {"tiny": 8, "full": 20}
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 3e-3
SEEDS: dict[Split, int] = {"train": 0, "validation": 1, "calibration": 2, "test": 3}


def data(split: Split, size: Size) -> Dataset:
    """Return images `(n, 28, 28, 1)`, float32 in 0..1, their own targets, and noise `(n, 16)`."""
    images, _ = garments(split, size)
    noise = standard_normal(len(images), CODE_SIZE, seed=SEEDS[split])
    return Dataset(inputs={"image": images, "noise": noise}, targets=images)


# Model: 28x28 -> 14x14 -> 7x7 -> a code, and back.

_convolution = partial(convolution, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    from keras import Input, Model, layers

    image, noise = Input(SHAPE, name="image"), Input((CODE_SIZE,), name="noise")
    x = _convolution(image, 16, stride=2)
    x = _convolution(x, 32, stride=2)
    x = _convolution(x, 32)
    code, mean, deviation = drawn(layers.Flatten()(x), noise)
    x = layers.Dense(7 * 7 * 32, name="unfolded")(code)
    x = layers.ReLU(6.0)(layers.Reshape((7, 7, 32))(x))
    x = _convolution(x, 32)
    x = _convolution(layers.UpSampling2D()(x), 32)
    x = _convolution(layers.UpSampling2D()(x), 16)
    made = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="made")(x)
    return Model([image, noise], [made, mean, deviation], name="image_vae")


# Training: the evidence lower bound, with one code drawn for each image in each epoch.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    examples = data("train", size)
    train_variational(
        model,
        examples.inputs,
        examples.target(),
        epochs=EPOCHS[size],
        batch_size=BATCH_SIZE,
        peak_learning_rate=PEAK_LEARNING_RATE,
        progress=progress,
    )
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return what comes up to the code of the trained network, and what comes after."""
    from keras import Input, Model

    names = [layer.name for layer in model.layers]
    outputs = [model.get_layer(name).output for name in ("code", "mean", "deviation")]
    code = Input((CODE_SIZE,), name="code")
    x = code
    for layer in model.layers[names.index("unfolded") :]:
        x = layer(x)
    return {
        "encoder": Model(model.inputs, outputs, name="encoder"),
        "decoder": Model(code, x, name="decoder"),
    }


# Score: what the code leaves open of an image, and what it tells of it, both in nats.


def score(run: Run, dataset: Dataset) -> float:
    """Return the evidence lower bound, the mean over images, in nats."""
    answers = run(dataset.inputs)
    likelihood = log_likelihood(dataset.target(), answers["made"])
    return likelihood - divergence(answers["mean"], answers["deviation"])


def details(run: Run, dataset: Dataset) -> Mapping[str, float]:
    """Return both terms of the bound, and how far images made of noise are from as many real ones.

    The last figure is the distance of training images: the least that can be expected.
    """
    answers, images = run(dataset.inputs), dataset.target()
    return {
        "log-likelihood, nats": log_likelihood(images, answers["made"]),
        "divergence of codes, nats": divergence(answers["mean"], answers["deviation"]),
        f"Fréchet distance of {len(images):,} samples": distance(answers["sampled"], images),
        f"Fréchet distance of {len(images):,} training images": floor(images),
    }


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that answer each image, and its negative, of codes that tell nothing."""
    images = dataset.target()
    codes = np.zeros_like(dataset.inputs["noise"])
    told = {"code": codes, "mean": codes, "deviation": codes + 1, "sampled": images}
    return fixed({**told, "made": images}, {**told, "made": 1 - images})


def independent_pixels(size: Size, progress: Progress) -> float:
    """Return the log-likelihood where each pixel is as it is in the mean over training images."""
    seen, test = (data(split, size).target() for split in ("train", "test"))
    return log_likelihood(test, np.broadcast_to(seen.mean(axis=0), test.shape))


def show(inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return each image that was given, what was made of its code, and what was made of noise."""
    rows = zip(inputs["image"], answers["made"], answers["sampled"], strict=True)
    return [Drawing(picture=np.concatenate(row, axis=1)) for row in rows]


NOISE = Tensor(name="noise", shape=(1, CODE_SIZE), meaning="drawn from the standard normal")
CODE = Tensor(name="code", shape=(1, CODE_SIZE), meaning="drawn for the image; of noise, a new one")
MEAN = Tensor(name="mean", shape=(1, CODE_SIZE), meaning="of the codes of the image")
DEVIATION = Tensor(name="deviation", shape=(1, CODE_SIZE), meaning="of these codes, 0..1")
MADE = Tensor(name="made", shape=IMAGE.shape, meaning="what was made of a code, 0..1")
SAMPLED = Tensor(name="sampled", shape=IMAGE.shape, meaning="what was made of the noise, 0..1")
recipe = Recipe(
    signature=Signature(inputs=(IMAGE, NOISE), outputs=(CODE, MEAN, DEVIATION, MADE, SAMPLED)),
    metric=Metric(name="ELBO", unit="nats"),
    baseline=("independent pixels", independent_pixels),
    source=(
        "Kingma, Welling, Auto-Encoding Variational Bayes, 2014, https://arxiv.org/abs/1312.6114; "
        "Odena, Dumoulin, Olah, Deconvolution and Checkerboard Artifacts, 2016, "
        "https://doi.org/10.23915/distill.00003; Heusel et al., GANs Trained by a Two Time-Scale "
        f"Update Rule, 2017, https://arxiv.org/abs/1706.08500; {SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=answer_key,
    details=details,
    loss=negative_elbo,
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 3}),
    # Training with quantization is left out: it returns a network of its own kind, out of which no
    # part can be cut that begins in the middle, as the decoder does.
    variants=("float32", "float16", "dynamic_int8", "int8", "int16x8", "pruned-int8"),
    drop_limits={
        "float32": 0.2,
        "float16": 0.5,
        "dynamic_int8": 2.3,
        "int8": 2.3,
        "int16x8": 1.0,
        "pruned": 8.0,
    },
    parts=Parts(
        signatures={
            "encoder": Signature(inputs=(IMAGE, NOISE), outputs=(CODE, MEAN, DEVIATION)),
            "decoder": Signature(inputs=(CODE,), outputs=(MADE,)),
        },
        split=split,
        drive=drive,
    ),
    program=Program(name="generate", example=("7",)),
    show=show,
    num_emulated=300,
)
