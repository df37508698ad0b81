"""Print what was found: a line for each file, the ratios, and where we are behind."""

from __future__ import annotations

import datetime
import os
import re
import sys
from collections.abc import Sequence

from peer_files.rows import OURS, Ratio, Row

MOST_LETTERS = 200
"""Of a reason."""


def show(rows: Sequence[Row], ratios: Sequence[Ratio], runtimes: Sequence[str]) -> None:
    """Print the files, why some are not right, and the ratios."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    files = Table("model", "precision", "way", box=None, pad_edge=False)
    for head in ("bytes", "compressed", "score", "ms"):
        files.add_column(head, justify="right", no_wrap=True)
    files.add_column("right")
    for row in rows:
        sizes = [f"{size:,}" if size else "" for size in (row.size_bytes, row.compressed_bytes)]
        files.add_row(row.model, row.precision, row.way, *sizes, *_cells(row), _verdict(row))
    console.print(files, f"Scores and latencies: on {' / '.join(runtimes)}.", "", sep="\n")
    if whys := _whys(rows):
        table = Table("model", "way", "precisions", "why not right", box=None, pad_edge=False)
        for (model, way, why), precisions in whys.items():
            table.add_row(model, way, ", ".join(precisions), why)
        console.print(table, "", sep="\n")
    if ratios:
        console.print(_of_ratios(ratios))


def _cells(row: Row) -> tuple[str, str]:
    """Return scores and latencies by runtime; "-" where there is none."""
    if not row.seen:
        return "", ""
    scores = ["-" if seen.value is None else f"{seen.value:.4g}" for seen in row.seen.values()]
    times = [f"{seen.latency_ms:.3f}" if seen.latencies_ms else "-" for seen in row.seen.values()]
    return " / ".join(scores), " / ".join(times)


def _whys(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[str]]:
    """Return (model, way, why a file is not right) -> precisions."""
    whys: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        said = [f"{name}: {seen.problem}" for name, seen in row.seen.items() if seen.problem]
        for why in [row.reason] if row.reason else said:
            whys.setdefault((row.model, row.way, _short(why)), []).append(row.precision)
    return whys


def _short(why: str) -> str:
    """Return the beginning of a reason, without TensorFlow's notes on where in a graph it is."""
    text = re.sub(r"<unknown>:0: error: loc\(.*?\): (?=')", "", " ".join(why.split()))
    text = text.partition(" <unknown>:0: note:")[0]
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}..."


def _verdict(row: Row) -> str:
    if row.reason:
        return "not run" if "not installed" in row.reason else "no file"
    if row.is_right:
        return "yes"
    return "not on " + ", ".join(name for name, seen in row.seen.items() if seen.problem)


def _of_ratios(ratios: Sequence[Ratio]) -> object:
    from rich.table import Table

    kinds = list(dict.fromkeys(ratio.what for ratio in ratios))
    title = f"{OURS} / best right peer"
    table = Table("model", "precision", title=title, title_justify="left", box=None, pad_edge=False)
    for kind in kinds:
        table.add_column(kind, justify="right")
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
