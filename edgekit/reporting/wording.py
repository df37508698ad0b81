"""What a report says in words: states, places, figures with units.

Every writer of reports (`edgekit.reports`) and the README's table take their words from here, so
that the same row is called the same everywhere.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from edgekit.core.errors import printable
from edgekit.core.recipe import Interval, Metric
from edgekit.core.report import Report, Row

Place = tuple[str, str]
"""Runtime and device."""

State = Literal["ok", "out of limits", "failed", "measured", "predicted", "not run"]
STATES: Mapping[State, str] = {
    "ok": "run here, and within its limits",
    "out of limits": "run here, and further from the reference than allowed",
    "failed": "could not be made, or gave no answer where it must",
    "measured": "run here; no limit is set",
    "predicted": "not run: worked out from operator tables",
    "not run": "neither run nor predicted",
}

TRIED: Mapping[bool | None, str] = {
    True: "within limits",
    False: "out of limits",
    None: "no file",
}
"""Whether a file that was tried is within its limits, in words."""

NONE = "–"  # noqa: RUF001  (an en dash, as in printed tables)
_LARGEST = 1e300


def state(row: Row) -> State:
    """Return the state of a row, one of `STATES`."""
    if row.status == "measured":
        if row.ok is None:
            return "measured"
        return "ok" if row.ok else "out of limits"
    return "failed" if row.ok is False else row.status


def places(rows: Iterable[Row]) -> tuple[Place, ...]:
    """Return the distinct runtime and device pairs, in the order of the rows."""
    return tuple(dict.fromkeys((row.runtime, row.device) for row in rows))


def place_name(place: Place) -> str:
    """Return `tflite-runtime` for this machine, `tflite-runtime on raspberry-pi` for others."""
    runtime, device = place
    return runtime if device == "local" else f"{runtime} on {device}"


def by_variant(rows: Iterable[Row]) -> dict[str, dict[Place, Row]]:
    """Return variant -> place -> row, both in the order of the rows."""
    grouped: dict[str, dict[Place, Row]] = {}
    for row in rows:
        grouped.setdefault(row.variant, {})[row.runtime, row.device] = row
    return grouped


def facts(rows: Iterable[Row]) -> Row:
    """Return a row with the facts of its file, such as the size; rows of a variant share a file."""
    rows = list(rows)
    return next((row for row in rows if row.size_bytes is not None), rows[0])


def worst(rows: Iterable[Row]) -> Row | None:
    """Return the measured row with the largest drop, or None.

    Only rows scored on the most examples count: values on an emulator's few cannot be compared.
    """
    known = [row for row in rows if row.value is not None and row.drop is not None]
    most = max((row.examples or 0 for row in known), default=0)
    most_scored = [row for row in known if (row.examples or 0) == most]
    return max(most_scored, key=lambda row: row.drop or 0.0, default=None)


def examples_text(rows: Iterable[Row]) -> str:
    """Say on how many test examples each place was scored; "" if nothing was."""
    counts: dict[int, list[str]] = {}
    for row in rows:
        if row.examples:
            names = counts.setdefault(row.examples, [])
            place = place_name((row.runtime, row.device))
            names += [] if place in names else [place]
    if not counts:
        return ""
    most = max(counts)
    parts = [f"Scored on {counted(most, 'test example')}"]
    for count in sorted(set(counts) - {most}, reverse=True):
        parts.append(f"{listed(counts[count])} on the first {count:,}")
    fewer = ", compared with the reference on the same ones" if len(parts) > 1 else ""
    return f"{'; '.join(parts)}{fewer}."


def smallest(rows: Iterable[Row]) -> str | None:
    """Return the variant with the smallest compressed file among those never out of limits."""
    good: dict[str, int] = {}
    for variant, by_place in by_variant(rows).items():
        states = {state(row) for row in by_place.values()}
        size = facts(by_place.values()).compressed_bytes
        if "ok" in states and not states & {"out of limits", "failed"} and size is not None:
            good[variant] = size
    return min(good, key=lambda name: good[name], default=None)


def footnotes(rows: Iterable[Row]) -> dict[str, int]:
    """Return reason -> its number from 1, in the order of the rows; equal reasons share one."""
    reasons = dict.fromkeys(row.reason for row in rows if row.reason)
    return {reason: number for number, reason in enumerate(reasons, 1)}


def value_text(metric: Metric, value: float | None) -> str:
    """Return `91.42 %`, or a dash."""
    return NONE if value is None else f"{_figure(metric, value)} {metric.unit}".rstrip()


def drop_text(metric: Metric, drop: float | None) -> str:
    """Return `+0.12` for a loss, `-0.05` for a gain, `0.00` for neither; in the metric's unit."""
    if drop is None:
        return NONE
    text = _figure(metric, drop)
    if metric.unit != "%" and abs(drop) < 1:  # more digits would say nothing
        text = f"{drop:.4f}"
    if not text.strip("-0."):
        return text.removeprefix("-")
    return text if drop < 0 else f"+{text}"


