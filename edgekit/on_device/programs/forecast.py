"""Forecast the next 24 hours of a temperature from its last 72: `forecast.py readings.csv`.

The network sees the last 72 hourly means less the newest of them, and answers how far from that one
the next 24 will be. It learns how the temperature moves, whatever it is, so that one network serves
summer and winter.
"""

from __future__ import annotations

import csv
import gzip
from argparse import Namespace
from pathlib import Path

import numpy as np

from ..answering import Answer, Models, Program, files
from ..arrays import Array, Run

PAST_HOURS = 72
FUTURE_HOURS = 24


def read_csv(path: Path | str) -> tuple[Array, Array]:
    """Read times and values from a CSV file with one line of headings, gzip-compressed or not.

    Args:
        path: Its first column is a time in ISO 8601, UTC; the second a number.

    Returns:
        Times `(readings,)`, datetime64 in seconds; values `(readings,)`, float64.

    Raises:
        ValueError: A line is not such a pair.
    """
    content = Path(path).read_bytes()
    if str(path).endswith(".gz"):
        content = gzip.decompress(content)
    rows = list(csv.reader(content.decode("utf-8").splitlines()))[1:]
    try:
        times = np.array([row[0].rstrip("Z") for row in rows], "datetime64[s]")
        return times, np.array([float(row[1]) for row in rows])
    except (IndexError, ValueError) as error:
        raise ValueError(
            f"'{path}' has a line that is not a time and a number ({error}); "
            "write lines such as 2016-02-15T00:30:00Z,4.887."
        ) from error


def hourly_means(times: Array, values: Array) -> tuple[Array, Array]:
    """Return the mean of each hour from the first reading's to the last one's.

    Args:
        times: `(readings,)`, datetime64, in any order.
        values: `(readings,)`, floats.

    Returns:
        Hours `(hours,)`, datetime64, without a gap; means `(hours,)`, NaN where nothing was read.

    Raises:
        ValueError: There is no reading.
    """
    if not len(times):
        raise ValueError("There are no readings; give at least one.")
    hours = times.astype("datetime64[h]")
    first, last = hours.min(), hours.max()
    index = (hours - first).astype(int)
    count = np.bincount(index)
    means = np.full(len(count), np.nan)
    sums = np.bincount(index, values)
    means[count > 0] = sums[count > 0] / count[count > 0]
    return np.arange(first, last + 1), means


def relative(past: Array) -> Array:
    """Return what the network sees: `(n, 72)` temperatures as `(n, 72, 1)` less the last, float32.

    Raises:
        ValueError: A value is missing, or there are not 72.
    """
    if past.shape[1:] != (PAST_HOURS,) or not np.isfinite(past).all():
        raise ValueError(
            f"The last {PAST_HOURS} hours are not complete; a forecast needs a reading in each."
        )
    return np.asarray((past - past[:, -1:])[..., np.newaxis], np.float32)


def forecast(run: Run, past: Array) -> Array:
    """Return temperatures of the next 24 hours, `(n, 24)`, from those of the last 72, `(n, 72)`."""
    return np.asarray(past[:, -1:] + run({"window": relative(past)})["change"])


def answer(models: Models, path: Path, options: Namespace) -> Answer:
    """Return a forecast, hour by hour."""
    hours, means = hourly_means(*read_csv(path))
    expected = forecast(models.runs["model"], means[np.newaxis, -PAST_HOURS:])[0]
    digits = 2 if np.abs(expected).max() >= 1 else 5
    return Answer(
        [f"{hours[-1] + ahead}:00  {value:5.{digits}f}" for ahead, value in enumerate(expected, 1)]
    )


program = Program(
    answer,
    takes=files("READINGS", (".csv", ".gz"), "CSV: a line of headings, then lines of time,value"),
    description="Forecast the next 24 hours of a temperature from its last 72.",
    example="temperatures.csv",
)
main = program.main

if __name__ == "__main__":
    main()
