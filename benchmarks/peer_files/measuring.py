"""Run files on a runtime: their answers, the recipe's score, and latencies taken in turns."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from peer_files.rows import OURS, Seen

from edgekit.building.measuring.limits import drop_limit
from edgekit.core.errors import EdgekitError
from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Array, Batch
from edgekit.core.variant import Precision, Variant
from edgekit.running.judgement import judge
from edgekit.running.session import Session, open_session
from edgekit.tflite.reader import ports, read

BURST_MS = 5.0
FEWEST = 2
"""Invocations of a burst, however long one takes. Bursts are short, so that what else the machine
does meets all files of a turn alike."""

_AGAIN = "again"


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What files of a model are asked.

    Attributes:
        recipe: Scores them.
        test: All its test examples.
        vectors: Inputs, and what Keras answers; see `edgekit.source_model.golden_vectors`.
        value: What the Keras model scores.
        precision: Of the files; decides their limits.
    """

    recipe: Recipe
    test: Dataset
    vectors: tuple[Batch, Batch]
    value: float
    precision: Precision


class Renamed:
    """A file with one input and one output, called by the names of the recipe.

    Peers number their outputs, or call them after a layer.
    """

    def __init__(self, path: Path, session: Session, recipe: Recipe) -> None:
        (given,), (answer,) = ports(read(path))
        (wanted,), (told,) = recipe.signature.inputs, recipe.signature.outputs
        self._given, self._answer = given.name, answer.name
        self._wanted, self._told = wanted.name, told.name
        self.session = session
        self.steps = dict(zip([told.name], session.steps.values(), strict=False))

    def __call__(self, batch: Batch) -> dict[str, Array]:
        """Run any number of examples."""
        return {self._told: self.session(self.given(batch))[self._answer]}

    def given(self, batch: Batch) -> dict[str, Array]:
        """Return a batch under the file's own name of its input."""
        return {self._given: batch[self._wanted]}


def examine(files: Mapping[str, Path], runtime: str, exam: Exam, turns: int) -> dict[str, Seen]:
    """Judge, score and time files that answer the same question.

    Args:
        files: Way -> file.
        runtime: Name of a runtime.
        exam: What they are asked.
        turns: How often each is timed, one after the other, on one thread.
    """
    with ExitStack() as stack:
        seen: dict[str, Seen] = {}
        runs: dict[str, Renamed] = {}
        for way, path in files.items():
            try:
                session = stack.enter_context(open_session(path, runtime=runtime))
                run = Renamed(path, session, exam.recipe)
                seen[way] = judged(run, exam)
                runs[way] = run
            except EdgekitError as error:
                seen[way] = Seen(problem=f"does not run: {error}")
        if OURS in runs:
            again = stack.enter_context(open_session(files[OURS], runtime=runtime))
            runs[_AGAIN] = Renamed(files[OURS], again, exam.recipe)
        latencies = timed(runs, exam, turns)
        twice = {OURS: tuple(latencies.pop(_AGAIN, ()))}
        for way, values in latencies.items():
            seen[way] = replace(seen[way], latencies_ms=tuple(values), again_ms=twice.get(way, ()))
        return seen


def judged(run: Renamed, exam: Exam) -> Seen:
    """Say whether answers and score are within edgekit's own limits."""
    inputs, expected = exam.vectors
    found = judge(expected, run(inputs), precision=exam.precision, steps=run.steps)
    value = float(exam.recipe.score(run, exam.test))
    metric = exam.recipe.metric
    drop = metric.drop(exam.value, value)
    limit = drop_limit(
        exam.recipe,
        Variant(precision=exam.precision),
        examples=len(exam.test),
        reference=exam.value,
    )
    problem = found.problem
    if not problem and drop > limit:
        problem = (
            f"{metric.name} {metric.worsening}s by {drop:.3g} {metric.unit}, allowed are {limit:g}."
        )
    return Seen(value=value, problem=problem)


def timed(runs: Mapping[str, Renamed], exam: Exam, turns: int) -> dict[str, list[float]]:
    """Time single invocations in turns: way -> the median of each turn's burst, in ms."""
    first = {name: array[:1] for name, array in exam.vectors[0].items()}
    medians: dict[str, list[float]] = {way: [] for way in runs}
    for turn in range(turns + 1):  # the first warms up and tells how many make a burst
        for way in list(runs) if turn % 2 else reversed(list(runs)):
            known = medians[way]
            count = max(FEWEST, int(BURST_MS / known[-1])) if known else FEWEST
            run = runs[way]
            timing = run.session.time(run.given(first), runs=count, warmup=1)
            known.append(timing.median_ms)
    return {way: values[1:] for way, values in medians.items()}
