"""A search on a cluster: variants are made and measured there, one task each.

The study, its journal and the run folder stay here.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from edgekit.building.pipeline import made_only
from edgekit.building.plan import begin
from edgekit.core.errors import EdgekitError, Unavailable
from edgekit.core.types import Progress, silent
from edgekit.core.variant import Variant
from edgekit.running.place import Place
from edgekit.search.candidate import Candidate, Reference
from edgekit.search.own_model.source import OwnModel
from edgekit.search.recipe_source import Request, trained_reference
from edgekit.search.study import JOURNAL
from edgekit.tasks.choice import crew_of
from edgekit.tasks.crew import Crew, Needs, board_of
from edgekit.tasks.recipe_tasks import absolute, needs_of

MEMORY_BYTES = 2_000_000_000
"""Of one process with TensorFlow and a recipe's data; a claim, not a limit."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """What is searched by a crew.

    Attributes:
        source: As it is here.
        crew: Does the work.
    """

    source: Request | OwnModel
    crew: Crew

    @cached_property
    def needs(self) -> Needs:
        """What a trial needs."""
        if isinstance(self.source, Request):
            plan = self.source.plan()
            return needs_of(plan, cpus=1, memory_bytes=MEMORY_BYTES, leaves=(JOURNAL,))
        return _needs_of_model(self.source)

    def slots(self) -> int:
        """Return how many variants can be tried at once now."""
        return self.crew.slots(self._without_boards)

    def reference(self, source: Request, precision: Variant, progress: Progress) -> Reference:
        """Train a recipe; see `trained_reference`."""
        begin(source.plan(precision))  # a run folder's plan names paths of this machine
        return self.crew.call(self.needs, progress, _reference, _recipe_there(source), precision)

    def measured(
        self, variant: Variant, *, effort: float = 1.0, progress: Progress = silent
    ) -> Candidate:
        """Make a file and measure it, as the source does."""
        if self.needs.boards:  # which are held to measure, and not while a model is trained
            self.crew.call(self._without_boards, progress, _made, self._there, variant, effort)
        return self.crew.call(self.needs, progress, _measured, self._there, variant, effort)

    def timed_again(self, candidate: Candidate) -> Candidate:
        """Return a candidate with its latency measured anew."""
        return self.crew.call(self.needs, silent, _timed_again, self._there, candidate)

    @cached_property
    def _without_boards(self) -> Needs:
        return replace(self.needs, boards=())

    @cached_property
    def _there(self) -> Request | OwnModel:
        """The source with whole paths, as a crew takes it."""
        source = self.source
        return _recipe_there(source) if isinstance(source, Request) else _model_there(source)


@contextlib.contextmanager
def joined(cluster: str, place: Place) -> Iterator[Crew | None]:
    """Give the crew of a cluster, at an address, that can measure at a place; None without one.

    Raises:
        BadInput: It is no address.
        Unavailable: There is no such cluster, or no node that could do it.
    """
    if not cluster:
        yield None
        return
    with crew_of(1, cluster) as crew:
        crew.require(_needs_at(place, Path()))  # or a sentence, before any work
        yield crew


def _recipe_there(source: Request) -> Request:
    return replace(
        source,
        recipe=absolute("recipes", source.recipe),
        target=absolute("targets", source.target),
        out=source.out.absolute(),
        data=source.data and source.data.absolute(),
        weights=source.weights and source.weights.absolute(),
    )


def _model_there(source: OwnModel) -> OwnModel:
    facts, options = source.facts, source.options
    return replace(
        source,
        model=source.model.absolute(),
        target=absolute("targets", source.target),
        folder=source.folder.absolute(),
        options=replace(options, custom=options.custom and options.custom.absolute()),
        facts=replace(
            facts,
            calibration=facts.calibration and facts.calibration.absolute(),
            evaluation=facts.evaluation and facts.evaluation.absolute(),
        ),
    )


def _needs_of_model(source: OwnModel) -> Needs:
    files = [source.model, source.facts.calibration, source.facts.evaluation, source.options.custom]
    if absolute("targets", source.target) != source.target:
        files.append(Path(source.target))
    return replace(
        _needs_at(source.place, source.folder),
        reads=tuple(file for file in files if file and not file.is_relative_to(source.folder)),
        leaves=(JOURNAL,),
    )


def _needs_at(place: Place, folder: Path) -> Needs:
    """Return what measuring at a place needs, whatever is measured."""
    board = board_of(place.device)
    return Needs(folder=folder, memory_bytes=MEMORY_BYTES, boards=(board,) if board else ())


def _reference(source: Request, precision: Variant) -> Reference:
    _refuse_without_runtime(source)
    return trained_reference(source, precision)


def _made(source: Request | OwnModel, variant: Variant, effort: float) -> None:
    """Do all of a trial that takes no board; what fails is found, and told, by the rest of it."""
    if isinstance(source, Request):  # a model is converted and verified in one
        with contextlib.suppress(EdgekitError):
            made_only(source.plan(variant, effort=effort))


def _measured(source: Request | OwnModel, variant: Variant, effort: float) -> Candidate:
    _refuse_without_runtime(source)
    return source.measured(variant, effort=effort)


def _timed_again(source: Request | OwnModel, candidate: Candidate) -> Candidate:
    _refuse_without_runtime(source)
    return source.timed_again(candidate)


def _refuse_without_runtime(source: Request | OwnModel) -> None:
    """Refuse a node that could run no file: no variant is to blame for that."""
    if reason := source.place.missing():
        raise Unavailable(f"The node {platform.node()} cannot measure: {reason}")
