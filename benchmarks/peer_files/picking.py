"""The file that `edgekit optimize` picks, beside every right file of the peers: who is better?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from peer_files.measuring import Exam, examine
from peer_files.rows import OURS, Row, ratio_by_turns, same_latency

import edgekit
from edgekit.building.parts import MODEL
from edgekit.core.recipe import Metric
from edgekit.core.types import Size
from edgekit.core.variant import Variant
from edgekit.search.candidate import Found
from edgekit.search.optimizing import FOLDER
from edgekit.tflite.sidecar import compressed_bytes

TARGET, RUNTIME = "cpu", "tflite-runtime"
"""The search measures there, so the comparison does too."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """What a search recommends.

    Attributes:
        found: All that it found.
        path: Of the file.
    """

    found: Found
    path: Path

    @property
    def variant(self) -> Variant:
        """How the file was made."""
        return Variant.parse(self.found.recommended)


def picked(name: str, size: Size, work: Path, minutes: float) -> Picked | None:
    """Search for the smallest file within the recipe's own limits; None if there is none."""
    out = work / f"search-{size}"
    found = edgekit.optimize(name, TARGET, minutes=minutes, size=size, out=out)
    if not found.recommended:
        return None
    path = out / FOLDER / name / found.recommended / f"{MODEL}.tflite"
    return Picked(found=found, path=path)


def beside_peers(
    pick: Picked, exam: Exam, peers: Mapping[str, tuple[Path, Row]], turns: int
) -> tuple[Row, list[str]]:
    """Return the pick's row, and a line for each peer's file that is better in everything.

    A pick that was retrained need not agree with the model it began with. That it agrees with the
    retrained one, and its drop, the search has measured; here it is scored and timed.

    Args:
        pick: What the search recommends.
        exam: Of the model; the limits are those of the pick's precision.
        peers: Name -> file and row of each peer that is right.
        turns: How often each is timed, one after the other.
    """
    files = {OURS: pick.path, **{name: path for name, (path, _) in peers.items()}}
    seen = examine(files, RUNTIME, replace(exam, precision=pick.variant.precision), turns)
    if pick.variant.optimizations and seen[OURS].value is not None:
        seen[OURS] = replace(seen[OURS], problem="")
    ours = Row(
        model=pick.found.recipe,
        precision=pick.variant.precision,
        way=f"{OURS} optimize: {pick.variant}",
        size_bytes=pick.path.stat().st_size,
        compressed_bytes=compressed_bytes(pick.path),
        seen={RUNTIME: seen[OURS]},
    )
    if not ours.is_right:
        return ours, [f"{ours.model}, {ours.way}: not right. {seen[OURS].problem}"]
    rows = [replace(row, seen={RUNTIME: seen[name]}) for name, (_, row) in peers.items()]
    better = [row for row in rows if is_better(row, ours, exam.recipe.metric)]
    return ours, [
        f"{ours.model}, {ours.way}: {row.way}, {row.precision}, is better in everything"
        for row in better
    ]


def is_better(peer: Row, ours: Row, metric: Metric) -> bool:
    """Whether a file is no worse in compressed size, latency and score, and better in one."""
    theirs, mine = peer.seen[RUNTIME], ours.seen[RUNTIME]
    if theirs.value is None or mine.value is None or not theirs.latencies_ms:
        return False
    slower = ratio_by_turns(mine.latencies_ms, theirs.latencies_ms)
    gain = metric.drop(theirs.value, mine.value)
    fewer = ours.compressed_bytes - peer.compressed_bytes
    no_worse = fewer >= 0 and gain >= 0 and slower >= 1 / same_latency(mine)
    return no_worse and (fewer > 0 or gain > 0 or slower > same_latency(mine))
