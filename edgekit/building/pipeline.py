"""Build a recipe: train, optimize, convert, measure, report, package.

Every step goes on where an interrupted build stopped.
"""

from __future__ import annotations

import datetime
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.building.converting import AllLeft, Sources, convert_all, notes_on_values
from edgekit.building.evaluation import measure_all, unmeasured_row
from edgekit.building.insight.examples import see_examples
from edgekit.building.insight.explanations import explain_files
from edgekit.building.measuring.intervals import share_interval
from edgekit.building.measuring.preserved import Left
from edgekit.building.measuring.scoring import Outcome, about_data
from edgekit.building.optimizing import Optimized, optimize
from edgekit.building.parts import MODEL, parts_of, with_whole
from edgekit.building.plan import Plan, begin, make_plan, packagers_of_builds
from edgekit.building.programs import write_programs
from edgekit.building.reference.training import Trained, measure_baseline, train_reference
from edgekit.building.run_folder import (
    calibration_path,
    forget,
    programs_path,
    remove_bundle,
    source_path,
    vectors_path,
)
from edgekit.building.step_cache import step
from edgekit.core import registry
from edgekit.core.child_process import Child
from edgekit.core.errors import BadInput
from edgekit.core.parallel import part
from edgekit.core.paths import sha256
from edgekit.core.report import BaselineScore, Report, Row
from edgekit.core.types import AnyPath, Progress, Size, several, silent
from edgekit.core.variant import Variant
from edgekit.running.place import Place
from edgekit.running.this_machine import machine, versions
from edgekit.source_model.reference import CHILD_ENV

TRAINING_TIMEOUT_S = 4 * 3600.0
"""A board or an old laptop trains many times slower than the machines recipes are made for."""


def build(
    recipe: AnyPath,
    *,
    size: Size = "tiny",
    variants: str | Sequence[str] = (),
    targets: str | Sequence[str] = (),
    out: AnyPath = Path("runs"),
    seed: int = 0,
    board: str = "",
    data: AnyPath | None = None,
    weights: AnyPath | None = None,
    progress: Progress = silent,
) -> Report:
    """Build every variant of a recipe and measure it on every target that can run here.

    Args:
        recipe: Name, or path to a recipe file.
        size: "tiny" (seconds, on packaged data) or "full" (minutes, on the whole data set).
        variants: Such as "int8" or "pruned-float32"; the recipe's own list if empty.
        targets: Names of targets; all if empty.
        out: The run folder is `out/<recipe>`.
        seed: Decides initial weights and the order of examples.
        board: Device that stands in for an emulated one, such as `ssh://pi@raspberrypi`.
        data: Folder or file with data of your own, for a recipe that takes them.
        weights: A `.keras` or `.h5` file that training begins with, for a recipe that takes one.
        progress: Told how far the build is.

    Returns:
        The report, also written into the run folder by every reporter there is.

    Raises:
        EdgekitError: The request cannot be met, or training or an optimization failed.
    """
    plan = make_plan(
        os.fspath(recipe),
        Path(out),
        size=size,
        seed=seed,
        variants=several(variants),
        targets=several(targets),
        board=board,
        data=None if data is None else Path(data),
        weights=None if weights is None else Path(weights),
    )
    return build_plan(plan, progress)


def build_plan(plan: Plan, progress: Progress = silent) -> Report:
    """Build what was planned, as `build` does."""
    begin(plan)
    try:
        trained = _train(plan, part(progress, 0.0, 0.3))
    except BadInput:  # the request cannot be met: a run folder that holds nothing yet goes again
        forget(plan.folder)
        raise
    baseline = _baseline(plan, part(progress, 0.3, 0.35))
    sources, left = _optimize(plan, part(progress, 0.35, 0.6))
    converted, refused = convert_all(plan, sources, left, part(progress, 0.6, 0.75))
    _write_programs(plan)  # which are timed
    measured = measure_all(plan, converted, trained, part(progress, 0.75, 0.92))
    rows = [each.row for each in measured]
    explained = explain_files(plan, sources, converted, rows, part(progress, 0.92, 1.0))
    see_examples(plan, converted, measured, trained)
    rows += _unmeasured(plan, refused)
    rows.sort(key=_order(plan))
    report = _report(plan, trained, baseline, rows)
    notes = (*report.notes, *notes_on_values(converted, left))
    report = replace(report, explanations=explained, notes=notes)
    write_reports(report, plan.folder)
    _package(plan, report)
    return report


def made_only(plan: Plan, progress: Progress = silent) -> None:
    """Train, optimize and convert as `build` does; a build that follows goes on from there."""
    begin(plan)
    _train(plan, part(progress, 0.0, 0.4))
    convert_all(plan, *_optimize(plan, part(progress, 0.4, 0.8)), part(progress, 0.8, 1.0))


def measured_only(plan: Plan, progress: Progress = silent) -> tuple[Trained, list[Row]]:
    """Train, optimize, convert and measure as `build` does; write no report and no bundle."""
    begin(plan)
    trained = _train(plan, part(progress, 0.0, 0.3))
    sources, left = _optimize(plan, part(progress, 0.3, 0.6))
    converted, refused = convert_all(plan, sources, left, part(progress, 0.6, 0.75))
    _write_programs(plan)
    measured = measure_all(plan, converted, trained, part(progress, 0.75, 1.0))
    return trained, [*(each.row for each in measured), *_unmeasured(plan, refused)]


def _unmeasured(plan: Plan, refused: Mapping[Variant, Outcome]) -> list[Row]:
    """Return a row on every place for each variant that could not be converted."""
    return [
        unmeasured_row(variant, place, outcome)
        for variant, outcome in refused.items()
        for place in plan.places.values()
    ]


