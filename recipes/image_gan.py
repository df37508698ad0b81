"""Generator of 28x28 grey images of the clothes that it is asked for.

Data: Fashion-MNIST (Xiao et al. 2017); `tiny` uses the 6,000 + 1,000 images that ship with edgekit.
Model: a convolutional generator (Radford et al. 2015) of a label (Mirza & Osindero 2014) and of
noise, trained against a critic (Goodfellow et al. 2014) that is needed no more afterwards. Score:
the Fréchet distance (Heusel et al. 2017) of made images to as many test images of the same labels,
in features of `image_cnn`; it is no FID, which takes an Inception network. Compared with the same
generator, trained for as many epochs as the decoder of a variational autoencoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Batch, Progress, Run, Size, Split
from edgekit.domains.fashion.garments import IMAGE, LABELS, SHAPE, SOURCE, garments
from edgekit.domains.generative.adversarial import train_adversaries
from edgekit.domains.generative.garment_features import distance, floor
from edgekit.domains.generative.variational import drawn, standard_normal, train_variational
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.convolutions import convolution
from edgekit.on_device.vision.drawing import Drawing

if TYPE_CHECKING:
    import keras

NOISE_SIZE = 32
EPOCHS: dict[Size, int] = {"tiny": 1, "full": 16}
BATCH_SIZE = 64
SEEDS: dict[Split, int] = {"train": 0, "validation": 1, "calibration": 2, "test": 3}


def data(split: Split, size: Size) -> Dataset:
    """Return labels, one-hot `(n, 10)`, noise `(n, 32)`, and real images `(n, 28, 28, 1)`."""
    images, numbers = garments(split, size)
    labels = np.eye(len(LABELS), dtype=np.float32)[numbers]
    noise = standard_normal(len(images), NOISE_SIZE, seed=SEEDS[split])
    return Dataset(inputs={"label": labels, "noise": noise}, targets=images)


# Model: 7x7 -> 14x14 -> 28x28. Enlarging by repeated pixels and then a convolution leaves no
# checkerboard (Odena et al. 2016), and maps to every accelerator.

_convolution = partial(convolution, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained generator; it is the same for every size."""
    from keras import Input, Model, layers

    label, noise = Input((len(LABELS),), name="label"), Input((NOISE_SIZE,), name="noise")
    x = layers.Dense(7 * 7 * 64, use_bias=False)(layers.Concatenate()([label, noise]))
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(x))
    x = _convolution(layers.Reshape((7, 7, 64))(x), 64)
    x = _convolution(layers.UpSampling2D()(x), 32)
    x = _convolution(layers.UpSampling2D()(x), 16)
    made = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="made")(x)
    return Model([label, noise], made, name="image_gan")


def critic() -> keras.Model:
    """Return the untrained critic: a score for each label, and of these the one that is asked."""
    from keras import Input, Model, layers

    image, label = Input(SHAPE), Input((len(LABELS),))
    x = image
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 4, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)
    scores = layers.Dense(len(LABELS))(layers.Flatten()(x))
    return Model([image, label], layers.Dot(axes=1)([scores, label]), name="critic")


# Training: both against each other.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the generator."""
    examples = data("train", size)
    train_adversaries(
        model,
        critic(),
        examples.target(),
        examples.inputs["label"],
        epochs=EPOCHS[size],
        batch_size=BATCH_SIZE,
        progress=progress,
    )
    return model


# Score: how far all made images are from all real ones.


def score(run: Run, dataset: Dataset) -> float:
    """Return the Fréchet distance of made images to as many real ones of the same labels."""
    return distance(run(dataset.inputs)["made"], dataset.target())


def details(run: Run, dataset: Dataset) -> Mapping[str, float]:
    """Return the distance of training images: the least that can be expected of so many."""
    images = dataset.target()
    return {f"Fréchet distance of {len(images):,} training images": floor(images)}


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that answer the real images, and their negatives."""
    return fixed({"made": dataset.target()}, {"made": 1 - dataset.target()})


def variational(size: Size, progress: Progress) -> float:
    """Return the distance of the same generator, trained as the decoder of an autoencoder.

    The encoder sees the image alone. Of noise, the decoder makes an image as the generator does.
    """
    from keras import Input, Model, layers

    generator, image = build(size), Input(SHAPE, name="image")
    label, noise = (Input(each.shape[1:], name=each.name) for each in generator.inputs)
    x = _convolution(_convolution(image, 16, stride=2), 32, stride=2)
    code, mean, deviation = drawn(layers.Flatten()(_convolution(x, 32)), noise)
    made = layers.Identity(name="made")(generator([label, code]))
    examples = data("train", size)
    train_variational(
        Model([image, label, noise], [made, mean, deviation]),
        {"image": examples.target(), **examples.inputs},
        examples.target(),
        epochs=EPOCHS[size],
        batch_size=BATCH_SIZE,
        peak_learning_rate=2e-3,
        progress=progress,
    )
    return score(
        lambda batch: {"made": generator.predict(dict(batch), verbose=0)}, data("test", size)
    )


def show(inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return each image that was made, with the label that was asked for."""
    numbers = inputs["label"].argmax(axis=1)
    pairs = zip(answers["made"], numbers, strict=True)
    return [Drawing(picture=np.clip(made, 0, 1), text=LABELS[number]) for made, number in pairs]


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(name="label", shape=(1, len(LABELS)), meaning="1 for the label, 0 for others"),
            Tensor(name="noise", shape=(1, NOISE_SIZE), meaning="drawn from the standard normal"),
        ),
        outputs=(Tensor(name="made", shape=IMAGE.shape, meaning="made image, 0..1"),),
        labels=LABELS,
    ),
    metric=Metric(name="Fréchet distance", higher_is_better=False),
    baseline=("the same generator as the decoder of a variational autoencoder", variational),
    source=(
        "Goodfellow et al., Generative Adversarial Networks, 2014, "
        "https://arxiv.org/abs/1406.2661; Mirza, Osindero, Conditional Generative Adversarial "
        "Nets, 2014, https://arxiv.org/abs/1411.1784; Radford, Metz, Chintala, DCGAN, 2015, "
        "https://arxiv.org/abs/1511.06434; Mescheder, Geiger, Nowozin, Which Training Methods for "
        "GANs do actually Converge?, 2018, https://arxiv.org/abs/1801.04406; Heusel et al., GANs "
        "Trained by a Two Time-Scale Update Rule, 2017, https://arxiv.org/abs/1706.08500; "
        f"{SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=answer_key,
    details=details,
    loss="mean_absolute_error",
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 2}, imitates=True),
    variants=(
        "float32",
        "float16",
        "dynamic_int8",
        "int8",
        "int16x8",
        "pruned-int8",
        "qat-int8",
    ),
    drop_limits={
        "float32": 0.05,
        "float16": 0.1,
        "dynamic_int8": 0.3,
        "int8": 0.3,
        "int16x8": 0.3,
        "pruned": 2.0,
        "qat": 0.5,
    },
    program=Program(name="generate", example=("7",)),
    show=show,
    num_emulated=300,
)
