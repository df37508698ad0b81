"""The search itself: Optuna proposes, a build measures; a journal file keeps all that is known.

The journal stands in the run folder. Several processes share it, a search that was stopped goes on,
and one of the same request begins with what is there.

Source: Akiba, Sano, Yanase, Ohta, Koyama, Optuna, 2019, https://arxiv.org/abs/1907.10902; Ozaki et
al., Multiobjective tree-structured Parzen estimator, 2022, https://doi.org/10.1613/jair.1.13188.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from edgekit.core.child_process import report_progress
from edgekit.core.records import from_json, to_json
from edgekit.core.types import Progress, silent
from edgekit.core.variant import Variant
from edgekit.search.candidate import Candidate
from edgekit.search.own_model.source import OwnModel
from edgekit.search.recipe_source import Request
from edgekit.search.space import COMBINED, every, parameters, suggested
from edgekit.search.trying import Measure, Source, tried

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial, Trial

JOURNAL = "search.journal"
"""File in the run folder: one line for each thing that became known."""

_ALONE = threading.Lock()

_CANDIDATE, _VARIANT = "candidate", "variant"
"""Attributes of a trial: what came of it, and what it tries."""


def begin(source: Source) -> None:
    """Open or go on with a study; what is usual comes first, then `COMBINED`.

    What another process was at when it ended is tried again.
    """
    from optuna.trial import TrialState

    study = opened(source)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    ways = source.ways()
    known = candidates_of(study)
    for variant in (*source.usual(ways), Variant.parse(COMBINED)):
        asked = parameters(variant, ways)
        if asked and str(variant) not in known:
            study.enqueue_trial(asked)


def work(source: Request | OwnModel, deadline: float, progress: Progress = report_progress) -> None:
    """Try one variant after another until the time is up or all are tried.

    Args:
        source: What is searched.
        deadline: See `asked`.
        progress: Told how far it is; the parent's, in a child.
    """
    study = opened(source)
    for trial, variant in asked(study, source, deadline):
        settle(study, source, trial, variant, progress=progress)


def asked(
    study: Study, source: Request | OwnModel, deadline: float
) -> Iterator[tuple[Trial, Variant]]:
    """Give trials that are begun, each of a variant that nobody tries; `settle` each of them.

    Args:
        study: Of the source; other processes may share its journal.
        source: What is searched.
        deadline: Of `time.time()`, after which none is begun; but one variant is tried.
    """
    from optuna.trial import TrialState

    ways = source.ways()
    left = {str(variant): variant for variant in every(ways)}
    while time.time() < deadline or not candidates_of(study):  # or it would have found nothing
        known = candidates_of(study)
        for name in [*known, *_under_way(study).values(), *_cannot_be_made(left, known.values())]:
            left.pop(name, None)
        if not left:
            return
        trial = study.ask()
        variant = suggested(trial, ways)
        if str(variant) not in left:  # proposed again: the next one is one that nobody tried
            study.tell(trial, state=TrialState.FAIL)
            study.enqueue_trial(parameters(next(iter(left.values())), ways))
            continue
        trial.set_user_attr(_VARIANT, str(variant))
        if _is_taken(study, trial.number, str(variant)):
            study.tell(trial, state=TrialState.FAIL)
            continue
        yield trial, variant


def settle(
    study: Study,
    source: Request | OwnModel,
    trial: Trial,
    variant: Variant,
    measure: Measure | None = None,
    progress: Progress = silent,
) -> None:
    """Try the variant of a trial, and keep what came of it.

    Args:
        study: Of the trial.
        source: What is searched.
        trial: Of `asked`.
        variant: Of the trial.
        measure: Makes a file and measures it; the source itself, in this process, if None.
        progress: Told how far it is.
    """
    from optuna.trial import TrialState

    found = tried(
        source,
        variant,
        lambda: candidates_of(study),
        lambda fraction, doing: progress(fraction, f"{variant}: {doing}"),
        measure,
    )
    trial.set_user_attr(_CANDIDATE, to_json(found))
    if found.is_sound:
        study.tell(trial, found.costs)
    else:
        study.tell(trial, state=TrialState.FAIL)


def _cannot_be_made(left: Mapping[str, Variant], known: Iterable[Candidate]) -> list[str]:
    """Return those left that begin with an optimization which failed twice, and never did not.

    It is the model then that it does not go with, whatever its options and what follows it.
    """
    failed, made = Counter[str](), set[str]()
    for each in known:
        first = "".join(Variant.parse(each.variant).optimizations[:1])
        if each.size_bytes is None:
            failed[first] += 1
        else:
            made.add(first)
    hopeless = {first for first, times in failed.items() if first and times > 1} - made
    return [name for name, each in left.items() if hopeless.intersection(each.optimizations[:1])]


def candidates_of(study: Study) -> dict[str, Candidate]:
    """Return variant -> what came of it, of all that were tried."""
    found = (_candidate(trial) for trial in study.get_trials(deepcopy=False))
    return {each.variant: each for each in found if each}


def opened(source: Source) -> Study:
    """Return the study of a source, from its journal."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    def violations(trial: FrozenTrial) -> tuple[float]:
        found = _candidate(trial)
        return (1.0 if found is None or found.broken(source.limits) else 0.0,)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder = source.folder
    folder.mkdir(parents=True, exist_ok=True)
    with _ALONE, warnings.catch_warnings():  # whose filters all threads share
        warnings.simplefilter("ignore")  # Optuna calls some of what is used here experimental
        return optuna.create_study(
            study_name=_name(source),
            storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
            directions=["minimize"] * 3,
            sampler=optuna.samplers.TPESampler(
                multivariate=True, group=True, constraints_func=violations
            ),
            load_if_exists=True,
        )


def _name(source: Source) -> str:
    """Return a name that changes with all that decides what a variant comes to."""
    text = json.dumps(source.identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _candidate(trial: FrozenTrial) -> Candidate | None:
    value = trial.user_attrs.get(_CANDIDATE)
    if value is None:
        return None
    return from_json(Candidate, value, what="the journal of the search", remedy=f"delete {JOURNAL}")


def _under_way(study: Study) -> dict[int, str]:
    """Return the number of each trial that is running -> its variant."""
    from optuna.trial import TrialState

    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return {
        trial.number: trial.user_attrs[_VARIANT]
        for trial in running
        if _VARIANT in trial.user_attrs
    }


def _is_taken(study: Study, number: int, variant: str) -> bool:
    """Whether another process has a variant, or had it.

    Both have said what they try before they ask, so that of two at once one sees the other. Where
    both do, both leave it, and it comes again.
    """
    others = [name for other, name in _under_way(study).items() if other != number]
    return variant in others or variant in candidates_of(study)
