"""Read what Vela tells of a file that it compiled: its debug database, summary and warnings.

Source: Arm, Vela 5.2, OPTIONS.md and PERFORMANCE.md,
https://gitlab.arm.com/artificial-intelligence/ethos-u/ethos-u-vela.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgekit.operators.target import Estimate

Row = Mapping[str, str]

_TABLE = re.compile(r'<table name="(?P<name>\w+)">\s*<!\[CDATA\[(?P<rows>.*?)\]\]>', re.DOTALL)
_WARNING = re.compile(
    r"Warning \(supported operators\) operator: \w+, ofm: '(?P<tensor>[^'\n]*)'\n"
    r"Reason: (?P<reason>.+)"
)
"""What follows the reason, up to an empty line, is Vela's rule in full."""

_KIB = 1024

NOBODY = -1
"""Stands for the operator of costs that have none."""


class Unreadable(Exception):
    """Vela wrote something else than is expected of it; says what."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What Vela estimates that an operator costs.

    Attributes:
        on_cpu: Whether it, or a part of it, is left to the CPU, which is not estimated.
        cycles: Of the accelerator's clock, from its first byte to its last.
        macs: Multiplications with addition.
        sram_bytes: Most that lies in SRAM while it runs.
    """

    on_cpu: bool = False
    cycles: int = 0
    macs: int = 0
    sram_bytes: int = 0


def costs(database: str, num_operators: int) -> dict[int, Cost]:
    """Return what the operators of the main subgraph cost.

    Args:
        database: Text of `NAME_debug.xml`. It lists the operators of all subgraphs as they stand in
            the file, those of the main one first, and what was made of each.
        num_operators: Of the main subgraph.

    Returns:
        Position in the subgraph -> cost. What is computed together costs at one operator; `NOBODY`
        has what Vela does not ascribe to any.

    Raises:
        Unreadable: A table or a field is missing or says something else.
    """
    tables = {found["name"]: found["rows"] for found in _TABLE.finditer(database)}
    sources = list(_rows(tables, "source"))[:num_operators]
    if [_number(row, "ext_key") for row in sources] != list(range(num_operators)):
        raise Unreadable("it does not list the operators as they stand in the file")
    index = {row.get("id"): place for place, row in enumerate(sources)}
    found: dict[int, Cost] = {}
    for row in _rows(tables, "perf"):
        place = index.get(row.get("source_id"), NOBODY)
        found[place] = _added(found.get(place, Cost()), row)
    return found


def _added(before: Cost, row: Row) -> Cost:
    return Cost(
        on_cpu=before.on_cpu or row.get("operator") == "Passthrough",
        cycles=before.cycles + _number(row, "op_cycles"),
        macs=before.macs + _number(row, "mac_count"),
        sram_bytes=max(before.sram_bytes, _number(row, "staging_usage")),
    )


def summary(text: str, *, by: str, machine: str) -> Estimate:
    """Return what one call of a whole file costs.

    Args:
        text: Of `NAME_summary_SYSTEM.csv`.
        by: As in `Estimate`.
        machine: As in `Estimate`.

    Raises:
        Unreadable: A field is missing or is no number.
    """
    row = next(csv.DictReader(io.StringIO(text, newline="")), {})
    return Estimate(
        by=by,
        machine=machine,
        clock_mhz=_real(row, "core_clock") / 1e6,
        cycles=_number(row, "cycles_total"),
        macs=_number(row, "nn_macs"),
        inference_ms=_real(row, "inference_time") * 1e3,
        sram_bytes=_bytes(row, "sram_memory_used"),
        dram_bytes=_bytes(row, "dram_memory_used"),
        flash_bytes=_bytes(row, "on_chip_flash_memory_used")
        + _bytes(row, "off_chip_flash_memory_used"),
    )


def reasons(printed: str) -> dict[str, str]:
    """Return output tensor -> why the operator that writes it stays on the CPU, in Vela's words."""
    return {
        found["tensor"]: found["reason"].strip().rstrip(".") for found in _WARNING.finditer(printed)
    }


def _rows(tables: Mapping[str, str], name: str) -> Iterator[Row]:
    if name not in tables:
        raise Unreadable(f"its database has no table '{name}'")
    lines = io.StringIO(tables[name].strip(), newline="")
    try:
        yield from csv.DictReader(lines)
    except csv.Error as error:
        raise Unreadable(f"its table '{name}' is damaged") from error


def _real(row: Row, field: str) -> float:
    try:
        value = float(row[field])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"it gives no number for '{field}'") from error
    if not math.isfinite(value) or value < 0:
        raise Unreadable(f"it gives {value} for '{field}'")
    return value


def _number(row: Row, field: str) -> int:
    return int(_real(row, field))


def _bytes(row: Row, field: str) -> int:
    return round(_real(row, field) * _KIB)
