"""MobileNetV2 that names the digit a hand signs, in a photo 96x96; begins with weights of yours.

Data: Sign Language Digits, 2,062 photos by 218 students (Mavi 2020), split by signer; `tiny` uses
the 526 photos that ship with edgekit. Model: inverted residuals with linear bottlenecks (Sandler et
al. 2018), with the layers and names of `keras.applications.MobileNetV2`, so that `--weights` takes
the weights of one, of any width. Score: top-1 accuracy on signers never seen. Takes pictures of
your own, a folder a class.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.learning.own_weights import put_weights, read_weights
from edgekit.domains.learning.scores import accuracy
from edgekit.domains.own_data.examples import on_examples
from edgekit.domains.own_data.pictures import own_pictures, picture_data, picture_input, to_ppm
from edgekit.domains.signs.photos import DIGITS, SIDE, SOURCE, of_split
from edgekit.domains.vision.augmentation import moved_pictures, random_moves, with_light

if TYPE_CHECKING:
    import keras

WIDTH = 0.35
"""Share of the channels that the paper's network has."""

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2))
LAST_BLOCK = (6, 320, 1, 1)
"""The paper's table 2: how much wider the middle is, channels, blocks, stride of the first."""

EPOCHS: dict[Size, int] = {"tiny": 14, "full": 90}
BATCH_SIZE = 32
PEAK_LEARNING_RATE = 3e-3
NUM_CALIBRATION = 300


def data(split: Split, size: Size) -> Dataset:
    """Return photos `(n, 96, 96, 3)`, float32 in 0..1, and their digits `(n,)`."""
    photos = of_split(split, size)
    if split == "calibration":
        photos = photos.only(np.arange(min(NUM_CALIBRATION, len(photos.digits))))
    pixels = photos.pixels.astype(np.float32) / 255
    return Dataset(inputs={"image": pixels}, targets=photos.digits)


EXAMPLE = "example.ppm"


def assets(size: Size) -> dict[str, bytes]:
    """Return a test photo as a file to try a bundle with."""
    return {EXAMPLE: to_ppm(of_split("test", "tiny").pixels[5])}


# Model: 96 -> 48 -> 24 -> 12 -> 6 -> 3 pixels, or what another side gives.


def build(size: Size) -> keras.Model:
    """Return the untrained network; the tiny one has one block of each kind, to learn fast."""
    return network((SIDE, SIDE, 3), len(DIGITS), most=1 if size == "tiny" else 4)


def network(
    shape: tuple[int, ...], num_labels: int, width: float = WIDTH, most: int = 4
) -> keras.Model:
    """Return the untrained network.

    Args:
        shape: Height, width and channels of the pictures; sides that 32 divides.
        num_labels: How many scores it gives.
        width: Share of the paper's channels; Keras has weights of 0.35, 0.5, 0.75, 1, 1.3 and 1.4.
        most: Blocks of each kind at most; the paper has 4.
    """
    import keras

    image = keras.Input(shape, name="image")
    x = keras.layers.Rescaling(2.0, offset=-1.0, name="rescaled")(image)  # -1..1, as Keras' own
    x = _convolution(x, channels(32 * width), "Conv1", "bn_Conv1", side=3, stride=2)
    number = 0
    for widening, filters, count, stride in (*BLOCKS, LAST_BLOCK):
        for each in range(min(count, most)):
            x = _block(x, widening, channels(filters * width), stride if each == 0 else 1, number)
            number += 1
    x = _convolution(x, channels(1280 * max(1.0, width)), "Conv_1", "Conv_1_bn")
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    scores = keras.layers.Dense(num_labels, activation="softmax", name="scores")(x)
    return keras.Model(image, scores, name="image_mobilenet")


