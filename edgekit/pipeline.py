"""Build a recipe: train, optimize, convert, verify, report. Every step resumes where it stopped."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit import child, registry
from edgekit.artifacts import read_sidecar, write_sidecar
from edgekit.errors import EdgekitError
from edgekit.matrix import measure_all
from edgekit.measuring import Place, row
from edgekit.parallel import in_parallel, part
from edgekit.parts import (
    MODEL,
    Files,
    calibration_path,
    parts_of,
    programs_path,
    sidecar_path,
    source_path,
    vectors_path,
    with_whole,
    write_programs,
)
from edgekit.paths import sha256
from edgekit.plan import Plan, machine, make_plan, versions
from edgekit.reference import CHILD_ENV
from edgekit.steps import step
from edgekit.types import Artifact, Progress, Report, Row, Size, silent

TRAINING_TIMEOUT_S = 4 * 3600.0
"""A board or an old laptop trains many times slower than the machines recipes are made for."""


def build(
    recipe: str,
    *,
    size: Size = "tiny",
    variants: Sequence[str] = (),
    targets: Sequence[str] = (),
    out: Path = Path("runs"),
    seed: int = 0,
    board: str = "",
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
        board: Device that stands in for `raspberry-pi`, such as `ssh://pi@raspberrypi`.
        progress: Told how far the build is.

    Returns:
        The report, also written as `report.json`, `.html` and `.md` into the run folder.

    Raises:
        EdgekitError: The request cannot be met, or training or an optimization failed.
    """
    plan = make_plan(
        recipe, out, size=size, seed=seed, variants=variants, targets=targets, board=board
    )
    trained = _train(plan, part(progress, 0.0, 0.3))
    baseline = _baseline(plan, part(progress, 0.3, 0.35))
    sources = _optimize(plan, part(progress, 0.35, 0.6))
    converted, refused = _convert(plan, sources, part(progress, 0.6, 0.75))
    rows = measure_all(plan, converted, trained, part(progress, 0.75, 1.0))
    rows += [row(v, place, r) for v, r in refused.items() for place in plan.places().values()]
    report = _report(plan, trained, baseline, sorted(rows, key=_order(plan)))
    for writer in ("json", "html", "markdown"):
        registry.get("reports", writer)(report, plan.folder)
    _write_programs(plan)
    shutil.rmtree(plan.folder / "bundle", ignore_errors=True)  # an earlier build's, if any
    if any(row.ok for row in report.rows):
        registry.get("packagers", "bundle")(plan.folder, plan.folder / "bundle")
    return report


def _train(plan: Plan, progress: Progress) -> Any:
    parts = parts_of(plan.recipe).signatures
    outputs = [
        path(plan.folder, n) for n in with_whole(parts) for path in (source_path, vectors_path)
    ]
    outputs += [calibration_path(plan.folder, name) for name in parts]
    return step(
        plan.folder,
        "train",
        inputs=plan.inputs(),
        outputs=outputs,
        action=lambda: child.call(
            "edgekit.training:train_reference",
            env=CHILD_ENV,
            timeout_s=TRAINING_TIMEOUT_S,
            progress=progress,
            recipe=plan.recipe_name,
            size=plan.size,
            seed=plan.seed,
            out=str(plan.folder),
        ),
    )


def _baseline(plan: Plan, progress: Progress) -> tuple[str, float]:
    """Return the baseline, measured if the recipe measures it."""
    name, value = plan.recipe.baseline
    if not callable(value):
        return name, value
    found = step(
        plan.folder,
        "baseline",
        inputs=plan.inputs(),
        outputs=[],
        action=lambda: child.call(
            "edgekit.training:measure_baseline",
            env=CHILD_ENV,
            timeout_s=TRAINING_TIMEOUT_S,
            progress=lambda fraction, doing: progress(fraction, f"baseline: {doing}"),
            recipe=plan.recipe_name,
            size=plan.size,
            seed=plan.seed,
        ),
    )
    return name, float(found)


