"""What the forecast recipes share: the sea's temperature as windows, training, and the score.

The test months, January to March, are the hardest to forecast: the sea is mixed by storms and its
days are hardly warmer than its nights. Repeating the last hour scores 0.717 there, and 0.846 in the
months trained on; a linear forecast fitted to the test months themselves scores 0.700.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.on_device.programs.forecast import (
    FUTURE_HOURS,
    PAST_HOURS,
    hourly_means,
    read_csv,
    relative,
)

READINGS = "sea_surface_temperature.csv.gz"
"""The whole data set, half-hourly from February 2016 to March 2017, is small enough to ship."""

DAY = 24
SHARES = {"train": (0.0, 0.65), "validation": (0.65, 0.8), "test": (0.8, 1.0)}
"""Which part of the time each split covers."""

EVERY: dict[Size, int] = {"tiny": 8, "full": 1}
"""A split has one window for each so many hours."""

NUM_CALIBRATION = 300
EPOCHS: dict[Size, int] = {"tiny": 4, "full": 6}
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 4e-3

MASE = Metric(name="MASE", higher_is_better=False)
BASELINE = ("the same hour of the day before", 1.0)
"""Its error is the unit of the metric."""

SIGNATURE = Signature(
    inputs=(
        Tensor(
            name="window",
            shape=(1, PAST_HOURS, 1),
            meaning="temperature of each of the last 72 hours less the last one, degrees Celsius",
        ),
    ),
    outputs=(
        Tensor(
            name="change",
            shape=(1, FUTURE_HOURS),
            meaning="temperature of each of the next 24 hours less the last one, degrees Celsius",
        ),
    ),
)
DROP_LIMITS = {
    "float32": 0.001,
    "float16": 0.002,
    "dynamic_int8": 0.02,
    "int8": 0.02,
    "int16x8": 0.02,
}
SOURCE = (
    "Data: NERACOOS buoy, as sample data of Bokeh, https://github.com/bokeh/bokeh_sampledata; "
    "score: Hyndman, Koehler, Another look at measures of forecast accuracy, 2006, "
    "https://doi.org/10.1016/j.ijforecast.2006.03.001"
)


def windows(split: Split, size: Size) -> Dataset:
    """Return windows `(n, 72, 1)` and what followed, `(n, 24)`, less each window's last hour.

    Splits follow one another in time and share no hour; no window spans an hour without a reading.
    Calibration takes windows of the whole time that is trained on.
    """
    start, end = SHARES["train" if split == "calibration" else split]
    celsius = _hourly()
    celsius = celsius[round(start * len(celsius)) : round(end * len(celsius))]
    whole = np.lib.stride_tricks.sliding_window_view(celsius, PAST_HOURS + FUTURE_HOURS)
    whole = whole[np.isfinite(whole).all(axis=1)][:: EVERY[size]]
    if split == "calibration":
        chosen = np.linspace(0, len(whole) - 1, NUM_CALIBRATION).round().astype(int)
        whole = whole[chosen]
    past, future = whole[:, :PAST_HOURS], whole[:, PAST_HOURS:]
    return Dataset(
        inputs={"window": relative(past)},
        targets=(future - past[:, -1:]).astype(np.float32),
    )


def train(model: Any, size: Size, progress: Progress) -> Any:
    """Train on absolute error, on every window and its mirror image; keep the best epoch.

    Mirrored, because the months trained on are mostly those in which the sea grows warm, and the
    later ones those in which it cools.
    """
    import keras

    examples, validation = windows("train", size), windows("validation", size)
    past, future = examples.inputs["window"], examples.target()
    past, future = np.concatenate([past, -past]), np.concatenate([future, -future])
    epochs = EPOCHS[size]
    steps = epochs * -(-len(past) // BATCH_SIZE)
    rate = warm_up_and_fall(PEAK_LEARNING_RATE, steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0)
    model.compile(optimizer, "mean_absolute_error")

    def tell(epoch: int, logs: dict[str, float]) -> None:
        error = f"validation error {logs['val_loss']:.3f} degrees"
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, {error}")

    keep_best = keras.callbacks.EarlyStopping(
        "val_loss", patience=epochs, restore_best_weights=True
    )
    model.fit(
        past,
        future,
        validation_data=(validation.inputs["window"], validation.targets),
        batch_size=BATCH_SIZE,
        epochs=epochs,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=tell), keep_best],
    )
    return model


def score(run: Run, dataset: Dataset) -> float:
    """Return the `mase` of a network's forecasts."""
    return mase(run(dataset.inputs)["change"], dataset)


def mase(forecast: Array, dataset: Dataset) -> float:
    """Return the mean absolute scaled error of forecasts; below 1 beats yesterday's same hour.

    The scale is the mean absolute error of the seasonal naive forecast, which says that each hour
    will be as it was a day before, on the same windows. (Hyndman and Koehler take the scale from
    the time before the test. Here that would be another season, whose days are less alike, and
    make every forecast look better.)

    Args:
        forecast: `(n, 24)`, in degrees, less each window's last hour, as the targets are.
        dataset: The windows and what followed.

    Source: Hyndman, Koehler, Another look at measures of forecast accuracy, 2006,
        https://doi.org/10.1016/j.ijforecast.2006.03.001.
    """
    naive = dataset.inputs["window"][:, -DAY:, 0]
    scale = np.abs(dataset.target() - naive).mean()
    return float(np.abs(dataset.target() - forecast).mean() / scale)


@lru_cache(maxsize=1)
def _hourly() -> Array:
    means: Array = hourly_means(*read_csv(PACKAGED / READINGS))[1]
    return means
