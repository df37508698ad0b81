"""What became of each file, and how ours compare with those of others that are right."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

OURS = "edgekit"

SAME_LATENCY = 1.03
"""Nobody notices less; where a file differs more from itself, timed twice in turns, that counts."""

SIZE_GOALS: Mapping[str, Mapping[str, float]] = {
    "image_cnn": {"dynamic_int8": 0.92, "int8": 0.92, "int16x8": 0.92},
}
"""Model -> precision -> share of the smallest right peer's bytes that is aimed for."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A file on a runtime.

    Attributes:
        value: The recipe's score on its test split; None if it did not run.
        problem: Why its answers are not right, as a sentence; "" if they are.
        latencies_ms: Of one invocation: the median of each turn's burst.
        again_ms: The same of the same file in another process, for ours.
    """

    value: float | None = None
    problem: str = ""
    latencies_ms: tuple[float, ...] = ()
    again_ms: tuple[float, ...] = ()

    @property
    def latency_ms(self) -> float:
        """Median over turns."""
        return statistics.median(self.latencies_ms)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way to make a file of a model in a precision.

    Attributes:
        reason: Why there is no file.
        seen: By runtime.
    """

    model: str
    precision: str
    way: str
    size_bytes: int = 0
    compressed_bytes: int = 0
    reason: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether there is a file, and its answers are right on every runtime."""
        return bool(self.seen) and not any(seen.problem for seen in self.seen.values())


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A figure of ours over that of the best right peer.

    Attributes:
        limit: Above it we are behind.
        goal: What is aimed for; 1 where nothing more is.
    """

    model: str
    precision: str
    what: str
    peer: str
    value: float
    limit: float
    goal: float = 1.0

    @property
    def is_behind(self) -> bool:
        """Whether a peer is better."""
        return self.value > self.limit

    def __str__(self) -> str:
        return f"{self.model} {self.precision}, {self.what}: {self.value:.3f} of {self.peer}"


def ratios(rows: Sequence[Row]) -> list[Ratio]:
    """Return the ratios of one model in one precision.

    Args:
        rows: Ours and the peers'. Nothing is compared with peers that are not right; if ours is
            not, nothing is compared at all.
    """
    ours = next((row for row in rows if row.way == OURS), None)
    peers = [row for row in rows if row.way != OURS and row.is_right]
    if not ours or not ours.is_right or not peers:
        return []
    return list(_ratios(ours, peers))


def _ratios(ours: Row, peers: Sequence[Row]) -> Iterator[Ratio]:
    def ratio(what: str, peer: str, value: float, limit: float = 1.0, goal: float = 1.0) -> Ratio:
        return Ratio(
            model=ours.model,
            precision=ours.precision,
            what=what,
            peer=peer,
            value=value,
            limit=limit,
            goal=goal,
        )

    goal = SIZE_GOALS.get(ours.model, {}).get(ours.precision, 1.0)
    smallest = min(peers, key=lambda row: row.size_bytes)
    densest = min(peers, key=lambda row: row.compressed_bytes)
    yield ratio("bytes", smallest.way, ours.size_bytes / smallest.size_bytes, goal=goal)
    yield ratio("compressed", densest.way, ours.compressed_bytes / densest.compressed_bytes)
    for runtime, seen in ours.seen.items():
        shares = {
            peer.way: ratio_by_turns(seen.latencies_ms, peer.seen[runtime].latencies_ms)
            for peer in peers
            if peer.seen[runtime].latencies_ms
        }
        if shares and seen.latencies_ms:
            way = max(shares, key=lambda way: shares[way])
            yield ratio(f"latency on {runtime}", way, shares[way], limit=same_latency(seen))


def ratio_by_turns(ours: Sequence[float], peer: Sequence[float]) -> float:
    """Return the median of what two files took in the same turn, one over the other."""
    return statistics.median(mine / theirs for mine, theirs in zip(ours, peer, strict=True))


def same_latency(seen: Seen) -> float:
    """Return the ratio of latencies up to which a file is called no slower."""
    return max(SAME_LATENCY, _unlike_itself(seen))


def _unlike_itself(seen: Seen) -> float:
    """Return by what factor a file's latency differs from its own; 1 if it was not timed twice."""
    if not seen.again_ms:
        return 1.0
    factor = ratio_by_turns(seen.again_ms, seen.latencies_ms)
    return max(factor, 1 / factor)
