"""Try one way to make a file of a recipe: make it, and measure it on the target."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgekit.building.pipeline import measured_only
from edgekit.building.plan import Plan, make_plan
from edgekit.core.errors import EdgekitError
from edgekit.core.report import Row
from edgekit.core.types import Progress, Size, silent
from edgekit.core.variant import Variant
from edgekit.search.candidate import Candidate, Limits, is_hopeless

EARLY = 0.25
"""Share of the retraining after which hopeless variants are given up."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is searched; small enough to cross into a child process.

    Attributes:
        recipe: Its name, or the path of its file.
        target: Its name, or the path of its file.
        out: Folder in which the run folder of the search is.
        limits: Of the user.
        data: Of the user's own; None for the recipe's.
        weights: That training begins with; None for new ones.
    """

    recipe: str
    target: str
    size: Size
    seed: int
    out: Path
    limits: Limits
    data: Path | None = None
    weights: Path | None = None

    def plan(self, *variants: Variant, effort: float = 1.0) -> Plan:
        """Return the plan of a build of some variants for the target."""
        return make_plan(
            self.recipe,
            self.out,
            size=self.size,
            seed=self.seed,
            variants=[str(variant) for variant in variants],
            targets=[self.target],
            board="",
            data=self.data,
            weights=self.weights,
            effort=effort,
        )


def tried(
    request: Request,
    variant: Variant,
    known: Callable[[], Mapping[str, Candidate]],
    progress: Progress = silent,
) -> Candidate:
    """Return what came of a variant; one that looks hopeless early is given up.

    Args:
        request: What is searched.
        variant: To be tried.
        known: All that were tried so far, here and by other processes.
        progress: Told how far it is.
    """
    if _starts_early(request, variant, known()):
        early = measured(request, variant, effort=EARLY, progress=progress)
        if is_hopeless(early, list(known().values()), request.limits):
            return early
    return measured(request, variant, progress=progress)


def _starts_early(request: Request, variant: Variant, known: Mapping[str, Candidate]) -> bool:
    """Whether a variant is retrained for some epochs first: not if it was, or has no more."""
    if not variant.optimizations:
        return False
    if any(
        Variant.parse(name).optimization == variant.optimization and each.effort == 1
        for name, each in known.items()
    ):
        return False
    epochs = request.plan(variant).recipe.fine_tuning.epochs[request.size]
    return epochs * EARLY >= 1


def measured(
    request: Request, variant: Variant, *, effort: float = 1.0, progress: Progress = silent
) -> Candidate:
    """Make a file and measure it; what cannot be made or run is a candidate with a reason."""
    start = time.monotonic()
    try:
        _, (row, *_) = measured_only(request.plan(variant, effort=effort), progress)
    except EdgekitError as error:
        spent = time.monotonic() - start
        return Candidate(
            variant=str(variant), effort=effort, reason=" ".join(str(error).split()), seconds=spent
        )
    return candidate_of(row, effort=effort, seconds=time.monotonic() - start)


def candidate_of(row: Row, *, effort: float, seconds: float) -> Candidate:
    """Return a row of a build as a candidate."""
    drop, limit = row.drop, row.drop_limit
    # A row is out of limits for its drop, which is judged anew, or for an output that is broken.
    is_only_worse = drop is not None and limit is not None and drop > limit
    is_sound = row.status == "measured" and (row.ok is True or is_only_worse)
    return Candidate(
        variant=row.variant,
        effort=effort,
        value=row.value,
        drop=drop,
        drop_limit=limit,
        size_bytes=row.size_bytes,
        compressed_bytes=row.compressed_bytes,
        latency_ms=row.latency_ms_median,
        is_sound=is_sound,
        reason="" if is_sound else row.reason,
        seconds=seconds,
    )
