"""GRU that forecasts the sea's temperature for a day, hour by hour.

Data: 13 months of half-hourly readings of a buoy in the Gulf of Maine, which ship with edgekit
whole; 72 hours are given, 24 are asked for. Model: one layer of gated recurrent units
(Cho et al. 2014). Score: error relative to the forecast "as yesterday at this hour", on the last
months.
Takes a CSV file of your own with a time and a number.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Program, Recipe
from edgekit.core.types import Size
from edgekit.domains.learning.answer_keys import numbers_key
from edgekit.domains.series import sea_temperature
from edgekit.domains.series.example import EXAMPLE, example_readings
from edgekit.domains.series.own_readings import on_readings
from edgekit.on_device.programs.forecast import FUTURE_HOURS, PAST_HOURS

if TYPE_CHECKING:
    import keras

UNITS = 32


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size.

    At each hour the 32 units see the temperature and their own last state; two gates decide how
    much of that state is kept. In files the 72 steps are a loop, in int8 with a float32 state.
    """
    import keras

    window = keras.Input((PAST_HOURS, 1), name="window")
    state = keras.layers.GRU(UNITS)(window)
    state = keras.layers.Dropout(0.1)(state)
    change = keras.layers.Dense(FUTURE_HOURS, name="change")(state)
    return keras.Model(window, change, name="forecast_gru")


def with_data(given: Path) -> Recipe:
    """Return the recipe on a user's values hour by hour."""
    return on_readings(recipe, given)


recipe = Recipe(
    signature=sea_temperature.SIGNATURE,
    metric=sea_temperature.MASE,
    baseline=sea_temperature.BASELINE,
    source=(
        "Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014, "
        "https://arxiv.org/abs/1406.1078; " + sea_temperature.SOURCE
    ),
    build=build,
    data=sea_temperature.windows,
    train=sea_temperature.train,
    score=sea_temperature.score,
    answer_key=numbers_key("change"),
    variants=("float32", "float16", "dynamic_int8", "int8"),  # int8 loses nothing
    drop_limits=sea_temperature.DROP_LIMITS,
    program=Program(name="forecast", example=(EXAMPLE,)),
    assets=example_readings,
    with_data=with_data,
)
