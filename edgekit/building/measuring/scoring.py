"""Score one variant on one place: agreement with the reference, the recipe's metric, the limits."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from edgekit.building.measuring.intervals import right_answers
from edgekit.building.parts import MODEL, details_of, examples, parts_of, remembering
from edgekit.core.recipe import Recipe
from edgekit.core.report import Tally
from edgekit.core.types import Batch, Run, Size
from edgekit.core.variant import Precision
from edgekit.intake.scores import share_half_width
from edgekit.running.agreement import Agreement, compare, worst
from edgekit.running.judgement import Judgement, OutputJudgement, arithmetic, judge
from edgekit.running.place import Place
from edgekit.running.session import Session, open_session
from edgekit.showing.tally import recalls, tally_of
from edgekit.source_model.golden_vectors import Vectors

GOLDEN_ON_SLOW_PLACES = 20
"""Golden vectors that are compared where a board is emulated or a GPU computed in software."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What running a variant on a place gave.

    Attributes:
        value: The recipe's metric on `examples` test examples.
        agreement: With the reference, of the part that is farthest from it.
        judgement: Of every output of every part, called `part/output` where there are several.
        same_tokens_percent: Share of the reference's output tokens that are the same; None where
            the model writes none.
        adapter: What an accelerator ran on; "" on a CPU.
        details: The recipe's further figures on the same examples.
        tally: How they were answered; None if that cannot be counted.
        arena_bytes: See `edgekit.core.report.Row`.
        right: Which examples are answered right; see `edgekit.building.measuring.intervals`.
    """

    value: float
    examples: int
    agreement: Agreement
    judgement: Judgement
    same_tokens_percent: float | None
    adapter: str
    details: Mapping[str, float] = field(default_factory=dict)
    tally: Tally | None = None
    arena_bytes: int | None = None
    right: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a variant on a place: a measurement, or why there is none.

    Attributes:
        ok: False if it should have run and did not; None if nothing is wrong with that.
        operators: See `edgekit.core.report.Row`.
        operators_mapped: The same.
    """

    status: Literal["measured", "predicted", "not run"]
    measurement: Measurement | None = None
    reason: str = ""
    ok: bool | None = None
    operators: int | None = None
    operators_mapped: int | None = None


def measure(
    files: Mapping[str, Path],
    place: Place,
    *,
    precision: Precision,
    vectors: Vectors,
    recipe: Recipe,
    size: Size,
) -> Measurement:
    """Run one variant on one place: golden vectors, then the recipe's score on test data.

    Args:
        files: Part name -> `.tflite` file.
        place: Where.
        precision: Of the files; decides the limits their outputs are judged by.
        vectors: Part name -> golden vectors of it; `model` is always the whole.
        recipe: Drives and scores the parts.
        size: Of the test data.

    Raises:
        Unavailable: The place is not there.
        WorkerFailed: A file does not run there.
    """
    with ExitStack() as stack:
        sessions = {
            part: stack.enter_context(
                open_session(path, runtime=place.runtime, device=place.device)
            )
            for part, path in files.items()
        }
        adapter = next(iter(sessions.values())).info.get("adapter", "")
        slow = not place.times_mean_something(adapter)
        compared = _head(vectors, GOLDEN_ON_SLOW_PLACES) if slow else vectors
        agreement, judgement = _compared(sessions, compared, arithmetic(precision, adapter))
        run = remembering(parts_of(recipe).drive(sessions))
        test = examples(recipe, size, emulated=slow)
        tally = tally_of(recipe, run, test)
        same = _same_tokens(run, vectors[MODEL], recipe, emulated=slow)
        return Measurement(
            value=recipe.score(run, test),
            examples=len(test),
            agreement=agreement,
            judgement=judgement,
            same_tokens_percent=same,
            adapter=adapter,
            details=details_of(recipe, run, test) or recalls(tally),
            tally=tally,
            arena_bytes=sum(session.arena_bytes for session in sessions.values()) or None,
            right=right_answers(recipe, run, test),
        )


def about_data(recipe: Recipe, size: Size, value: float) -> tuple[str, ...]:
    """Return what there is to say of a user's own data, and of a score on few of them."""
    if not recipe.about_data or not recipe.metric.is_share:
        return recipe.about_data
    count = len(recipe.data("test", size))
    half_width = 100 * share_half_width(value / 100, count)
    return (
        *recipe.about_data,
        f"The accuracy of {value:.1f} % is of {count:,} test examples: on others of the same kind "
        f"it may be {half_width:.1f} points lower or higher (95 % confidence), and one example is "
        f"{100 / count:.1f} points.",
    )


def _head(vectors: Vectors, count: int) -> Vectors:
    """Return the first golden vectors of every part."""
    return {
        part: (_first(given, count), _first(kept, count)) for part, (given, kept) in vectors.items()
    }


def _first(batch: Batch, count: int) -> Batch:
    return {name: array[:count] for name, array in batch.items()}


def _compared(
    sessions: Mapping[str, Session], vectors: Vectors, precision: str
) -> tuple[Agreement, Judgement]:
    """Run every part's golden vectors; return the agreement of the worst part, and all outputs."""
    agreements: list[Agreement] = []
    outputs: list[OutputJudgement] = []
    for part, session in sessions.items():
        inputs, expected = vectors[part]
        answers = session(inputs)
        agreements.append(compare(expected, answers))
        judged = judge(expected, answers, precision=precision, steps=session.steps)
        prefix = "" if part == MODEL else f"{part}/"
        outputs += [replace(each, output=prefix + each.output) for each in judged.outputs]
    return worst(agreements), Judgement(outputs=tuple(outputs))


def _same_tokens(
    run: Run, vectors: tuple[Batch, Batch], recipe: Recipe, *, emulated: bool
) -> float | None:
    """Return the share of the reference's tokens that a driven model answers too, in percent.

    Tokens are the integer outputs of a recipe of several parts, zeros (padding) left out.
    """
    tokens = [tensor.name for tensor in recipe.signature.outputs if tensor.dtype == "int32"]
    if recipe.parts is None or not tokens:
        return None
    count = recipe.num_emulated if emulated else len(vectors[1][tokens[0]])
    answer = run(_first(vectors[0], count))
    expected = np.concatenate([vectors[1][name][:count].ravel() for name in tokens])
    found = np.concatenate([answer[name].ravel() for name in tokens])
    return 100 * float(np.mean((found == expected)[expected != 0]))
