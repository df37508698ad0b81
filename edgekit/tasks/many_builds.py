"""Build several recipes, each as a task of its own: here, several at once, or on a cluster."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.building.pipeline import build_plan, made_only
from edgekit.building.plan import begin
from edgekit.building.run_folder import forget
from edgekit.core import registry
from edgekit.core.child_process import report_progress
from edgekit.core.errors import BadInput, EdgekitError
from edgekit.core.parallel import at_once, part
from edgekit.core.recipe import Metric
from edgekit.core.report import Report
from edgekit.core.types import AnyPath, Progress, Size, several, silent
from edgekit.tasks.choice import crew_of
from edgekit.tasks.crew import Crew, Needs
from edgekit.tasks.recipe_tasks import Order, needs_of

CPUS = 2
"""A build converts, and scores, two files at once."""

MEMORY_BYTES = 4_000_000_000
"""Two processes with TensorFlow and a recipe's data; a claim, not a limit."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """What came of one of several builds.

    Attributes:
        recipe: Its name.
        ok: Whether all is within limits, and better than the baseline; None if it was refused.
        reason: Why not, in a sentence; "" if it is.
        folder: The run folder, with the report.
        metric: Of the recipe; None if it was refused.
        reference: What the Keras model scores.
        good: How many files of variants on places are within limits.
        measured: Of how many.
        seconds: That it took.
    """

    recipe: str
    ok: bool | None
    reason: str
    folder: Path
    metric: Metric | None = None
    reference: float | None = None
    good: int = 0
    measured: int = 0
    seconds: float = 0.0


def build_many(
    recipes: Sequence[AnyPath],
    *,
    workers: int = 1,
    cluster: str = "",
    size: Size = "tiny",
    variants: str | Sequence[str] = (),
    targets: str | Sequence[str] = (),
    out: AnyPath = Path("runs"),
    seed: int = 0,
    board: str = "",
    data: AnyPath | None = None,
    weights: AnyPath | None = None,
    progress: Progress = silent,
) -> list[Built]:
    """Build several recipes, and return what came of each; one that fails stops no other.

    Args:
        recipes: Names, or paths of recipe files.
        workers: Builds that run at once on this machine, 1..64.
        cluster: Head of a Ray cluster whose nodes build instead, `HOST:PORT`; this machine has to
            be one of them.
        size: As of `build`, like all that follows.
        variants: As of `build`.
        targets: As of `build`.
        out: The run folders are `out/<recipe>`, on this machine.
        seed: As of `build`.
        board: As of `build`.
        data: As of `build`.
        weights: As of `build`.
        progress: Told how far all are.

    Raises:
        NotFound: There is no such recipe.
        BadInput: A recipe is named twice, or `workers` or `cluster` is no such thing.
        Unavailable: There is no such cluster, or no node of it has room.

    Example:
        >>> edgekit.build_many(["image_cnn", "text_bert"], workers=2)  # doctest: +SKIP
    """
    orders = [
        Order(
            recipe=os.fspath(recipe),
            out=Path(out),
            size=size,
            seed=seed,
            variants=several(variants),
            targets=several(targets),
            board=board,
            data=None if data is None else Path(data),
            weights=None if weights is None else Path(weights),
        )
        for recipe in recipes
    ]
    names = [registry.name_of("recipes", order.recipe) for order in orders]
    for order in orders:
        registry.source_of("recipes", order.recipe)
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadInput(f"'{twice[0]}' is named twice, and has one run folder; name it once.")
    return _all_built(orders, names, crew_of(workers, cluster), progress)


def _all_built(
    orders: Sequence[Order], names: Sequence[str], crew: Crew, progress: Progress
) -> list[Built]:
    fractions = dict.fromkeys(names, 0.0)

    def one(asked: tuple[Order, str]) -> Built:
        order, name = asked

        def tell(fraction: float, doing: str) -> None:
            fractions[name] = fraction
            progress(sum(fractions.values()) / len(fractions), f"{name}: {doing}")

        built = _built(order, name, crew, tell)
        if built.ok is not None:  # what was refused is told at the end, and may have been stopped
            tell(1.0, "built")
        return built

    with crew:
        needs = Needs(folder=Path(), cpus=CPUS, memory_bytes=MEMORY_BYTES)
        crew.require(needs)
        return at_once(one, zip(orders, names, strict=True), lambda: crew.slots(needs))


def _built(order: Order, name: str, crew: Crew, progress: Progress) -> Built:
    start = time.monotonic()
    folder = order.out / name
    try:
        plan = order.plan()
        begin(plan)
        there, needs = order.elsewhere(plan), needs_of(plan, cpus=CPUS, memory_bytes=MEMORY_BYTES)
        if needs.boards:  # which are held to measure, and not while a model is trained
            crew.call(replace(needs, boards=()), part(progress, 0.0, 0.5), _make, there)
        built = crew.call(needs, part(progress, 0.5 if needs.boards else 0.0, 1.0), _build, there)
    except EdgekitError as error:
        forget(folder)
        return Built(
            recipe=name,
            ok=None,
            reason=" ".join(str(error).split()),
            folder=folder,
            seconds=time.monotonic() - start,
        )
    return replace(built, folder=folder, seconds=time.monotonic() - start)


def _make(order: Order) -> None:
    """In a task: do all of a build that takes no board."""
    made_only(order.plan(), report_progress)


def _build(order: Order) -> Built:
    """In a task: build, and return what came of it; the folder is the asker's."""
    plan = order.plan()
    report = build_plan(plan, report_progress)
    judged = [row for row in report.rows if row.ok is not None]
    return Built(
        recipe=report.recipe,
        ok=report.ok,
        reason=_why(report),
        folder=plan.folder,
        metric=report.metric,
        reference=report.reference,
        good=sum(row.ok is True for row in judged),
        measured=len(judged),
    )


def _why(report: Report) -> str:
    """Return the first reason why a build is out of limits; "" if it is not."""
    for row in report.rows:
        if row.ok is False:
            return f"{row.variant} on {row.runtime}, {row.device}: {row.reason}"
    if not report.ok:
        return f"It is no better than its baseline, {report.baseline.name}."
    return ""
