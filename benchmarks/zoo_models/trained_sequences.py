"""Models of users' kinds on series, sounds and texts, trained for some seconds on real ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from zoo_models.made import Kind, Made
from zoo_models.real_data import motion, reviews, sea, spoken, verses
from zoo_models.trained_pictures import trained

NUMBERS: Kind = "numbers"


def gru_forecast() -> Made:
    """Return a GRU that forecasts twelve hours of the sea's temperature."""
    import keras
    from keras import layers

    past, future = sea(48, 12)
    base = past[:, -1:, :]
    model = keras.Sequential(
        [
            keras.Input((48, 1), name="past"),
            layers.GRU(24),
            layers.Dense(12, name="future"),
        ]
    )
    targets = future - base[..., 0]
    return trained(
        model, {"past": past - base}, targets, "mse", {"future": NUMBERS}, epochs=8, rate=5e-3
    )


def lstm_sentiment() -> Made:
    """Return an LSTM over word embeddings with one sigmoid."""
    import keras
    from keras import layers

    ids, praise = reviews(2000, 40, 6000)
    model = keras.Sequential(
        [
            keras.Input((40,), dtype="int32", name="words"),
            layers.Embedding(2000, 24),
            layers.LSTM(24, return_sequences=True),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid", name="praise"),
        ]
    )
    loss, kinds = "binary_crossentropy", {"praise": "scores"}
    return trained(model, {"words": ids}, praise, loss, kinds, epochs=4)  # type: ignore[arg-type]


def causal_transformer() -> Made:
    """Return a Transformer with a causal mask that tells the next letter."""
    import keras
    from keras import layers

    text = verses(32, 6000)
    letters = keras.Input((32,), dtype="int32", name="letters")
    x = layers.Embedding(30, 48)(letters)
    x = x + layers.Embedding(32, 48)(keras.ops.arange(32))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(3, 16)(y, y, use_causal_mask=True)
        y = layers.Dense(96, activation="gelu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(48)(y)
    following = layers.Dense(30, activation="softmax", name="next")(layers.LayerNormalization()(x))
    model = keras.Model(letters, following)
    loss, kinds = "sparse_categorical_crossentropy", {"next": "classes"}
    return trained(model, {"letters": text[:, :-1]}, text[:, 1:], loss, kinds, epochs=5)  # type: ignore[arg-type]


def separable_keywords() -> Made:
    """Return a keyword net of separable convolutions on log-mel features."""
    import keras
    from keras import layers

    sounds, digits = spoken(1500)
    steps = [keras.Input((*sounds.shape[1:], 1), name="log_mel"), layers.Conv2D(24, (5, 4), 2)]
    for _ in range(3):
        normalized = layers.BatchNormalization(momentum=0.9)
        steps += [normalized, layers.ReLU(), layers.SeparableConv2D(32, 3)]
    steps += [layers.GlobalAveragePooling2D(), layers.Dense(10, "softmax", name="digit")]
    model = keras.Sequential(steps)
    loss, kinds = "sparse_categorical_crossentropy", {"digit": "classes"}
    return trained(model, {"log_mel": sounds[..., None]}, digits, loss, kinds, epochs=12)  # type: ignore[arg-type]


def normalized_regression() -> Made:
    """Return an MLP behind Normalization that tells a temperature in degrees Celsius."""
    import keras
    from keras import layers

    past, future = sea(24, 6)
    table = np.concatenate([past[:, ::4, 0], past.mean(1), 1000 * past.std(1)], 1)
    scale = layers.Normalization(name="scale")
    scale.adapt(table[160:])
    model = keras.Sequential(
        [
            keras.Input((8,), name="table"),
            scale,
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, name="celsius"),
        ]
    )
    kinds = {"celsius": NUMBERS}
    return trained(model, {"table": table}, future[:, -1:], "mse", kinds, epochs=30, rate=5e-3)


def dilated_convolutions() -> Made:
    """Return a TCN that tells a moving body's next joint angles at every frame."""
    import keras
    from keras import layers

    frames = motion(33)
    past = keras.Input((32, 24), name="past")
    x = layers.Conv1D(32, 1)(past)
    for dilation in (1, 2, 4, 8):
        y = layers.Conv1D(32, 3, padding="causal", dilation_rate=dilation, activation="relu")(x)
        x = x + layers.Conv1D(32, 1)(layers.SpatialDropout1D(0.05)(y))
    model = keras.Model(past, layers.Conv1D(24, 1, name="next")(x))
    inputs, kinds = {"past": frames[:, :-1]}, {"next": NUMBERS}
    return trained(model, inputs, frames[:, 1:], "mse", kinds, epochs=40, rate=5e-3)


MAKERS: dict[str, Callable[[], Made]] = {
    "GRU forecast": gru_forecast,
    "LSTM sentiment": lstm_sentiment,
    "causal Transformer": causal_transformer,
    "separable keywords": separable_keywords,
    "normalized regression": normalized_regression,
    "dilated convolutions": dilated_convolutions,
}
