"""Try one way to make a file: make it, and measure it on the target; give up what is hopeless."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from edgekit.core.records import Json
from edgekit.core.types import Progress, silent
from edgekit.core.variant import Variant
from edgekit.running.place import Place
from edgekit.search.candidate import Candidate, Limits, is_hopeless
from edgekit.search.space import Way

EARLY = 0.25
"""Share of the retraining after which hopeless variants are given up."""


class Measure(Protocol):
    """Makes a file and measures it, as `Source.measured` does, wherever that is."""

    def __call__(
        self, variant: Variant, *, effort: float = 1.0, progress: Progress = silent
    ) -> Candidate:
        """See `Source.measured`."""


class Source(Protocol):
    """What files are made of: a recipe, or a model that is there; crosses into child processes."""

    @property
    def name(self) -> str:
        """The recipe's or the model's."""

    @property
    def limits(self) -> Limits:
        """Of the user."""

    @property
    def folder(self) -> Path:
        """The run folder of the search."""

    @property
    def place(self) -> Place:
        """Where files are measured."""

    @property
    def identity(self) -> Json:
        """All that decides what a variant comes to."""

    def ways(self) -> list[Way]:
        """Return the ways to make files of it for the target."""

    def usual(self, ways: list[Way]) -> Sequence[Variant]:
        """Return what is tried first."""

    def starts_early(self, variant: Variant, known: Mapping[str, Candidate]) -> bool:
        """Whether a variant is retrained for `EARLY` of its epochs first."""

    def measured(
        self, variant: Variant, *, effort: float = 1.0, progress: Progress = silent
    ) -> Candidate:
        """Make a file and measure it; what cannot be made or run is a candidate with a reason."""

    def timed_again(self, candidate: Candidate) -> Candidate:
        """Return a candidate with its latency measured anew."""

    def delivered(self, variant: Variant) -> tuple[Path | None, str]:
        """Return where the file of a variant is, if it is one, and what to say of it."""

    def command(self, variant: Variant) -> str:
        """Return the command that makes exactly this file."""

    def remark(self, best: Candidate) -> str:
        """Return what else has to be said of what is recommended, as sentences; "" for nothing."""


def tried(
    source: Source,
    variant: Variant,
    known: Callable[[], Mapping[str, Candidate]],
    progress: Progress = silent,
    measure: Measure | None = None,
) -> Candidate:
    """Return what came of a variant; one that looks hopeless early is given up.

    Args:
        source: What is searched.
        variant: To be tried.
        known: All that were tried so far, here and by other processes.
        progress: Told how far it is.
        measure: Makes a file and measures it; the source itself if None.
    """
    measure = measure or source.measured
    if source.starts_early(variant, known()):
        early = measure(variant, effort=EARLY, progress=progress)
        if is_hopeless(early, list(known().values()), source.limits):
            return early
    return measure(variant, progress=progress)
