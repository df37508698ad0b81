"""Variational autoencoders: the code that is drawn, the bound that is maximized, the training.

A pixel's grey is taken as the probability that the pixel is white. So the bound is one on the mean
log-likelihood of pictures of black and white pixels that are drawn with these probabilities.

Source: Kingma, Welling, Auto-Encoding Variational Bayes, 2014, https://arxiv.org/abs/1312.6114.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array, Batch, Progress
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.learning.whole_loss import learner

if TYPE_CHECKING:
    import keras

LEAST = 1 / 512
"""Half a step of an int8 file's probabilities, which are what their 256 numbers can be. In scores
none is nearer to 0 or 1, in any precision: a rounded 0 says "less than this", not "never"."""

TRAINING_SEED = 1000
"""Of the noise of the first epoch; that of data sets has others."""


def drawn(
    x: keras.KerasTensor, noise: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Return a code drawn from what was seen of a picture, its mean, and its standard deviation.

    The deviation comes of a sigmoid, not of an exponential: no code is less sure than one of which
    nothing is known, whose deviation is 1, and in int8 the steps of a sigmoid are 1/256 whatever
    the data.

    Args:
        x: `(batch, features)`.
        noise: `(batch, n)`, drawn from the standard normal distribution; the code has as many.
    """
    from keras import layers

    size = noise.shape[-1]
    mean = layers.Dense(size, name="mean")(x)
    deviation = layers.Dense(size, activation="sigmoid", name="deviation")(x)
    spread = layers.Multiply(name="spread")([deviation, noise])
    return layers.Add(name="code")([mean, spread]), mean, deviation


def negative_elbo(
    targets: keras.KerasTensor, answers: Mapping[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Return what training minimizes, `(batch,)`, in nats.

    Args:
        targets: Pictures, `(batch, height, width, 1)`, in 0..1.
        answers: `made`, the picture made of the code, and the code's `mean` and `deviation`.
    """
    from keras import ops

    missed = ops.sum(ops.binary_crossentropy(targets, answers["made"]), axis=(1, 2, 3))
    mean, deviation = answers["mean"], ops.maximum(answers["deviation"], LEAST)
    told = ops.square(deviation) + ops.square(mean) - 1 - 2 * ops.log(deviation)
    return missed + ops.sum(told, axis=1) / 2


def log_likelihood(pictures: Array, made: Array) -> float:
    """Return the mean log-likelihood of pictures, given what was made of their codes, in nats.

    Args:
        pictures: `(n, height, width, 1)`, in 0..1.
        made: Probabilities that pixels are white, the same shape.
    """
    white = np.clip(np.asarray(made, np.float64), LEAST, 1 - LEAST)
    each = pictures * np.log(white) + (1 - pictures) * np.log(1 - white)
    return float(each.sum(axis=(1, 2, 3)).mean())


def divergence(mean: Array, deviation: Array) -> float:
    """Return the mean divergence of codes from the standard normal distribution, in nats.

    Args:
        mean: `(n, code)`.
        deviation: The same, above 0 and at most 1.
    """
    spread = np.clip(np.asarray(deviation, np.float64), LEAST, 1)
    each = spread**2 + np.asarray(mean, np.float64) ** 2 - 1 - 2 * np.log(spread)
    return float(each.sum(axis=1).mean() / 2)


def standard_normal(*shape: int, seed: int) -> Array:
    """Return noise of a shape, float32, the same for a seed."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def train_variational(
    model: keras.Model,
    inputs: Batch,
    pictures: Array,
    *,
    epochs: int,
    batch_size: int,
    peak_learning_rate: float,
    progress: Progress,
) -> None:
    """Train a model with outputs `made`, `mean`, `deviation` in place, on new noise each epoch.

    Args:
        model: Takes what `inputs` has, by name; one is `noise`.
        inputs: Arrays with the batch axis first.
        pictures: What should be made, `(n, height, width, 1)`, in 0..1.
        epochs: Times each picture is seen.
        batch_size: Pictures per step.
        peak_learning_rate: The highest rate; see `edgekit.domains.learning.optimizers.adamw`.
        progress: Told the negative bound after every epoch.
    """
    trained = learner(model, negative_elbo)
    steps = epochs * -(-len(pictures) // batch_size)
    trained.compile(adamw(peak_learning_rate, steps, weight_decay=1e-4), jit_compile=False)
    for epoch in range(epochs):
        noise = standard_normal(*inputs["noise"].shape, seed=TRAINING_SEED + epoch)
        given = {**inputs, "noise": noise}
        history = trained.fit(given, pictures, batch_size=batch_size, verbose=0).history
        loss = history["loss"][-1]
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {loss:.1f} nats")
