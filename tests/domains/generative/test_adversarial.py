"""Adversaries learn: a generator ends up where the real examples are."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.domains.generative.adversarial import train_adversaries


@pytest.mark.slow
def test_a_generator_learns_how_bright_each_label_is() -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    label, noise = keras.Input((2,), name="label"), keras.Input((2,), name="noise")
    x = layers.Dense(64, "relu")(layers.Concatenate()([label, noise]))
    made = layers.Reshape((2, 2, 1))(layers.Dense(4, "sigmoid")(x))
    generator = keras.Model([label, noise], made)
    image, asked = keras.Input((2, 2, 1)), keras.Input((2,))
    scores = layers.Dense(2)(layers.LeakyReLU(0.2)(layers.Dense(64)(layers.Flatten()(image))))
    critic = keras.Model([image, asked], layers.Dot(axes=1)([scores, asked]))

    labels = np.eye(2, dtype=np.float32)[np.arange(640) % 2]
    bright = 0.2 + 0.6 * labels[:, 1]
    real = bright[:, None, None, None] + np.random.default_rng(0).normal(0, 0.02, (640, 2, 2, 1))
    told: list[str] = []
    train_adversaries(
        generator,
        critic,
        real.astype(np.float32),
        labels,
        epochs=25,
        batch_size=16,
        progress=lambda fraction, doing: told.append(doing),
    )
    assert len(told) == 25
    assert told[0].startswith("epoch 1/25, loss ")
    draws = np.random.default_rng(1).normal(size=(100, 2)).astype(np.float32)
    for number, wanted in enumerate((0.2, 0.8)):
        asked_for = np.tile(np.eye(2, dtype=np.float32)[number], (100, 1))
        made = generator.predict([asked_for, draws], verbose=0)
        assert made.mean() == pytest.approx(wanted, abs=0.15)
