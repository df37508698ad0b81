"""Depthwise-separable CNN that names a spoken digit in a second of sound.

Data: the Free Spoken Digit Dataset, 3,000 recordings of six speakers (Jackson et al. 2018), with
its own test split; `tiny` uses 140 recordings that ship with edgekit. Model: the network that Zhang
et al. (2017) found best for keywords on microcontrollers, on log-mel features. Score: top-1
accuracy. Takes recordings of your own, a folder of WAV files a class.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.scores import accuracy
from edgekit.domains.speech import spoken_digits
from edgekit.domains.speech.example import EXAMPLE, example_recording
from edgekit.domains.speech.own_recordings import OwnRecordings, on_recordings

if TYPE_CHECKING:
    import keras

FILTERS = 48
NUM_BLOCKS = 4
EPOCHS: dict[Size, int] = {"tiny": 20, "full": 14}


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(len(spoken_digits.DIGITS))


def network(num_labels: int) -> keras.Model:
    """Return the untrained network.

    The first convolution covers 200 ms and 4 bands and halves both axes. Each later block convolves
    3x3 within every channel, then mixes the channels at every position.
    """
    import keras

    frames = keras.Input(spoken_digits.SHAPE, name="log_mel")
    x = keras.layers.Reshape((*spoken_digits.SHAPE, 1))(frames)
    x = keras.layers.Conv2D(FILTERS, (10, 4), strides=2, padding="same", use_bias=False)(x)
    x = _normalized(x)
    for _ in range(NUM_BLOCKS):
        x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = _normalized(x)
        x = keras.layers.Conv2D(FILTERS, 1, use_bias=False)(x)
        x = _normalized(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    scores = keras.layers.Dense(num_labels, activation="softmax", name="scores")(x)
    return keras.Model(frames, scores, name="keywords_cnn")


def _normalized(x: keras.KerasTensor) -> keras.KerasTensor:
    import keras

    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, augmented anew for every epoch, and return the model."""
    return fit(model, spoken_digits.of_split("train", size), EPOCHS[size], progress)


def fit(
    model: keras.Model, recordings: spoken_digits.Recordings, epochs: int, progress: Progress
) -> keras.Model:
    """Train on any recordings, such as those of five speakers, and return the model."""
    return spoken_digits.fit(
        model, recordings, epochs=epochs, peak_learning_rate=5e-3, progress=progress
    )


def score(run: Run, dataset: Dataset) -> float:
    """Return top-1 accuracy in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's recordings; labels and splits follow them."""
    return on_recordings(recipe, OwnRecordings(folder), network=network, fit=fit)


recipe = Recipe(
    signature=Signature(
        inputs=(spoken_digits.LOG_MEL,),
        outputs=(Tensor(name="scores", shape=(1, 10), meaning="probability of each label"),),
        labels=spoken_digits.DIGITS,
    ),
    metric=Metric(name="accuracy", unit="%", is_share=True),
    baseline=("always the same digit", 10.0),
    source=(
        "Zhang, Suda, Lai, Chandra, Hello Edge: Keyword Spotting on Microcontrollers, 2017, "
        "https://arxiv.org/abs/1711.07128; " + spoken_digits.SOURCE
    ),
    build=build,
    data=spoken_digits.spoken_digits,
    train=train,
    score=score,
    answer_key=labels_key(len(spoken_digits.DIGITS)),
    loss="sparse_categorical_crossentropy",
    fine_tuning=FineTuning(epochs={"tiny": 30, "full": 5}, batch_size=32),
    variants=(
        "float32",
        "float16",
        "dynamic_int8",
        "int8",
        "int16x8",
        "pruned-float32",
        "pruned-int8",
        "clustered-int8",
        "qat-int8",
    ),
    drop_limits={"pruned": 1.0, "clustered": 1.0, "qat": 0.5},
    program=Program(name="keywords", example=(EXAMPLE,)),
    assets=example_recording,
    with_data=with_data,
)
