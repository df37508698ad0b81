"""A user's own values hour by hour, as the forecast recipes take them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset, Recipe, Signature
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.own_data.series import Series, own_series
from edgekit.domains.series import sea_temperature
from edgekit.domains.series.example import EXAMPLE, as_csv, last_complete
from edgekit.on_device.programs.forecast import PAST_HOURS

if TYPE_CHECKING:
    import keras

SEEN: dict[Size, int] = {"tiny": 3_000, "full": 40_000}
"""Windows that training shows in all, where it takes 4 to 40 epochs for it."""

LEAST_WINDOWS = 20
RULE = (
    "Splits follow one another in time and share no hour: the first 65 % train, the next 15 % "
    "validate, the last 20 % test."
)


def on_readings(recipe: Recipe, given: Path) -> Recipe:
    """Return a forecast recipe on a user's values.

    Raises:
        BadData: They are too few, or have too many gaps.
    """
    series = own_series(given)
    own = _Windows(series)
    for name in sea_temperature.SHARES:
        if len(own.data(name, "full")) < LEAST_WINDOWS:  # type: ignore[arg-type]
            raise BadData(
                f"'{given.name}' has too few stretches of 96 hours without a gap of more than 3 "
                f"for the {name} split; give a longer series, or one with fewer gaps."
            )
    return replace(
        recipe,
        signature=_signature(recipe.signature, series.name),
        data=own.data,
        train=own.train,
        assets=own.assets,
        with_data=None,
        about_data=(*series.remarks, RULE),
    )


def _signature(signature: Signature, name: str) -> Signature:
    def renamed(meaning: str) -> str:
        words = meaning.replace("temperature", f"'{name}'")
        return words.replace("degrees Celsius", "in the unit of the data")

    return replace(
        signature,
        inputs=tuple(replace(each, meaning=renamed(each.meaning)) for each in signature.inputs),
        outputs=tuple(replace(each, meaning=renamed(each.meaning)) for each in signature.outputs),
    )


class _Windows:
    """Windows of a series; training sees them in units of how much a day changes."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def data(self, split: Split, size: Size) -> Dataset:
        every = min(sea_temperature.EVERY[size], max(1, len(self._series.values) // 1000))
        return sea_temperature.windows_of(self._series.values, split, every)

    def train(self, model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        examples = self.data("train", size)
        scale = float(np.abs(examples.target()).mean()) or 1.0
        sea_temperature.train_on(
            _scaled(examples, scale),
            _scaled(self.data("validation", size), scale),
            model,
            min(40, max(4, SEEN[size] // len(examples))),
            progress,
        )
        _fold(model, scale)
        return model

    def assets(self, size: Size) -> dict[str, str]:
        hours, values = self._series.hours, self._series.values
        start = last_complete(values)
        return {EXAMPLE: as_csv(hours[start : start + PAST_HOURS], values[start:], "value")}


def _scaled(examples: Dataset, scale: float) -> Dataset:
    inputs: dict[str, Array] = {name: array / scale for name, array in examples.inputs.items()}
    return Dataset(inputs=inputs, targets=(examples.target() / scale).astype(np.float32))


def _fold(model: keras.Model, scale: float) -> None:
    """Let a model that learned scaled values take and give them as they are.

    The first weights divide, the last ones multiply: no layer is added to the file.
    """
    recurrent = next(layer for layer in model.layers if hasattr(layer, "cell"))
    recurrent.cell.kernel.assign(recurrent.cell.kernel / scale)
    last = model.get_layer("change")
    for weights in (last.kernel, last.bias):
        weights.assign(weights * scale)
