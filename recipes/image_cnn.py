"""Small residual CNN that names the garment in a 28x28 grey image.

Data: Fashion-MNIST, 60,000 + 10,000 images of 10 kinds of clothing (Xiao et al. 2017); `tiny` uses
the 6,000 + 1,000 images that ship with edgekit. Model: a residual network (He et al. 2015) cut down
to four blocks. Score: top-1 accuracy. Takes pictures of your own, a folder a class.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.fashion.garments import (
    EXAMPLE,
    IMAGE,
    LABELS,
    SHAPE,
    SOURCE,
    example,
    garments,
)
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.learning.scores import accuracy
from edgekit.domains.own_data.examples import on_examples
from edgekit.domains.own_data.pictures import own_pictures, picture_data, picture_input, to_ppm

if TYPE_CHECKING:
    import keras

EPOCHS: dict[Size, int] = {"tiny": 5, "full": 6}
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 3e-3


def data(split: Split, size: Size) -> Dataset:
    """Return images `(n, 28, 28, 1)`, float32 in 0..1, and their class numbers `(n,)`."""
    images, labels = garments(split, size)
    return Dataset(inputs={"image": images}, targets=labels)


# Model: 28x28 -> 14x14 -> 7x7, each stage one block that halves the image and one that keeps it.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(SHAPE, len(LABELS))


def network(shape: tuple[int, ...], num_labels: int) -> keras.Model:
    """Return the untrained network for pictures `(height, width, channels)`."""
    import keras

    image = keras.Input(shape, name="image")
    x = convolution(image, 16)
    x = _block(x, 24, stride=2)
    x = _block(x, 24)
    x = _block(x, 48, stride=2)
    x = _block(x, 48)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    scores = keras.layers.Dense(num_labels, activation="softmax", name="scores")(x)
    return keras.Model(image, scores, name="image_cnn")


def _block(x: keras.KerasTensor, filters: int, *, stride: int = 1) -> keras.KerasTensor:
    """Residual block (He et al. 2015).

    A strided block pools before the 1x1 convolution of its shortcut (He et al. 2018). This discards
    no values, and avoids strided 1x1 convolutions, which LiteRT 2.3's GPU accelerator gets wrong in
    int8: with them it ran the network, and was right on 40 % of the images.
    """
    import keras

    shortcut = x
    if stride > 1:
        shortcut = keras.layers.AveragePooling2D(stride)(x)
        shortcut = keras.layers.Conv2D(filters, 1, use_bias=False)(shortcut)
        shortcut = keras.layers.BatchNormalization(momentum=0.9)(shortcut)
    x = convolution(x, filters, stride=stride)
    if stride == 1:
        x = convolution(x, filters, relu=False)
    return keras.layers.ReLU()(keras.layers.Add()([x, shortcut]))


# Training: AdamW with cosine decay, on every image and its mirror image.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    return train_on(data("train", size), model, EPOCHS[size], BATCH_SIZE, progress)


def train_on(
    examples: Dataset, model: keras.Model, epochs: int, batch_size: int, progress: Progress
) -> keras.Model:
    """Train on any pictures and return the model."""
    import keras

    images = examples.inputs["image"]
    mirrored = Dataset(
        inputs={"image": np.concatenate([images, images[:, :, ::-1]])},
        targets=np.concatenate([examples.target(), examples.target()]),
    )
    rate = warm_up_and_fall(PEAK_LEARNING_RATE, epochs * -(-len(mirrored) // batch_size))
    model.compile(keras.optimizers.AdamW(rate, weight_decay=2e-4), recipe.loss)
    fit(model, mirrored, epochs=epochs, batch_size=batch_size, progress=progress)
    return model


# Score: the share of images whose highest score is the right class.


def score(run: Run, dataset: Dataset) -> float:
    """Return top-1 accuracy in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


# Data of your own: the same network for pictures of a folder a class. Few pictures are shown more
# often, in smaller batches.

SIDES = (28, 32, 48, 64)
"""Pixels of the input's side; the receptive field of the last block is 33."""
SEEN: dict[Size, int] = {"tiny": 5_000, "full": 100_000}
"""Pictures and mirror images that training shows in all, where it takes 6 to 100 epochs for it."""


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures; labels, input and splits follow them."""
    own = own_pictures(folder, SIDES)
    shape, num_labels = own.values.shape[1:], len(own.label_names)
    count = 2 * len(own.chosen("train", "full"))
    epochs = {size: min(100, max(6, SEEN[size] // count)) for size in SEEN}
    batch_size = min(BATCH_SIZE, max(8, count // 16))

    def train_own(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        examples = picture_data(own, "train", size)
        return train_on(examples, model, epochs[size], batch_size, progress)

    picture = own.values[own.chosen("test", "full")[0]]
    name = EXAMPLE if shape[2] == 1 else "example.ppm"
    return replace(
        on_examples(
            recipe,
            own,
            inputs=(picture_input(own),),
            data=lambda split, size: picture_data(own, split, size),
            build=lambda size: network(shape, num_labels),
            train=train_own,
            assets=lambda size: {name: to_ppm(picture)},
        ),
        fine_tuning=FineTuning(
            epochs={size: max(4, epochs[size] // 3) for size in epochs}, batch_size=batch_size
        ),
        program=Program(name="classify", example=(name,)),
    )


recipe = Recipe(
    signature=Signature(
        inputs=(IMAGE,),
        outputs=(Tensor(name="scores", shape=(1, 10), meaning="probability of each label"),),
        labels=LABELS,
    ),
    metric=Metric(name="accuracy", unit="%", is_share=True),
    baseline=("always the same class", 10.0),
    source=(
        f"{SOURCE}; He, Zhang, Ren, Sun, Deep Residual Learning, 2015, "
        "https://arxiv.org/abs/1512.03385; He et al., Bag of Tricks, 2018, https://arxiv.org/abs/1812.01187"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=labels_key(len(LABELS)),
    loss="sparse_categorical_crossentropy",
    fine_tuning=FineTuning(epochs={"tiny": 4, "full": 5}),
    variants=(
        "float32",
        "float16",
        "dynamic_int8",
        "int8",
        "int16x8",
        "pruned-float32",
        "pruned-int8",
        "pruned_2_4-float32",
        "clustered-float32",
        "clustered-int8",
        "qat-int8",
    ),
    drop_limits={"int8": 0.5, "pruned": 1.0, "pruned_2_4": 1.0, "clustered": 1.0, "qat": 0.5},
    program=Program(name="classify", example=(EXAMPLE,)),
    assets=example,
    with_data=with_data,
    num_emulated=300,
)