def _optimize(plan: Plan, progress: Progress) -> dict[str, dict[str, Path]]:
    """Return optimization name ("" for none) -> the model file or files a converter reads."""
    trained = source_path(plan.folder, MODEL)
    parts = parts_of(plan.recipe).signatures
    sources = {"": {name: source_path(plan.folder, name) for name in parts}}
    chosen = [v.rpartition("-")[0] for v in plan.variants]
    wanted = list(dict.fromkeys(name for name in chosen if name))
    for index, name in enumerate(wanted):
        out = plan.work / name
        doing = part(progress, index / len(wanted), (index + 1) / len(wanted), f"{name}: ")
        result = step(
            plan.folder,
            f"optimize-{name}",
            inputs={**plan.inputs(), "model": sha256(trained), "code": _code(name)},
            outputs=[out],
            action=lambda name=name, out=out, doing=doing: child.call(  # type: ignore[misc]
                "edgekit.training:optimize",
                env=CHILD_ENV,
                progress=doing,
                recipe=plan.recipe_name,
                optimization=name,
                model=str(trained),
                size=plan.size,
                seed=plan.seed,
                out=str(out),
            ),
        )
        sources[name] = {MODEL: out / result["source"]}
    return sources


def _convert(
    plan: Plan, sources: dict[str, dict[str, Path]], progress: Progress
) -> tuple[Mapping[str, Files], dict[str, dict[str, Any]]]:
    """Convert every variant; return their files, and "not run" fields of those refused."""
    jobs = [(v, name) for v in plan.variants for name in sources[v.rpartition("-")[0]]]

    def one(job: tuple[str, str]) -> Artifact | EdgekitError:
        variant, name = job
        try:
            return _convert_one(plan, variant, name, sources[variant.rpartition("-")[0]][name])
        except EdgekitError as error:
            return error

    converted: dict[str, dict[str, Artifact]] = {}
    refused: dict[str, dict[str, Any]] = {}
    for done, ((variant, name), result) in enumerate(in_parallel(one, jobs), 1):
        progress(done / len(jobs), f"converted {variant}")
        if isinstance(result, Artifact):
            converted.setdefault(variant, {})[name] = result
        else:
            refused[variant] = {"status": "not run", "reason": str(result), "ok": False}
    whole = {v: files for v, files in converted.items() if v not in refused}
    return whole, refused


def _convert_one(plan: Plan, variant: str, name: str, source: Path) -> Artifact:
    """Convert one part of a variant, and describe the file beside it."""
    path = plan.folder / variant / f"{name}.tflite"
    sidecar = sidecar_path(path)
    precision = variant.rpartition("-")[2]
    calibration = calibration_path(plan.folder, name)

    def action() -> None:
        convert = registry.get("converters", "tflite").convert
        given = calibration if precision in ("int8", "int16x8") else None
        artifact = convert(source, path, precision=precision, calibration=given)
        signature = parts_of(plan.recipe).signatures[name]  # with meaning and labels
        write_sidecar(replace(artifact, signature=signature), sidecar)

    step(
        plan.folder,
        f"convert-{variant}" if name == MODEL else f"convert-{variant}-{name}",
        inputs={
            **plan.inputs(),
            "source": sha256(source),
            "calibration": sha256(calibration),
            "precision": precision,
        },
        outputs=[path, sidecar],
        action=action,
    )
    return read_sidecar(sidecar)


def _write_programs(plan: Plan) -> None:
    folder = programs_path(plan.folder)
    if plan.recipe.on_device or plan.recipe.assets:
        step(
            plan.folder,
            "programs",
            inputs=plan.inputs(),
            outputs=[folder],
            action=lambda: write_programs(plan.recipe, plan.size, folder),
        )


def _report(
    plan: Plan, trained: dict[str, Any], baseline: tuple[str, float], rows: Iterable[Row]
) -> Report:
    return Report(
        recipe=registry.name_of("recipes", plan.recipe_name),
        size=plan.size,
        seed=plan.seed,
        metric=plan.recipe.metric,
        reference=trained["value"],
        baseline=baseline,
        rows=tuple(rows),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=machine(),
        versions=versions(),
        train_seconds=trained["seconds"],
        notes=(f"{trained['parameters']:,} parameters; source: {plan.recipe.source}",),
    )


def _order(plan: Plan) -> Callable[[Row], tuple[int, int]]:
    order = list(plan.places().values())
    return lambda found: (
        plan.variants.index(found.variant),
        order.index(Place(runtime=found.runtime, device=found.device)),
    )


def _code(optimization: str) -> str:
    path = Path(__file__).parent / "optimizations" / f"{optimization}.py"
    return sha256(path) if path.is_file() else optimization