def channels(wanted: float) -> int:
    """Return the multiple of 8 next to a number of channels, at least 90 % of it.

    Example:
        >>> [channels(0.35 * each) for each in (16, 24, 32, 64, 96, 160, 320)]
        [8, 8, 16, 24, 32, 56, 112]
    """
    found = max(8, int(wanted + 4) // 8 * 8)
    return found if found >= 0.9 * wanted else found + 8


def _convolution(
    x: keras.KerasTensor,
    filters: int,
    name: str,
    norm: str,
    *,
    side: int = 1,
    stride: int = 1,
    relu: bool = True,
) -> keras.KerasTensor:
    """Convolution, of each channel alone if `filters` is 0; batch normalization; ReLU6."""
    import keras

    options = {"strides": stride, "padding": "same", "use_bias": False, "name": name}
    if filters:
        x = keras.layers.Conv2D(filters, side, **options)(x)
    else:
        x = keras.layers.DepthwiseConv2D(side, **options)(x)
    x = keras.layers.BatchNormalization(momentum=0.95, name=norm)(x)
    return keras.layers.ReLU(6.0)(x) if relu else x


def _block(
    x: keras.KerasTensor, widening: int, filters: int, stride: int, number: int
) -> keras.KerasTensor:
    """Inverted residual: wide inside, narrow and without ReLU where it is added."""
    import keras

    start, name = x, f"block_{number}_" if number else "expanded_conv_"
    if number:
        wide = widening * x.shape[-1]
        x = _convolution(x, wide, f"{name}expand", f"{name}expand_BN")
    x = _convolution(x, 0, f"{name}depthwise", f"{name}depthwise_BN", side=3, stride=stride)
    x = _convolution(x, filters, f"{name}project", f"{name}project_BN", relu=False)
    return keras.layers.Add()([start, x]) if stride == 1 and start.shape[-1] == filters else x


# Training: AdamW, its rate warmed up and falling along a cosine, on pictures moved and lighted anew
# in every epoch.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    photos = of_split("train", size)
    return train_on(photos.pixels, photos.digits, model, EPOCHS[size], BATCH_SIZE, progress)


def train_on(
    pictures: Array,
    labels: Array,
    model: keras.Model,
    epochs: int,
    batch_size: int,
    progress: Progress,
) -> keras.Model:
    """Train on any pictures `(n, height, width, channels)`, uint8, and return the model."""
    import keras

    optimizer = adamw(PEAK_LEARNING_RATE, epochs * -(-len(labels) // batch_size))
    # XLA, which Keras would take, is slower at convolutions on a CPU.
    model.compile(optimizer, recipe.loss, jit_compile=False)
    random = np.random.default_rng(keras.random.randint((), 0, 2**31 - 1).numpy())
    for epoch in range(1, epochs + 1):
        seen = varied(pictures, random).astype(np.float32) / 255
        loss = model.fit(seen, labels, batch_size=batch_size, verbose=0).history["loss"][0]
        progress(epoch / epochs, f"epoch {epoch}/{epochs}, loss {loss:.3f}")
    return model


def varied(pictures: Array, random: np.random.Generator) -> Array:
    """Return pictures as they might have been taken too; the other hand signs in half of them."""
    moves = random_moves(
        random, len(pictures), pictures.shape[1:3], shift=0.08, zoom=(0.85, 1.18), turn=12
    )
    return with_light(moved_pictures(pictures, moves), random, brightness=0.15, contrast=0.15)


def score(run: Run, dataset: Dataset) -> float:
    """Return top-1 accuracy in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


# Weights of yours: all layers but the last begin with them, and the width is theirs.


def with_weights(file: Path) -> Recipe:
    """Return the recipe that begins with the weights of a Keras application."""
    return _beginning_with(recipe, file)


def _beginning_with(given: Recipe, file: Path) -> Recipe:
    shape = given.signature.inputs[0].shape[1:]
    num_labels = len(given.signature.labels)
    return replace(given, build=lambda size: pretrained(shape, num_labels, file), with_weights=None)


def pretrained(shape: tuple[int, ...], num_labels: int, file: Path) -> keras.Model:
    """Return the network with the weights of a MobileNetV2; only the last layer is untrained.

    Args:
        shape: Of the pictures; grey ones see the sum of the first layer's weights of three colours.
        num_labels: How many scores it gives.
        file: `.keras` or `.h5`; see `edgekit/domains/learning/own_weights.py`.

    Raises:
        BadInput: It holds no such weights.
    """
    weights = dict(read_weights(file))
    narrow = weights.get("block_16_project")
    width = narrow[0].shape[-1] / LAST_BLOCK[1] if narrow else WIDTH
    if shape[-1] == 1 and "Conv1" in weights:
        weights["Conv1"] = [kernel.sum(axis=2, keepdims=True) for kernel in weights["Conv1"]]
    model = network(shape, num_labels, width)
    expected = "keras.applications.MobileNetV2, saved with model.save('FILE.keras')"
    put_weights(model, weights, new=("scores",), where=str(file), expected=expected)
    return model


# Data of your own: the same network for pictures of a folder a class.

SIDES = (64, 96, 128, 160, 192, 224)
SEEN: dict[Size, int] = {"tiny": 3_000, "full": 90_000}
"""Pictures 96x96 that training shows in all, where it takes 6 to 100 epochs for it; of larger ones
fewer, so that it takes as long."""


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures; labels, input and splits follow them."""
    own = own_pictures(folder, SIDES)
    shape, num_labels = own.values.shape[1:], len(own.label_names)
    count = len(own.chosen("train", "full"))
    seen = {size: SEEN[size] * SIDE**2 // shape[0] ** 2 for size in SEEN}
    epochs = {size: min(100, max(6, seen[size] // count)) for size in SEEN}
    batch_size = min(BATCH_SIZE, max(8, count // 16))

    def train_own(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        chosen = own.chosen("train", size)
        pictures, labels = own.values[chosen], own.labels[chosen]
        return train_on(pictures, labels, model, epochs[size], batch_size, progress)

    example = to_ppm(own.values[own.chosen("test", "full")[0]])
    name = EXAMPLE if shape[2] == 3 else "example.pgm"
    found = on_examples(
        recipe,
        own,
        inputs=(picture_input(own),),
        data=lambda split, size: picture_data(own, split, size),
        build=lambda size: network(shape, num_labels, most=1 if size == "tiny" else 4),
        train=train_own,
        assets=lambda size: {name: example},
    )
    return replace(
        found,
        fine_tuning=replace(recipe.fine_tuning, batch_size=batch_size),
        program=Program(name="classify", example=(name,)),
        with_weights=lambda file: _beginning_with(found, file),
    )


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(name="image", shape=(1, SIDE, SIDE, 3), meaning="red, green and blue, 0..1"),
        ),
        outputs=(Tensor(name="scores", shape=(1, 10), meaning="probability of each label"),),
        labels=DIGITS,
    ),
    metric=Metric(name="accuracy", unit="%", is_share=True),
    baseline=("always the same digit", 10.0),
    source=(
        "Sandler, Howard, Zhu, Zhmoginov, Chen, MobileNetV2: Inverted Residuals and Linear "
        "Bottlenecks, 2018, https://arxiv.org/abs/1801.04381; " + SOURCE
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=labels_key(len(DIGITS)),
    loss="sparse_categorical_crossentropy",
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 5}, batch_size=32),
    variants=("float32", "float16", "dynamic_int8", "int8", "pruned-int8", "qat-int8"),
    program=Program(name="classify", example=(EXAMPLE,)),
    assets=assets,
    with_data=with_data,
    with_weights=with_weights,
)
