"""Print an explanation on a terminal: the ranking, what is known, and what was tried."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from edgekit.core.errors import printable
from edgekit.core.records import to_json
from edgekit.explaining.laboratory import Tried
from edgekit.explaining.patterns import Pattern
from edgekit.explaining.ranking import LayerNoise, is_cut, is_wide
from edgekit.reporting.terminal.table import Column, Page
from edgekit.reporting.terminal.words import numbered, with_mark
from edgekit.reporting.wording import TRIED

LAYER_COLUMNS = (
    Column("layer"),
    Column("kind", optional=True),
    Column("blame", "number"),
    Column("SNR dB", "number"),
    Column("own", "number"),
    Column("inherited", "number"),
    Column("cut", "number", optional=True),
    Column("dead", "number", optional=True),
    Column("because"),
)
TRIED_COLUMNS = (
    Column("tried"),
    Column("bytes", "number"),
    Column("verdict", "state"),
    Column("seconds", "number", optional=True),
    Column("outputs beside their limits"),
)
ROWS = 12
"""Layers shown; the rest is in the JSON."""


class Explained(Protocol):
    """What is printed; `edgekit.verbs.explain.Explanation` is one."""

    @property
    def file(self) -> str:
        """The file."""

    @property
    def precision(self) -> str:
        """Of it."""

    @property
    def layers(self) -> tuple[LayerNoise, ...]:
        """Ranked."""

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """What is known of the model."""

    @property
    def tried(self) -> tuple[Tried, ...]:
        """Next steps."""

    @property
    def skipped(self) -> tuple[str, ...]:
        """Next steps there was no time for."""

    @property
    def advice(self) -> str:
        """Which of them to take."""


def show(explanation: Explained, *, json: bool = False) -> None:
    """Print an explanation: tables to a terminal, as wide as it is, or JSON."""
    if json:
        print(json_format.dumps(to_json(explanation, finite=True), indent=2, allow_nan=False))
        return
    page = Page.of_stdout()
    layers = explanation.layers[:ROWS]
    notes = numbered(map(because, layers))
    page.table(LAYER_COLUMNS, (_row(noise, notes) for noise in layers))
    if layers:
        page.lines()
        page.notes(notes)
        page.lines(_lines(explanation))
    if explanation.tried:
        page.lines()
        page.table(TRIED_COLUMNS, map(_tried_row, explanation.tried))
        page.lines()
    page.lines(f"Not tried, for want of time: {name}." for name in explanation.skipped)
    print(printable(explanation.advice))  # as it is: commands are pasted


def short(explanation: Explained) -> list[str]:
    """Return a few lines for the end of a rejection: the worst three layers, the next step."""
    worst = ", ".join(
        f"{noise.layer} ({noise.worst.snr_db:.0f} dB)" for noise in explanation.layers[:3]
    )
    return [f"Most is lost in {worst}.", *explanation.advice.splitlines()]


def because(noise: LayerNoise) -> str:
    """Return what is wrong at a layer, in a few words; "" if nothing stands out."""
    worst = noise.worst
    if noise.range_from:
        return f"its range comes from {noise.range_from}"
    reasons = []
    if worst.spread >= 4:
        reasons.append(f"channel {worst.widest} is {worst.spread:,.0f} times as wide")
    elif is_wide(worst):
        reasons.append(f"its range is wide: a typical value has {worst.rms / worst.step:.2g} steps")
    if is_cut(worst):
        reasons.append("values are cut at the end of its range")
    if noise.imposed_on:
        reasons.append(f"sets the range of {', '.join(noise.imposed_on[:3])}")
    return "; ".join(reasons)


def _row(noise: LayerNoise, notes: Mapping[str, int]) -> Sequence[str]:
    worst = noise.worst
    return (
        noise.layer,
        noise.kind,
        f"{100 * noise.blame:.1f} %",
        f"{worst.snr_db:.1f}",
        f"{worst.own_db:.1f}",
        f"{worst.inherited_db:.1f}",
        f"{100 * worst.clipped:.1f} %",
        f"{worst.dead} of {worst.channels}",
        with_mark("", because(noise), notes),
    )


def _tried_row(tried: Tried) -> Sequence[str]:
    size = f"{tried.size_bytes:,}" if tried.size_bytes else ""
    return (
        tried.what,
        size,
        TRIED[tried.ok],
        f"{tried.seconds:.0f}",
        tried.judged or tried.reason,
    )


def _lines(explanation: Explained) -> Iterator[str]:
    left = len(explanation.layers) - ROWS
    if left > 0:
        yield f"{left} more layers have less to do with it; --json lists them."
    for pattern in explanation.patterns:
        yield f"- {pattern.sentence} [{pattern.name}]"
