"""Build a recipe: train, optimize, convert, verify, report. Every step resumes where it stopped."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import child, registry
from edgekit.artifacts import read_sidecar, write_sidecar
from edgekit.errors import EdgekitError
from edgekit.matrix import measure_all
from edgekit.measuring import Place, row
from edgekit.parallel import in_parallel, part
from edgekit.paths import atomic, sha256
from edgekit.plan import Plan, machine, make_plan, versions
from edgekit.reference import CHILD_ENV
from edgekit.steps import step
from edgekit.types import Artifact, Progress, Report, Row, Size, silent


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
    sources = _optimize(plan, part(progress, 0.3, 0.6))
    artifacts, refused = _convert(plan, sources, part(progress, 0.6, 0.75))
    rows = measure_all(plan, artifacts, trained, part(progress, 0.75, 1.0))
    rows += [row(v, place, r) for v, r in refused.items() for place in plan.places().values()]
    report = _report(plan, trained, sorted(rows, key=_order(plan)))
    for writer in ("json", "html", "markdown"):
        registry.get("reports", writer)(report, plan.folder)
    shutil.rmtree(plan.folder / "bundle", ignore_errors=True)  # an earlier build's, if any
    if any(row.ok for row in report.rows):
        registry.get("packagers", "bundle")(plan.folder, plan.folder / "bundle")
    return report


def _train(plan: Plan, progress: Progress) -> Any:
    return step(
        plan.folder,
        "train",
        inputs=plan.inputs(),
        outputs=[plan.folder / "model.keras", plan.folder / "vectors.npz"],
        action=lambda: child.call(
            "edgekit.training:train_reference",
            env=CHILD_ENV,
            progress=progress,
            recipe=plan.recipe_name,
            size=plan.size,
            seed=plan.seed,
            out=str(plan.folder),
        ),
    )


def _optimize(plan: Plan, progress: Progress) -> dict[str, Path]:
    """Return optimization name ("" for none) -> the model file a converter reads."""
    sources = {"": plan.folder / "model.keras"}
    chosen = [v.rpartition("-")[0] for v in plan.variants]
    wanted = list(dict.fromkeys(name for name in chosen if name))
    for index, name in enumerate(wanted):
        out = plan.work / name
        doing = part(progress, index / len(wanted), (index + 1) / len(wanted), f"{name}: ")
        result = step(
            plan.folder,
            f"optimize-{name}",
            inputs={**plan.inputs(), "model": sha256(sources[""]), "code": _code(name)},
            outputs=[out],
            action=lambda name=name, out=out, doing=doing: child.call(  # type: ignore[misc]
                "edgekit.training:optimize",
                env=CHILD_ENV,
                progress=doing,
                recipe=plan.recipe_name,
                optimization=name,
                model=str(sources[""]),
                size=plan.size,
                seed=plan.seed,
                out=str(out),
            ),
        )
        sources[name] = out / result["source"]
    return sources


def _convert(
    plan: Plan, sources: dict[str, Path], progress: Progress
) -> tuple[dict[str, Artifact], dict[str, dict[str, Any]]]:
    """Convert every variant; return the artifacts, and "not run" fields of those refused."""
    calibration = _calibration(plan)
    artifacts: dict[str, Artifact] = {}
    refused: dict[str, dict[str, Any]] = {}

    def one(variant: str) -> Artifact | EdgekitError:
        optimization, _, precision = variant.rpartition("-")
        try:
            return _convert_one(plan, variant, sources[optimization], precision, calibration)
        except EdgekitError as error:
            return error

    for done, (variant, result) in enumerate(in_parallel(one, plan.variants), 1):
        progress(done / len(plan.variants), f"converted {variant}")
        if isinstance(result, Artifact):
            artifacts[variant] = result
        else:
            refused[variant] = {"status": "not run", "reason": str(result), "ok": False}
    return artifacts, refused


def _convert_one(
    plan: Plan, variant: str, source: Path, precision: str, calibration: Path
) -> Artifact:
    folder = plan.folder / variant
    path = folder / "model.tflite"

    def action() -> None:
        convert = registry.get("converters", "tflite").convert
        given = calibration if precision in ("int8", "int16x8") else None
        artifact = convert(source, path, precision=precision, calibration=given)
        described = replace(artifact, signature=plan.recipe.signature)  # with meaning and labels
        write_sidecar(described, folder / "artifact.json")

    step(
        plan.folder,
        f"convert-{variant}",
        inputs={
            **plan.inputs(),
            "source": sha256(source),
            "calibration": sha256(calibration),
            "precision": precision,
        },
        outputs=[path, folder / "artifact.json"],
        action=action,
    )
    return read_sidecar(folder / "artifact.json")


def _calibration(plan: Plan) -> Path:
    path = plan.work / "calibration.npz"

    def action() -> None:
        inputs = plan.recipe.data("calibration", plan.size).inputs
        with atomic(path) as temporary:
            np.savez(temporary, **dict(inputs))  # type: ignore[arg-type]

    step(plan.folder, "calibration", inputs=plan.inputs(), outputs=[path], action=action)
    return path


def _report(plan: Plan, trained: dict[str, Any], rows: Iterable[Row]) -> Report:
    return Report(
        recipe=registry.name_of("recipes", plan.recipe_name),
        size=plan.size,
        seed=plan.seed,
        metric=plan.recipe.metric,
        reference=trained["value"],
        baseline=plan.recipe.baseline,
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
