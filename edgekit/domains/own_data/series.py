"""A CSV file with a time and a number, as values hour by hour."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.own_data.files import counted, remembered
from edgekit.domains.own_data.tables import MISSING, Table, read_table, table_file
from edgekit.on_device.programs.forecast import hourly_means

EXPECTED = "a time and a number in each line, below headings such as time,value"
TIMES = ("time", "timestamp", "datetime", "date", "date_time", "utc", "hour")
VALUES = ("value", "values", "y", "target", "reading")
LONGEST_FILLED = 3
"""Hours of a gap that is filled on a straight line."""

LEAST_HOURS = 30 * 24


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values hour by hour.

    Attributes:
        hours: `(n,)`, datetime64, without a gap.
        values: `(n,)`, NaN where nothing is known.
        name: Heading of the column.
        remarks: What there is to say of them, in sentences.
    """

    hours: Array
    values: Array
    name: str
    remarks: tuple[str, ...]


@remembered
def own_series(given: Path) -> Series:
    """Read a user's values.

    Args:
        given: A CSV file, or the folder of a single one. One column is a time in ISO 8601, UTC if
            it names no zone; one other column is numbers.

    Raises:
        BadData: It is another file, or covers too little.
    """
    table = read_table(table_file(given, EXPECTED), EXPECTED)
    time_column = _time_column(table)
    value_column = _value_column(table, time_column)
    times = np.array(
        [
            _time(cell, line, table)
            for cell, line in zip(table.column(time_column), table.lines, strict=True)
        ],
        "datetime64[s]",
    )
    numbers = np.array(
        [
            _number(cell, line, table)
            for cell, line in zip(table.column(value_column), table.lines, strict=True)
        ]
    )
    known = np.isfinite(numbers)
    name = table.columns[value_column]
    if not known.any():
        raise BadData(
            f"Column '{name}' of '{table.path.name}' holds no number; expected {EXPECTED}."
        )
    hours, values = hourly_means(times[known], numbers[known])
    _check_length(table, hours, values, times[known])
    filled = fill_short_gaps(values)
    return Series(
        hours=hours,
        values=filled,
        name=name,
        remarks=(
            *_order_said(times[known], int((~known).sum())),
            *_gaps_said(hours, values, filled),
        ),
    )


def fill_short_gaps(values: Array) -> Array:
    """Fill gaps of up to three hours on a straight line between their neighbours."""
    known = np.flatnonzero(np.isfinite(values))
    straight = np.interp(np.arange(len(values)), known, values[known])
    filled = values.copy()
    for start, end in _gaps(values):
        if end - start <= LONGEST_FILLED:
            filled[start:end] = straight[start:end]
    return filled


def _gaps(values: Array) -> list[tuple[int, int]]:
    """Return first hour and the hour after the last of each gap."""
    missing = np.concatenate([[0], ~np.isfinite(values), [0]]).astype(int)
    edges = np.diff(missing)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _time_column(table: Table) -> int:
    named = table.find(TIMES)
    if named is not None:
        return named
    if _is_time(table.columns[0]):
        raise BadData(
            f"'{table.path.name}' begins with '{','.join(table.columns)}' and has no line of "
            f"headings; expected {EXPECTED}."
        )
    for index in range(len(table.columns)):
        if _is_time(table.rows[0][index]):
            return index
    raise BadData(
        f"'{table.path.name}' has the columns {', '.join(table.columns)}, and in its first row "
        f"none is a time such as 2026-02-15T00:30:00Z; expected {EXPECTED}."
    )


def _value_column(table: Table, time_column: int) -> int:
    others = [index for index in range(len(table.columns)) if index != time_column]
    named = table.find(VALUES)
    numeric = [index for index in others if _looks_numeric(table.column(index))]
    if named is not None and named in others:
        return named
    if len(numeric) == 1:
        return numeric[0]
    if len(others) == 1:
        return others[0]
    names = ", ".join(f"'{table.columns[index]}'" for index in numeric) or "none"
    raise BadData(
        f"'{table.path.name}' has {len(numeric)} columns of numbers ({names}); expected is one: "
        "call it 'value', or take the others out."
    )


def _looks_numeric(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell.lower() not in MISSING][:100]
    return bool(known) and all(_float(cell) is not None for cell in known)


def _float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _number(cell: str, line: int, table: Table) -> float:
    number = math.nan if cell.lower() in MISSING else _float(cell)
    if number is None:
        raise BadData(
            f"Line {line} of '{table.path.name}' holds '{cell[:40]}' where a number is expected, "
            "such as 4.887; leave the cell empty where nothing is known."
        )
    return number


def _is_time(cell: str) -> bool:
    try:
        datetime.datetime.fromisoformat(cell.strip())
    except ValueError:
        return False
    return not cell.strip().isdecimal()


def _time(cell: str, line: int, table: Table) -> np.datetime64:
    try:
        time = datetime.datetime.fromisoformat(cell)
    except ValueError as error:
        raise BadData(
            f"Line {line} of '{table.path.name}' holds '{cell[:40]}' where a time in ISO 8601 is "
            "expected, such as 2026-02-15T00:30:00Z."
        ) from error
    if time.tzinfo is not None:
        time = time.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(time, "s")


def _check_length(table: Table, hours: Array, values: Array, times: Array) -> None:
    if len(hours) < LEAST_HOURS:
        raise BadData(
            f"'{table.path.name}' covers {len(hours):,} hours; {LEAST_HOURS:,} (30 days) or more "
            "are expected, to train, validate and test."
        )
    apart = float(np.median(np.diff(np.unique(times)).astype(float))) / 3600
    if apart > 1.5:
        raise BadData(
            f"The values of '{table.path.name}' are {apart:g} hours apart; the forecasts are hour "
            "by hour, and one value an hour or more is expected."
        )


def _order_said(times: Array, missing: int) -> tuple[str, ...]:
    said = []
    if missing:
        said.append(f"Left out: {counted(missing, 'line')} without a number.")
    if (np.diff(times) < np.timedelta64(0)).any():
        said.append("The lines are not in the order of time; they were put in order.")
    twice = len(times) - len(np.unique(times))
    if twice:
        said.append(f"Of equal times the mean was used: {counted(twice, 'line')} more than times.")
    return tuple(said)


def _gaps_said(hours: Array, values: Array, filled: Array) -> tuple[str, ...]:
    said = [f"{len(hours):,} hours from {hours[0]} to {hours[-1]}, each the mean of its values."]
    gaps = _gaps(values)
    if gaps:
        start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
        num_filled = int(np.isfinite(filled).sum() - np.isfinite(values).sum())
        said.append(
            f"{int(np.isnan(values).sum()):,} hours in {counted(len(gaps), 'gap')} have no value, "
            f"the longest {end - start:,} hours from {hours[start]}: {num_filled:,} hours, in gaps "
            f"of up to {LONGEST_FILLED}, were filled on a straight line; no example spans the "
            "others."
        )
    return tuple(said)
