"""ResNet-8 of MLPerf Tiny, which names the garment in a picture of 32x32x3.

Data: Fashion-MNIST as `image_cnn` has it, brought into the shape of CIFAR-10: a black frame of two
pixels, and the grey value in each of three colours. Model: eight layers with weights on the longest
path, 16, 32 and 64 filters (Banbury et al. 2021). Score: top-1 accuracy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Program, Signature, Tensor
from edgekit.core.types import Progress, Size, Split
from edgekit.domains.fashion.garments import LABELS, SOURCE
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.own_data.pictures import to_ppm
from edgekit.recipes import image_cnn

if TYPE_CHECKING:
    import keras

SHAPE = (32, 32, 3)
EXAMPLE = "example.ppm"
EPOCHS: dict[Size, int] = {"tiny": 3, "full": 1}


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 32, 32, 3)`, float32 in 0..1, and their class numbers `(n,)`."""
    grey = image_cnn.data(split, size)
    framed = np.pad(grey.inputs["image"], ((0, 0), (2, 2), (2, 2), (0, 0)))
    return Dataset(inputs={"image": np.repeat(framed, 3, axis=-1)}, targets=grey.targets)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size.

    Convolutions have no biases of their own, since those of the normalization after them do the
    same; without them it has 78,426 parameters in Keras, with them MLPerf's 78,666, and the
    converted file is the same.
    """
    import keras

    image = keras.Input(SHAPE, name="image")
    x = convolution(image, 16)
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        inner = convolution(x, filters, stride=stride)
        inner = convolution(inner, filters, relu=False)
        if stride > 1:
            x = keras.layers.Conv2D(filters, 1, strides=stride, padding="same")(x)
        x = keras.layers.ReLU()(keras.layers.Add()([x, inner]))
    x = keras.layers.GlobalAveragePooling2D()(x)
    scores = keras.layers.Dense(len(LABELS), activation="softmax", name="scores")(x)
    return keras.Model(image, scores, name="image_resnet8")


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the pictures and their mirror images, as `image_cnn` does, and return the model."""
    examples = data("train", size)
    return image_cnn.train_on(examples, model, EPOCHS[size], image_cnn.BATCH_SIZE, progress)


recipe = replace(
    image_cnn.recipe,
    signature=Signature(
        inputs=(Tensor(name="image", shape=(1, *SHAPE), meaning="grey picture in colour, 0..1"),),
        outputs=image_cnn.recipe.signature.outputs,
        labels=LABELS,
    ),
    source=(
        "Banbury et al., MLPerf Tiny Benchmark, 2021, https://arxiv.org/abs/2106.07597; " + SOURCE
    ),
    build=build,
    data=data,
    train=train,
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 1}),
    variants=("float32", "int8", "qat-int8"),
    program=Program(name="classify", example=(EXAMPLE,)),
    assets=lambda size: {EXAMPLE: to_ppm(data("test", "tiny").inputs["image"][0])},
    with_data=None,
)
