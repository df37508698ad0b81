"""The measured part of a report: every artifact of a build on every place that can run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgekit import registry
from edgekit.checking import check
from edgekit.errors import ConversionFailed, Unavailable, WorkerFailed
from edgekit.inspection import inspect
from edgekit.measuring import Place, judge, measure, read_vectors, row, time_file
from edgekit.parallel import in_parallel
from edgekit.paths import sha256
from edgekit.plan import Plan
from edgekit.steps import step
from edgekit.types import Artifact, Batch, Progress, Row

COMPILED = "model_edgetpu.tflite"


def measure_all(
    plan: Plan, artifacts: Mapping[str, Artifact], trained: Mapping[str, Any], progress: Progress
) -> list[Row]:
    """Score every artifact on every place, two at a time; then time each one alone."""
    vectors = read_vectors(plan.folder / "vectors.npz")
    jobs = [
        (variant, target, place) for variant in artifacts for target, place in plan.places().items()
    ]

    def one(job: tuple[str, str, Place]) -> dict[str, Any]:
        variant, target, place = job
        return _score(plan, artifacts[variant], target, place, vectors)

    rows = []
    for done, ((variant, _, place), fields) in enumerate(in_parallel(one, jobs), 1):
        progress(0.8 * done / len(jobs), f"measured {variant} on {place.runtime}, {place.device}")
        reference = trained["value_emulated" if place.emulated() else "value"]
        judged = judge(fields, variant=variant, recipe=plan.recipe, reference=reference)
        rows.append(row(variant, place, {**judged, **_facts(artifacts[variant])}))
    return [_timed(plan, artifacts[found.variant], found, vectors[0], progress) for found in rows]


def _score(
    plan: Plan, artifact: Artifact, target: str, place: Place, vectors: tuple[Batch, Batch]
) -> dict[str, Any]:
    """Measure an artifact on a place; say why not where that cannot be."""
    try:
        if target == "edgetpu":
            if artifact.precision != "int8" or registry.get("converters", "edgetpu").missing():
                return _predict(artifact, target)
            artifact = _compile(plan, artifact)
        if reason := place.missing():
            compiled = "Compiled by edgetpu_compiler. " if target == "edgetpu" else ""
            return {"status": "not run", "reason": compiled + reason}
        result: dict[str, Any] = step(
            plan.folder,
            f"measure-{artifact.path.parent.name}-{place.runtime}-{_slug(place.device)}",
            inputs={**plan.inputs(), "artifact": artifact.sha256},
            outputs=[],
            action=lambda: measure(
                artifact.path, place, vectors=vectors, recipe=plan.recipe, size=plan.size
            ),
        )
    except (WorkerFailed, Unavailable, ConversionFailed) as error:  # tried again the next time
        promised = artifact.precision in registry.get("targets", target).precisions
        return {"status": "not run", "reason": str(error), "ok": False if promised else None}
    return result


def _predict(artifact: Artifact, target: str) -> dict[str, Any]:
    """Say what the operator tables say; nothing is compiled or run."""
    found = check(artifact.path, target)
    mapped = sum(operator.verdict == "yes" for operator in found.operators)
    left = [f"{o.name}: {o.reason}" for o in found.operators if o.verdict != "yes"]
    why = next(iter([*found.problems, *left]), "").partition(". ")[0]  # its sources stay out
    reason = f"{mapped} of {len(found.operators)} operators predicted mapped. {why}"
    return {"status": "predicted", "reason": reason.strip()}


def _compile(plan: Plan, artifact: Artifact) -> Artifact:
    """Compile an int8 artifact with `edgetpu_compiler`; only that file uses the Edge TPU."""
    path = artifact.path.with_name(COMPILED)
    step(
        plan.folder,
        f"compile-{artifact.path.parent.name}",
        inputs={"artifact": artifact.sha256},
        outputs=[path],
        action=lambda: registry.get("converters", "edgetpu").convert(artifact.path, path).sha256,
    )
    return replace(artifact, path=path, sha256=sha256(path))


def _timed(plan: Plan, artifact: Artifact, found: Row, inputs: Batch, progress: Progress) -> Row:
    place = Place(runtime=found.runtime, device=found.device)
    in_software = place.emulated() or "swiftshader" in found.adapter.lower()
    if found.status != "measured" or in_software:
        return found
    progress(0.9, f"timing {found.variant} on {found.runtime}")
    on_edgetpu = found.runtime == "edgetpu"
    path = artifact.path.with_name(COMPILED) if on_edgetpu else artifact.path
    timing = time_file(path, place, inputs=inputs)
    return replace(
        found,
        latency_ms_median=timing.median_ms,
        latency_ms_p90=timing.p90_ms,
        peak_memory_bytes=timing.peak_memory_bytes,
    )


def _facts(artifact: Artifact) -> dict[str, Any]:
    """What the file itself says: size, compressed size, sparsity, distinct weights."""
    keys = ("size_bytes", "compressed_bytes", "sparsity", "unique_weights")
    found = inspect(artifact.path)
    return {key: found[key] for key in keys}


def _slug(device: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in device)
