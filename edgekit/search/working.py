"""Who tries variants: worker processes of this machine, or a cluster; the study is always here."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from edgekit.core.child_process import Child
from edgekit.core.parallel import at_once
from edgekit.core.types import Progress
from edgekit.search import study
from edgekit.search.candidate import Candidate, front_of
from edgekit.search.elsewhere import Elsewhere
from edgekit.search.own_model.source import OwnModel
from edgekit.search.recipe_source import Request


def search(
    source: Request | OwnModel,
    minutes: float,
    workers: int,
    away: Elsewhere | None,
    progress: Progress,
) -> None:
    """Try variants of a study that is begun, until the time is up.

    Args:
        source: What is searched.
        minutes: Until nothing more is begun.
        workers: Processes of this machine.
        away: A cluster in their place; None for none.
        progress: Told how far the search is.
    """
    start = time.time()
    deadline = start + 60 * minutes

    def tell(_fraction: float, doing: str) -> None:
        progress(min(1.0, (time.time() - start) / (60 * minutes)), doing)

    if away:
        shared = study.opened(source)
        settle = partial(study.settle, shared, source, measure=away.measured, progress=tell)
        begun = study.asked(shared, source, deadline)
        at_once(lambda each: settle(*each), begun, away.slots)
        return
    child = Child(progress=tell, timeout_s=60 * minutes + 4 * 3600)
    at_once(lambda _: child.call(study.work, source, deadline), range(workers), lambda: workers)


def timed_alone(
    source: Request | OwnModel, away: Elsewhere | None, known: list[Candidate]
) -> dict[str, Candidate]:
    """Time the front again, one file after another: what was timed beside others is slower."""
    front = front_of(known, replace(source.limits, max_latency_ms=None))
    return {each.variant: (away or source).timed_again(each) for each in front}
