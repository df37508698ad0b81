"""What the zoo found out, model by precision."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgekit.core.variant import PRECISIONS


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One model in one precision.

    Attributes:
        state: `verified`, `refused`, `wrong` or `not run`.
        said: What edgekit says where it refuses.
        own: What the fresh examples say, by runtime.
        forward: The next step that was tried, and what the fresh examples say of it.
    """

    state: str
    said: str = ""
    own: str = ""
    forward: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model.

    Attributes:
        cells: By precision.
        seconds: Of the conversion with its proofs, and of all that was done.
        reason: Why it was not run.
    """

    name: str
    cells: dict[str, Cell] = field(default_factory=dict)
    seconds: tuple[float, float] = (0.0, 0.0)
    reason: str = ""


def show(rows: Sequence[Row], runtimes: Iterable[str]) -> None:
    """Print the table, what is refused or wrong, the machine and the date."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table("model", *PRECISIONS, "seconds", box=None, pad_edge=False)
    for row in rows:
        cells = [row.cells.get(p, Cell(state="not run")).state for p in PRECISIONS]
        table.add_row(row.name, *cells, f"{row.seconds[0]:.0f} + {np.diff(row.seconds)[0]:.0f}")
    console.print(table)
    for row in rows:
        if row.reason:
            print(f"{row.name}: not run: {row.reason}")
        for precision, cell in row.cells.items():
            if cell.state != "verified":
                print(
                    f"{row.name}, {precision}: {cell.state}\n  edgekit: {cell.said or 'verified'}"
                )
                print(f"  fresh examples: {cell.own or 'no file'}\n  next: {cell.forward or '-'}")
    states = [cell.state for row in rows for cell in row.cells.values()]
    counts = ", ".join(f"{states.count(s)} {s}" for s in ("verified", "refused", "wrong"))
    print(f"{len(rows)} models, {len(states)} files: {counts}.")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {', '.join(runtimes)}; ", end="")
    print(f"{datetime.datetime.now(datetime.UTC).date()}.")
