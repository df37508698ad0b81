"""Print what was found: a line for each file, the ratios, and where we are behind."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Sequence

from peer_files.rows import OURS, Ratio, Row, Seen


def show(rows: Sequence[Row], ratios: Sequence[Ratio], runtimes: Sequence[str]) -> None:
    """Print both tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 170, highlight=False)
    heads = [f"{what}, {name}" for name in runtimes for what in ("score", "ms")]
    files = Table("model", "precision", "way", box=None, pad_edge=False)
    for head in ("bytes", "compressed", *heads):
        files.add_column(head, justify="right")
    files.add_column("right", no_wrap=True)
    for row in rows:
        figures = [f"{size:,}" if size else "" for size in (row.size_bytes, row.compressed_bytes)]
        seen = [cell for name in runtimes for cell in _cells(row.seen.get(name, Seen()))]
        files.add_row(row.model, row.precision, row.way, *figures, *seen, _verdict(row))
    console.print(files)
    whys = Table("model", "precision", "way", "why it is not right", box=None, pad_edge=False)
    for row in rows:
        if not row.is_right:
            why = row.reason or " | ".join(f"{n}: {s.problem}" for n, s in row.seen.items())
            whys.add_row(row.model, row.precision, row.way, " ".join(why.split())[:400])
    if whys.row_count:
        console.print("", whys, sep="\n")
    console.print("", _of_ratios(ratios), sep="\n")


def _cells(seen: Seen) -> tuple[str, str]:
    value = "" if seen.value is None else f"{seen.value:.4g}"
    return value, f"{seen.latency_ms:.3f}" if seen.latencies_ms else ""


def _verdict(row: Row) -> str:
    if row.reason:
        return "not run" if "not installed" in row.reason else "no file"
    if row.is_right:
        return "yes"
    return "not on " + ", ".join(name for name, seen in row.seen.items() if seen.problem)


def _of_ratios(ratios: Sequence[Ratio]) -> object:
    from rich.table import Table

    kinds = list(dict.fromkeys(ratio.what for ratio in ratios))
    table = Table("model", "precision", box=None, pad_edge=False)
    for kind in kinds:
        table.add_column(f"{OURS} / best right peer: {kind}", justify="right")
    cells = {(ratio.model, ratio.precision, ratio.what): ratio for ratio in ratios}
    for model, precision in dict.fromkeys((ratio.model, ratio.precision) for ratio in ratios):
        found = [cells.get((model, precision, kind)) for kind in kinds]
        table.add_row(model, precision, *(f"{ratio.value:.3f}" if ratio else "" for ratio in found))
    return table


def behind(rows: Sequence[Row], ratios: Sequence[Ratio]) -> list[str]:
    """Return a line for each place where a right peer is better, or ours is not right."""
    lines = [f"{ratio}; at most {ratio.limit:.3g}" for ratio in ratios if ratio.is_behind]
    lines += [
        f"{ratio}; the goal is {ratio.goal:g}"
        for ratio in ratios
        if not ratio.is_behind and ratio.value > ratio.goal and ratio.goal < 1
    ]
    right = {(row.model, row.precision) for row in rows if row.is_right and row.way != OURS}
    return lines + [
        f"{row.model} {row.precision}: {OURS}'s is not right, a peer's is"
        for row in rows
        if row.way == OURS and not row.is_right and (row.model, row.precision) in right
    ]


def machine(infos: Sequence[str]) -> str:
    """Return on what and when this was measured."""
    today = datetime.datetime.now(datetime.UTC).date()
    return f"{', '.join(infos)}; {os.cpu_count()} processors, one thread each; {today}."