def write_reports(report: Report, folder: Path) -> None:
    """Write a report in every form there is."""
    for name in registry.names("reports"):
        registry.get("reports", name).write(report, folder)


def _train(plan: Plan, progress: Progress) -> Trained:
    parts = parts_of(plan.recipe).signatures
    outputs = [
        path(plan.folder, n) for n in with_whole(parts) for path in (source_path, vectors_path)
    ]
    outputs += [calibration_path(plan.folder, name) for name in parts]
    child = Child(env=CHILD_ENV, timeout_s=TRAINING_TIMEOUT_S, progress=progress)
    return step(
        plan.folder,
        "train",
        Trained,
        inputs=plan.base,
        outputs=outputs,
        code=plan.code["train"],
        action=lambda: child.call(train_reference, plan.choice, plan.size, plan.seed, plan.folder),
    )


def _baseline(plan: Plan, progress: Progress) -> BaselineScore:
    """Return the baseline, measured if the recipe measures it."""
    name, value = plan.recipe.baseline
    if not callable(value):
        return BaselineScore(name=name, value=value)
    child = Child(
        env=CHILD_ENV,
        timeout_s=TRAINING_TIMEOUT_S,
        progress=lambda fraction, doing: progress(fraction, f"baseline: {doing}"),
    )
    found = step(
        plan.folder,
        "baseline",
        float,
        inputs=plan.base,
        code=plan.code["train"],
        action=lambda: child.call(measure_baseline, plan.choice, plan.size, plan.seed),
    )
    return BaselineScore(name=name, value=found)


def _optimize(plan: Plan, progress: Progress) -> tuple[Sources, AllLeft]:
    """Return optimization ("" for none) -> the model files a converter reads; and what it left.

    One that follows others begins with their model, which stays for further variants. Only the last
    is trained with less effort than usual, so that a search trains what several share once.
    """
    trained = source_path(plan.folder, MODEL)
    parts = parts_of(plan.recipe).signatures
    sources = {"": {name: source_path(plan.folder, name) for name in parts}}
    left: dict[str, dict[str, tuple[Left, ...]]] = {"": dict.fromkeys(parts, ())}
    wanted = {v.optimization: v for v in plan.variants if v.optimizations}
    for index, (name, variant) in enumerate(wanted.items()):
        model, before = trained, left[""]
        doing = part(progress, index / len(wanted), (index + 1) / len(wanted))
        stages = variant.stages()
        for number, stage in enumerate(stages):
            effort = plan.choice.effort if stage.optimizations == variant.optimizations else 1.0
            share = part(doing, number / len(stages), (number + 1) / len(stages))
            found, out = _stage(plan, stage, model, effort, share)
            before = {each: (*before[each], *found.left.get(each, ())) for each in parts}
            model = out / found.whole
        sources[name] = {each: out / file for each, file in found.files.items()}
        left[name] = before
    return sources, left


def _stage(
    plan: Plan, stage: Variant, model: Path, effort: float, progress: Progress
) -> tuple[Optimized, Path]:
    """Apply the last optimization of a stage; return what it made, and the folder that holds it."""
    name = stage.optimization
    called = name if effort == 1 else f"{name},effort={effort:g}"
    out = plan.work / called
    last = stage.optimizations[-1]
    choice = replace(plan.choice, effort=effort)
    doing = part(progress, 0.0, 1.0, f"{name}: ")
    child = Child(env=CHILD_ENV, progress=doing)
    found = step(
        plan.folder,
        f"optimize-{called}",
        Optimized,
        inputs={**plan.base, "model": sha256(model), "options": stage.options_of(last)},
        outputs=[out],
        code=plan.code[last],
        action=lambda: child.call(optimize, choice, stage, model, plan.size, plan.seed, out),
    )
    return found, out


def _write_programs(plan: Plan) -> None:
    folder = programs_path(plan.folder)
    step(
        plan.folder,
        "programs",
        type(None),
        inputs=plan.base,
        outputs=[folder],
        code=plan.code["programs"],
        action=lambda: write_programs(plan.recipe, plan.size, folder),
    )


def _package(plan: Plan, report: Report) -> None:
    """Make what packagers make of every build, each in a folder called after it."""
    for name in packagers_of_builds():
        packager = registry.get("packagers", name)
        folder = plan.folder / name
        if packager.takes(report):
            packager.package(plan.folder, folder)
        else:
            remove_bundle(folder)  # an earlier build's


def _report(plan: Plan, trained: Trained, baseline: BaselineScore, rows: Sequence[Row]) -> Report:
    examples = len(trained.right) or max((row.examples or 0 for row in rows), default=0)
    return Report(
        recipe=registry.name_of("recipes", plan.choice.name),
        size=plan.size,
        seed=plan.seed,
        metric=plan.recipe.metric,
        reference=trained.value,
        baseline=baseline,
        rows=tuple(rows),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=machine(),
        versions=versions(),
        reference_details=trained.details,
        reference_interval=share_interval(plan.recipe.metric, trained.value, examples),
        command=plan.command,
        example=shlex.join([f"{plan.recipe.program.name}.py", *plan.recipe.program.example]),
        train_seconds=trained.seconds,
        notes=(f"{trained.parameters:,} parameters; source: {plan.recipe.source}", *plan.notes),
        data=about_data(plan.recipe, plan.size, trained.value),
        origins=trained.origins,
    )


def _order(plan: Plan) -> Callable[[Row], tuple[int, int]]:
    variants = [str(variant) for variant in plan.variants]
    order = list(plan.places.values())
    return lambda row: (
        variants.index(row.variant),
        order.index(Place(runtime=row.runtime, device=row.device)),
    )
