"""A recipe as what is searched: a build makes and measures its files."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from edgekit.building.pipeline import measured_only
from edgekit.building.plan import Plan, make_plan
from edgekit.core import registry
from edgekit.core.errors import EdgekitError
from edgekit.core.records import Json, to_json
from edgekit.core.report import Row
from edgekit.core.types import Progress, Size, silent
from edgekit.core.variant import Variant
from edgekit.reporting import wording
from edgekit.running.place import Place
from edgekit.search.candidate import Candidate, Limits, Reference
from edgekit.search.space import Way, usual, ways_for
from edgekit.search.trying import EARLY


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

    @property
    def name(self) -> str:
        """The recipe's."""
        return registry.name_of("recipes", self.recipe)

    @cached_property
    def _planned(self) -> Plan:
        """The plan of the recipe's own variants, which reads the code of all that they run."""
        return self.plan()

    @property
    def folder(self) -> Path:
        """The run folder of the search."""
        return self._planned.folder

    @property
    def place(self) -> Place:
        """Where files are measured."""
        (place,) = self._planned.places.values()
        return place

    @property
    def identity(self) -> Json:
        """All that decides what a variant comes to."""
        plan = self._planned
        return to_json(
            {
                **plan.base,
                "code": {name: code.sums for name, code in plan.code.items()},
                "request": replace(self, out=Path()),
            }
        )

    def ways(self) -> list[Way]:
        """Return the ways to make files of the recipe for the target."""
        target = registry.get("targets", self.target)
        return ways_for(self._planned.recipe, target.precisions, target.weight_bits)

    def usual(self, ways: list[Way]) -> Sequence[Variant]:
        """Return the recipe's own variants, those that only convert first."""
        return usual(self._planned.recipe, ways)

    def starts_early(self, variant: Variant, known: Mapping[str, Candidate]) -> bool:
        """Whether a variant is retrained for some epochs first: not if it was, or has no more."""
        if not variant.optimizations:
            return False
        if any(
            Variant.parse(name).optimization == variant.optimization and each.effort == 1
            for name, each in known.items()
        ):
            return False
        epochs = self._planned.recipe.fine_tuning.epochs[self.size]
        return epochs * EARLY >= 1

    def measured(
        self, variant: Variant, *, effort: float = 1.0, progress: Progress = silent
    ) -> Candidate:
        """Make a file and measure it; what cannot be made or run is a candidate with a reason."""
        start = time.monotonic()
        try:
            _, (row, *_) = measured_only(self.plan(variant, effort=effort), progress)
        except EdgekitError as error:
            spent = time.monotonic() - start
            reason = " ".join(str(error).split())
            return Candidate(variant=str(variant), effort=effort, reason=reason, seconds=spent)
        return candidate_of(row, effort=effort, seconds=time.monotonic() - start)

    def timed_again(self, candidate: Candidate) -> Candidate:
        """Return a candidate with its latency measured anew."""
        _, (row, *_) = measured_only(self.plan(Variant.parse(candidate.variant)))
        return candidate_of(row, effort=candidate.effort, seconds=candidate.seconds)

    def delivered(self, variant: Variant) -> tuple[Path | None, str]:
        """Return where the file of a variant is; None where it is several."""
        path = self.folder / str(variant) / "model.tflite"
        return (path if path.is_file() else None), ""

    def command(self, variant: Variant) -> str:
        """Return the command that builds exactly this one, in the folder of builds."""
        return replace(self, out=Path("runs")).plan(variant).command

    def remark(self, best: Candidate) -> str:
        """Say so where the user allows more than the recipe does, to which a build holds it."""
        if best.drop is None or best.drop_limit is None or best.drop <= best.drop_limit:
            return ""
        limit = wording.amount_text(self._planned.recipe.metric, best.drop_limit)
        return f"The recipe itself allows {limit}: a build will call it out of limits."


def trained_reference(request: Request, precision: Variant) -> Reference:
    """Train the recipe, and return what its files are compared with; others begin with it."""
    plan = request.plan(precision)
    trained, _ = measured_only(plan)
    notes = list(plan.notes)
    if plan.recipe.loss is None:
        notes.append("The recipe has no loss to retrain with, so it was converted only.")
    return Reference(metric=plan.recipe.metric, value=trained.value, notes=tuple(notes))


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
        drop_interval=row.drop_interval,
        examples=row.examples,
        size_bytes=row.size_bytes,
        compressed_bytes=row.compressed_bytes,
        latency_ms=row.latency_ms_median,
        is_sound=is_sound,
        reason="" if is_sound else row.reason,
        seconds=seconds,
    )
