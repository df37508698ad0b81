"""DS-CNN of MLPerf Tiny, which names a spoken digit by 49 frames of 10 cepstral coefficients.

Data: spoken digits as `keywords_cnn` has them. Model: a convolution and four depthwise-separable
blocks of 64 filters (Zhang et al. 2017, Banbury et al. 2021). It takes log-mel features, as the
program for devices makes them, and begins with the matrix that turns them into coefficients.
Score: top-1 accuracy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import FineTuning
from edgekit.core.types import Array, Progress, Size
from edgekit.domains.speech import spoken_digits
from edgekit.recipes import keywords_cnn

if TYPE_CHECKING:
    import keras

FILTERS = 64
NUM_BLOCKS = 4
NUM_FRAMES, NUM_COEFFICIENTS = 49, 10
EPOCHS: dict[Size, int] = {"tiny": 20, "full": 14}


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size.

    The first of the 50 frames begins before the sound; MLPerf's 49 are the others. With the biases
    that normalization makes superfluous, and twelve labels, it has MLPerf's 24,908 parameters; here
    they are 24,202 and the 320 of the matrix.
    """
    import keras

    frames = keras.Input(spoken_digits.SHAPE, name="log_mel")
    x = keras.layers.Cropping1D((1, 0))(frames)
    cepstrum = keras.layers.Dense(NUM_COEFFICIENTS, use_bias=False, trainable=False)
    x = cepstrum(x)
    cepstrum.set_weights([cosines()])
    x = keras.layers.Reshape((NUM_FRAMES, NUM_COEFFICIENTS, 1))(x)
    x = keras.layers.Conv2D(FILTERS, (10, 4), strides=2, padding="same", use_bias=False)(x)
    x = _normalized(x)
    x = keras.layers.Dropout(0.2)(x)
    for _ in range(NUM_BLOCKS):
        x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = _normalized(x)
        x = keras.layers.Conv2D(FILTERS, 1, use_bias=False)(x)
        x = _normalized(x)
    x = keras.layers.Dropout(0.4)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    scores = keras.layers.Dense(len(spoken_digits.DIGITS), activation="softmax", name="scores")(x)
    return keras.Model(frames, scores, name="keywords_dscnn")


def _normalized(x: keras.KerasTensor) -> keras.KerasTensor:
    import keras

    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))


def cosines() -> Array:
    """Return the matrix from log-mel bands to cepstral coefficients, `(32, 10)`, float32.

    The first coefficient, the loudness, is many times larger than the others; it is the mean of the
    bands here, so that int8 has steps left for the others.

    Source: Davis, Mermelstein, Comparison of Parametric Representations, 1980.
    """
    bands = spoken_digits.SHAPE[1]
    angles = np.outer(np.arange(bands) + 0.5, np.arange(NUM_COEFFICIENTS)) * np.pi / bands
    scale = np.sqrt(2 / bands) * np.ones(NUM_COEFFICIENTS)
    scale[0] = 1 / bands
    return np.asarray(np.cos(angles) * scale, np.float32)


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, augmented anew for every epoch, and return the model."""
    return keywords_cnn.fit(model, spoken_digits.of_split("train", size), EPOCHS[size], progress)


recipe = replace(
    keywords_cnn.recipe,
    source=(
        "Banbury et al., MLPerf Tiny Benchmark, 2021, https://arxiv.org/abs/2106.07597; "
        + keywords_cnn.recipe.source
    ),
    build=build,
    train=train,
    fine_tuning=FineTuning(epochs={"tiny": 10, "full": 5}, batch_size=32),
    variants=("float32", "int8", "qat-int8"),
    with_data=None,
)
