"""Readings for the forecast recipes' bundles to be tried with."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array, Size
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.series.sea_temperature import READINGS
from edgekit.on_device.programs.forecast import PAST_HOURS, hourly_means, read_csv

EXAMPLE = "example.csv"


def example_readings(_size: Size) -> dict[str, str]:
    """Return the asset `example.csv`: the latest 72 hours with a reading in each."""
    hours, means = hourly_means(*read_csv(PACKAGED / READINGS))
    start = last_complete(means)
    return {EXAMPLE: as_csv(hours[start : start + PAST_HOURS], means[start:], "celsius")}


def last_complete(means: Array) -> int:
    """Return where the latest 72 hours begin that have a reading in each."""
    measured = np.convolve(np.isfinite(means), np.ones(PAST_HOURS), "valid")
    return int(np.flatnonzero(np.rint(measured) == PAST_HOURS)[-1])


def as_csv(hours: Array, values: Array, name: str) -> str:
    """Return hours and their values as CSV; there may be more values."""
    rows = zip(hours, values[: len(hours)], strict=True)
    return f"time,{name}\n" + "".join(f"{hour}:00:00Z,{value:.6g}\n" for hour, value in rows)