def interval_text(metric: Metric, interval: Interval | None) -> str:
    """Return `92.2 to 93.2`, one digit after the point: intervals are rough."""
    if interval is None:
        return NONE
    return f"{interval.low:.1f} to {interval.high:.1f} {metric.unit}".rstrip()


def state_text(row: Row) -> str:
    """Return the state, with the share of operators where that was predicted."""
    return ", ".join(filter(None, (state(row), mapped_text(row))))


def mapped_text(row: Row) -> str:
    """Return `29 of 31`: how many of a row's operators were predicted to be mapped."""
    return "" if row.operators is None else f"{row.operators_mapped} of {row.operators}"


def amount_text(metric: Metric, amount: float) -> str:
    """Return a drop or its limit with its unit, in digits that tell them apart: `0.0013 mm`."""
    return f"{_figure(metric, amount)} {metric.unit}".rstrip()


def size_text(num_bytes: int | None) -> str:
    """Return `812 B`, `31.4 kB` or `1.13 MB`; 1 kB is 1,000 bytes."""
    if num_bytes is None:
        return NONE
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= factor * 0.9995:
            return f"{three_digits(num_bytes / factor)} {unit}"
    return f"{num_bytes} B"


SIZES = ("size", "compressed", "zstd", "sparse-encoded")
"""What `size_texts` tells: of the file, in a zip, after zstd, and with weights stored sparsely."""


def size_texts(row: Row) -> tuple[str, ...]:
    """Return each of `SIZES` of a row's file in words."""
    sizes = (row.size_bytes, row.compressed_bytes, row.zstd_bytes, row.sparse_bytes)
    return tuple(map(size_text, sizes))


def latency_text(milliseconds: float | None) -> str:
    """Return `0.0184 ms`, `31.2 ms` or `1,240 ms`: three significant digits."""
    return NONE if milliseconds is None else f"{three_digits(milliseconds)} ms"


def percent_text(percent: float | None) -> str:
    """Return a share with one decimal, such as `97.5 %`."""
    return NONE if percent is None else f"{percent:.1f} %"


def error_text(error: float | None) -> str:
    """Return `2.4e-6` or `0.31`: two significant digits; NaN was recorded as the largest float."""
    if error is None:
        return NONE
    if error >= _LARGEST:
        return "not finite"
    if error == 0 or error >= 9.95:
        return f"{error:.0f}" if error < 1e4 else f"{error:.1e}"
    return f"{error:#.2g}".replace("e-0", "e-")


def counted(number: int, noun: str) -> str:
    """Return `1 variant`, `11 variants`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(items: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def _figure(metric: Metric, value: float) -> str:
    """Two decimals for percent; four significant digits for any other unit."""
    if abs(value) >= _LARGEST:
        return "not finite"
    return f"{value:,.2f}" if metric.unit == "%" else f"{value:,.4g}"


def three_digits(value: float) -> str:
    """Return `0.0684`, `31.2` or `1,240`: three significant digits."""
    return f"{value:,.0f}" if value >= 99.95 or value == 0 else f"{value:#.3g}"


def command_of(report: Report) -> str:
    """Return the command that makes a build again; old reports do not know all its options."""
    data = " --data FOLDER" if report.data else ""
    options = f"--size {report.size} --seed {report.seed}{data}"
    return report.command or f"edgekit build {shlex.quote(report.recipe)} {options}"


def markdown_text(text: str) -> str:
    """Return the text so that Markdown shows it as it is, on one line and in one table cell."""
    clean = " ".join(printable(text).split())
    clean = re.sub(r"([\\`*\[\]<>|$~]|&(?=#?\w))", r"\\\1", clean)
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", clean)  # within a word it means nothing


def markdown_code(command: str) -> tuple[str, str, str]:
    """Return the lines of a block that shows a command as it is, ready to copy."""
    clean = " ".join(printable(command).split())
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", clean)), default=0))
    return f"{fence}sh", clean, fence


def markdown_head(cells: Sequence[str]) -> tuple[str, str]:
    """Return the two lines a Markdown table begins with."""
    return markdown_row(cells), f"|{' --- |' * len(cells)}"


def markdown_row(cells: Sequence[str]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(markdown_text(cell) for cell in cells)} |"
