"""Autoencoder that puts a 28x28 grey image into 32 numbers, and makes it again from them.

Data: Fashion-MNIST (Xiao et al. 2017); `tiny` uses the 6,000 + 1,000 images that ship with edgekit.
Model: an undercomplete autoencoder (Hinton & Salakhutdinov 2006) of convolutions, trained end to
end, as three files: `whole`, and `encoder` and `decoder`, which an app keeps apart. Score: the root
mean square error of pixels, of the worse of both ways. Compared with principal components, as many
numbers.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.fashion.garments import EXAMPLE, IMAGE, SHAPE, SOURCE, example, garments
from edgekit.domains.fashion.pairs import rms_error, side_by_side
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.optimizers import adamw
from edgekit.on_device.programs.autoencode import drive

if TYPE_CHECKING:
    import keras

CODE_SIZE = 32
EPOCHS: dict[Size, int] = {"tiny": 12, "full": 12}
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 3e-3


def data(split: Split, size: Size) -> Dataset:
    """Return images `(n, 28, 28, 1)`, float32 in 0..1, which are their own targets."""
    images, _ = garments(split, size)
    return Dataset(inputs={"image": images}, targets=images)


# Model: 28x28 -> 14x14 -> 7x7 -> 32 numbers, and back. Enlarging by repeated pixels and then a
# convolution leaves no checkerboard (Odena et al. 2016).

_convolution = partial(convolution, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    from keras import Input, Model, layers

    image = Input(SHAPE, name="image")
    x = _convolution(image, 16, stride=2)
    x = _convolution(x, 32, stride=2)
    x = _convolution(x, 32)
    code = layers.Dense(CODE_SIZE, name="code")(layers.Flatten()(x))
    x = layers.Dense(7 * 7 * 32, name="unfolded")(code)
    x = layers.ReLU(6.0)(layers.Reshape((7, 7, 32))(x))
    x = _convolution(x, 32)
    x = _convolution(layers.UpSampling2D()(x), 32)
    x = _convolution(layers.UpSampling2D()(x), 16)
    made = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="made")(x)
    return Model(image, made, name="image_autoencoder")


# Training: the squared error of pixels.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    examples = data("train", size)
    steps = EPOCHS[size] * -(-len(examples) // BATCH_SIZE)
    model.compile(adamw(PEAK_LEARNING_RATE, steps, weight_decay=1e-4), recipe.loss)
    fit(model, examples, epochs=EPOCHS[size], batch_size=BATCH_SIZE, progress=progress)
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained network, what comes before its code, and what comes after."""
    from keras import Input, Model

    names = [layer.name for layer in model.layers]
    after = model.layers[names.index("code") + 1 :]
    encoder = Model(model.input, model.get_layer("code").output, name="encoder")
    code = Input((CODE_SIZE,), name="code")
    x = code
    for layer in after:
        x = layer(x)
    return {"whole": model, "encoder": encoder, "decoder": Model(code, x, name="decoder")}


# Score: how far pixels are from what they were.


def score(run: Run, dataset: Dataset) -> float:
    """Return the root mean square error in grey levels, at once or by two files, the worse."""
    answers = run(dataset.inputs)
    return max(rms_error(answers[name], dataset.target()) for name in ("made", "joined"))


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that answer each image, and its negative."""
    right, wrong = dataset.target(), 1 - dataset.target()
    return fixed({"made": right, "joined": right}, {"made": wrong, "joined": wrong})


def principal_components(size: Size, progress: Progress) -> float:
    """Return the error of as many principal components (Pearson 1901) of the training images."""
    seen, test = (_flat(data(split, size).target()) for split in ("train", "test"))
    mean = seen.mean(axis=0)
    directions = np.linalg.eigh(np.cov(seen, rowvar=False))[1][:, -CODE_SIZE:]
    return rms_error(mean + (test - mean) @ directions @ directions.T, test)


def _flat(images: Array) -> Array:
    return images.reshape(len(images), -1).astype(np.float64)


CODE = Tensor(name="code", shape=(1, CODE_SIZE), meaning="the numbers of an image")
MADE = Tensor(name="made", shape=IMAGE.shape, meaning="what was made of them, 0..1")
recipe = Recipe(
    signature=Signature(
        inputs=(IMAGE,),
        outputs=(
            MADE,
            Tensor(name="joined", shape=IMAGE.shape, meaning="the same, by `encoder`, `decoder`"),
        ),
    ),
    metric=Metric(name="RMS error", unit="grey levels", higher_is_better=False),
    baseline=(f"{CODE_SIZE} principal components", principal_components),
    source=(
        "Hinton, Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, 2006, "
        "https://doi.org/10.1126/science.1127647; Odena, Dumoulin, Olah, Deconvolution and "
        f"Checkerboard Artifacts, 2016, https://doi.org/10.23915/distill.00003; {SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=answer_key,
    loss="mean_squared_error",
    variants=("float32", "float16", "dynamic_int8", "int8", "int16x8"),
    drop_limits={
        "float32": 0.01,
        "float16": 0.05,
        "dynamic_int8": 0.5,
        "int8": 0.5,
        "int16x8": 0.2,
    },
    parts=Parts(
        signatures={
            "whole": Signature(inputs=(IMAGE,), outputs=(MADE,)),
            "encoder": Signature(inputs=(IMAGE,), outputs=(CODE,)),
            "decoder": Signature(inputs=(CODE,), outputs=(MADE,)),
        },
        split=split,
        drive=drive,
    ),
    program=Program(name="autoencode", example=(EXAMPLE,)),
    assets=example,
    show=side_by_side,
    num_emulated=300,
)
