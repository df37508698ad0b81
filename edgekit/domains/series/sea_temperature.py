"""What the forecast recipes share: windows of the sea's temperature, training, and the score.

The test months, January to March, are the hardest to forecast: storms mix the sea, and its days are
hardly warmer than its nights. Repeating the last hour scores 0.717 there, and 0.846 in the training
months; a linear forecast fitted to the test months themselves scores 0.700.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Signature, Tensor
from edgekit.core.types import Array, Progress, Run, Size, Split
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.optimizers import adamw
from edgekit.on_device.programs.forecast import (
    FUTURE_HOURS,
    PAST_HOURS,
    hourly_means,
    read_csv,
    relative,
)

if TYPE_CHECKING:
    import keras

READINGS = "sea_surface_temperature.csv.gz"
"""The whole data set, half-hourly from February 2016 to March 2017, is small enough to ship."""

DAY = 24
SHARES = {"train": (0.0, 0.65), "validation": (0.65, 0.8), "test": (0.8, 1.0)}
"""Start and end of each split, as shares of the whole time."""

EVERY: dict[Size, int] = {"tiny": 8, "full": 1}
"""Hours from the start of one window to the start of the next."""

NUM_CALIBRATION = 300
EPOCHS: dict[Size, int] = {"tiny": 4, "full": 6}
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 4e-3

MASE = Metric(name="MASE", higher_is_better=False)
BASELINE = ("the same hour of the day before", 1.0)
"""The metric is in units of its error."""

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
    Calibration windows are spread evenly over the training split.
    """
    return windows_of(_hourly(), split, EVERY[size])


def windows_of(celsius: Array, split: Split, every: int) -> Dataset:
    """Return the windows of any series, `every` so many hours; NaN is no reading."""
    start, end = SHARES["train" if split == "calibration" else split]
    celsius = celsius[round(start * len(celsius)) : round(end * len(celsius))]
    whole = np.lib.stride_tricks.sliding_window_view(celsius, PAST_HOURS + FUTURE_HOURS)
    whole = whole[np.isfinite(whole).all(axis=1)][::every]
    if split == "calibration":
        chosen = np.linspace(0, len(whole) - 1, NUM_CALIBRATION).round().astype(int)
        whole = whole[chosen]
    past, future = whole[:, :PAST_HOURS], whole[:, PAST_HOURS:]
    return Dataset(
        inputs={"window": relative(past)},
        targets=(future - past[:, -1:]).astype(np.float32),
    )


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on absolute error and keep the epoch with the lowest validation error.

    Every window is also shown with its sign reversed, because the sea warms in most of the training
    months and cools in the later ones.
    """
    return train_on(
        windows("train", size), windows("validation", size), model, EPOCHS[size], progress
    )


def train_on(
    examples: Dataset,
    validation: Dataset,
    model: keras.Model,
    epochs: int,
    progress: Progress,
) -> keras.Model:
    """Train on any windows, as `train` does."""
    past, future = examples.inputs["window"], examples.target()
    mirrored = Dataset(
        inputs={"window": np.concatenate([past, -past])},
        targets=np.concatenate([future, -future]),
    )
    steps = epochs * -(-len(mirrored) // BATCH_SIZE)
    model.compile(adamw(PEAK_LEARNING_RATE, steps), "mean_absolute_error")
    fit(
        model,
        mirrored,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        progress=progress,
        validation=validation,
    )
    return model


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean absolute scaled error of a network's forecasts; see `mase`."""
    return mase(run(dataset.inputs)["change"], dataset)


def mase(forecast: Array, dataset: Dataset) -> float:
    """Return the mean absolute scaled error of forecasts; below 1 is better than the baseline.

    The scale is the mean absolute error, on the same windows, of the seasonal naive forecast, which
    repeats the value of the same hour a day before. (Hyndman and Koehler take the scale from the
    time before the test. Here that would be another season, whose days are less alike, and every
    forecast would look better.)

    Args:
        forecast: `(n, 24)`, degrees Celsius less each window's last hour, as the targets are.
        dataset: The windows and what followed, as `windows` returns them.

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
