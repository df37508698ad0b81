"""The step of a build that converts: every variant, every part, a few at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.building.measuring.preserved import Left, lost
from edgekit.building.measuring.scoring import Outcome
from edgekit.building.parts import MODEL, Files, parts_of
from edgekit.building.plan import Plan
from edgekit.building.run_folder import calibration_path, sidecar_path
from edgekit.building.step_cache import step
from edgekit.core import registry
from edgekit.core.errors import ConversionFailed, EdgekitError
from edgekit.core.kinds import Artifact, Trait
from edgekit.core.parallel import in_parallel
from edgekit.core.paths import atomic, sha256
from edgekit.core.types import Array, Progress
from edgekit.core.variant import CALIBRATED, Variant
from edgekit.intake.options import Options
from edgekit.tflite.metadata.describing import described, in_order_of
from edgekit.tflite.metadata.writing import with_metadata
from edgekit.tflite.reader import constant, read
from edgekit.tflite.sidecar import describe, read_sidecar, write_sidecar

Sources = Mapping[str, Mapping[str, Path]]
"""Optimization as text ("" for none) -> part name -> the model file that is converted."""

AllLeft = Mapping[str, Mapping[str, tuple[Left, ...]]]
"""Optimization as text -> part name -> what it left in the kernels."""


def convert_all(
    plan: Plan, sources: Sources, left: AllLeft, progress: Progress
) -> tuple[dict[Variant, Files], dict[Variant, Outcome]]:
    """Convert every variant; return the files of each, and what to say of those refused.

    One that lost the zeros of pruning is refused.
    """
    jobs = [(v, part) for v in plan.variants for part in sources[v.optimization]]

    def one(job: tuple[Variant, str]) -> Artifact | EdgekitError:
        variant, part = job
        try:
            artifact = _convert(plan, variant, part, sources[variant.optimization][part])
            if gone := _lost(left, variant, part, artifact).get("zeros"):
                return ConversionFailed(gone)
            return artifact
        except EdgekitError as error:
            return error

    converted: dict[Variant, dict[str, Artifact]] = {}
    refused: dict[Variant, Outcome] = {}
    for done, ((variant, part), result) in enumerate(in_parallel(one, jobs), 1):
        progress(done / len(jobs), f"converted {variant}")
        if isinstance(result, Artifact):
            converted.setdefault(variant, {})[part] = result
        else:
            refused[variant] = Outcome(status="not run", reason=str(result), ok=False)
    return {v: files for v, files in converted.items() if v not in refused}, refused


def notes_on_values(converted: Mapping[Variant, Files], left: AllLeft) -> list[str]:
    """Say of which files kernels have more different values than clustering left."""
    return [
        f"{variant}: {gone} It compresses less for it."
        for variant, files in converted.items()
        for part, artifact in files.items()
        if (gone := _lost(left, variant, part, artifact).get("equal weights"))
    ]


def _lost(left: AllLeft, variant: Variant, part: str, artifact: Artifact) -> Mapping[Trait, str]:
    expected = left.get(variant.optimization, {}).get(part, ())
    return lost(expected, weights_of(artifact.path)) if expected else {}


def weights_of(path: Path) -> list[Array]:
    """Return all constants of a file with two axes or more, 0 standing for 0.0."""
    model = read(path)
    found = []
    for tensor in (tensor for subgraph in model.subgraphs for tensor in subgraph.tensors):
        values = constant(model, tensor) if tensor.is_constant and len(tensor.shape) > 1 else None
        if values is not None:
            zero = tensor.zero_points[0] if len(tensor.scales) == 1 else 0
            found.append(values.astype(np.int32) - zero if zero else values)
    return found


def _convert(plan: Plan, variant: Variant, part: str, source: Path) -> Artifact:
    """Convert one part of a variant, and describe the file beside it."""
    path = plan.folder / str(variant) / f"{part}.tflite"
    sidecar = sidecar_path(path)
    precision = variant.precision
    calibration = calibration_path(plan.folder, part)
    signature = parts_of(plan.recipe).signatures[part]

    def action() -> None:
        converter = registry.get("converters", "tflite")
        given = calibration if precision in CALIBRATED else None
        artifact = converter.convert(
            source,
            path,
            precision=precision,
            calibration=given,
            options=Options(quantization=variant.quantization, custom=plan.choice.code_for(source)),
        )
        write_sidecar(_described(plan, variant, part, artifact), sidecar)

    step(
        plan.folder,
        f"convert-{variant}" if part == MODEL else f"convert-{variant}-{part}",
        type(None),
        inputs={
            **plan.base,
            "source": sha256(source),
            "calibration": sha256(calibration),
            "precision": variant.precision_text,
            "signature": signature,
        },
        outputs=[path, sidecar],
        code=plan.code["convert"],
        action=action,
    )
    return read_sidecar(sidecar)


def _described(plan: Plan, variant: Variant, part: str, artifact: Artifact) -> Artifact:
    """Write into a file what its recipe says of it; return it with meaning and labels."""
    signature = parts_of(plan.recipe).signatures[part]
    recipe = plan.choice.name
    what = "" if part == MODEL else f"{part} of "
    metadata, files = described(
        in_order_of(artifact.signature, signature),
        name=registry.name_of("recipes", recipe),
        description=f"{what}{registry.summary('recipes', recipe)} ({variant})",
    )
    with atomic(artifact.path) as path:
        path.write_bytes(with_metadata(artifact.path.read_bytes(), metadata, files))
    now = describe(
        artifact.path,
        precision=artifact.precision,
        signature=signature,
        made_by=artifact.made_by,
        evaluation=artifact.evaluation,
    )
    return replace(now, signatures=artifact.signatures, look_ups=artifact.look_ups)
