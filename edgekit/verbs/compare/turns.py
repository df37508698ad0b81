"""Time two files in turns, so that whatever slows the machine down meets both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.running.place import Hardware, Place
from edgekit.running.session import Session, open_session
from edgekit.running.timing import random_batch

ROUNDS = 20
"""Turns of each file: enough for a 10th and a 90th percentile of their ratios."""

MOST_RUNS = 25
"""Invocations of a turn; a median of so many is not moved by an interruption."""

BUDGET_S = 10.0
"""About what all turns take together, if one invocation a turn does not take longer."""


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Latency of two files that were timed in turns on one runtime, A, B, A, B ...

    Attributes:
        rounds: Turns of each file.
        runs: Invocations of a turn.
        a_ms_median: Milliseconds, median over all invocations of the first file.
        a_ms_p90: 90th percentile.
        ratio: Median, over the rounds, of B's median divided by A's: below 1, B is faster.
        ratio_p10: 10th percentile of the rounds' ratios.
        ratio_p90: 90th percentile.
        hardware: See `edgekit.verbs.bench.Benchmark`.
    """

    runtime: str
    device: str
    rounds: int
    runs: int
    a_ms_median: float
    a_ms_p90: float
    b_ms_median: float
    b_ms_p90: float
    ratio: float
    ratio_p10: float
    ratio_p90: float
    hardware: Hardware = "real"

    def __str__(self) -> str:
        """Say what the ratio tells, with its spread."""
        spread = (
            f"{self.ratio:.2f} times as long (in 8 of 10 rounds {self.ratio_p10:.2f} to "
            f"{self.ratio_p90:.2f})"
        )
        if self.ratio_p90 < 1:
            return f"B is faster than A: it takes {spread}"
        if self.ratio_p10 > 1:
            return f"B is slower than A: it takes {spread}"
        return f"No difference that these rounds can tell: B takes {spread}"


def time_in_turns(a: Path, b: Path, place: Place) -> Turns:
    """Time single invocations of two files on random input, one turn of each after another.

    Raises:
        Unavailable: The runtime or device is not there.
        WorkerFailed: One of the files does not run on it.
    """
    with (
        open_session(a, runtime=place.runtime, device=place.device) as first,
        open_session(b, runtime=place.runtime, device=place.device) as second,
    ):
        inputs = random_batch(a), random_batch(b)
        sessions = first, second
        warm = [
            max(session.time(batch, runs=2, warmup=8).latencies_ms)
            for session, batch in zip(sessions, inputs, strict=True)
        ]
        runs = int(max(1, min(MOST_RUNS, BUDGET_S * 1e3 / ROUNDS / max(sum(warm), 1e-6))))
        rounds = [
            [
                session.time(batch, runs=runs, warmup=1).latencies_ms
                for session, batch in zip(sessions, inputs, strict=True)
            ]
            for _ in range(ROUNDS)
        ]
        return _turns(np.array(rounds), place, _adapter(sessions))


def _adapter(sessions: tuple[Session, Session]) -> str:
    return next((found for each in sessions if (found := each.info.get("adapter", ""))), "")


def _turns(
    latencies_ms: np.ndarray[tuple[int, int, int], np.dtype[np.float64]], place: Place, adapter: str
) -> Turns:
    """Summarize latencies of shape `(rounds, 2 files, runs)`."""
    medians = np.median(latencies_ms, axis=2)
    ratios = medians[:, 1] / np.maximum(medians[:, 0], 1e-9)
    (a_median, b_median), (a_p90, b_p90) = np.percentile(latencies_ms, (50, 90), axis=(0, 2))
    low, middle, high = np.percentile(ratios, (10, 50, 90))
    return Turns(
        runtime=place.runtime,
        device=place.device,
        rounds=latencies_ms.shape[0],
        runs=latencies_ms.shape[2],
        a_ms_median=float(a_median),
        a_ms_p90=float(a_p90),
        b_ms_median=float(b_median),
        b_ms_p90=float(b_p90),
        ratio=float(middle),
        ratio_p10=float(low),
        ratio_p90=float(high),
        hardware=place.hardware(adapter),
    )
