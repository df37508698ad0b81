"""Readings for the forecast recipes' bundles to be tried with."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Size
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.series.sea_temperature import READINGS
from edgekit.on_device.programs.forecast import PAST_HOURS, hourly_means, read_csv

EXAMPLE = "example.csv"


def example_readings(_size: Size) -> dict[str, str]:
    """Return the asset `example.csv`: the latest 72 hours with a reading in each."""
    hours, means = hourly_means(*read_csv(PACKAGED / READINGS))
    measured = np.convolve(np.isfinite(means), np.ones(PAST_HOURS), "valid")
    start = int(np.flatnonzero(measured == PAST_HOURS)[-1])
    rows = zip(hours[start:], means[start : start + PAST_HOURS], strict=False)
    lines = (f"{hour}:00:00Z,{celsius:.3f}\n" for hour, celsius in rows)
    return {EXAMPLE: "time,celsius\n" + "".join(lines)}
