"""The measured part of a report: every artifact of a build on every place that can run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgekit import registry
from edgekit.checking import check
from edgekit.errors import Unavailable, WorkerFailed
from edgekit.inspection import inspect
from edgekit.measuring import Place, judge, measure, read_vectors, row, time_file
from edgekit.parallel import in_parallel
from edgekit.plan import Plan
from edgekit.steps import step
from edgekit.types import Artifact, Batch, Progress, Row


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
        judged = judge(
            fields, variant=variant, recipe=plan.recipe, size=plan.size, reference=reference
        )
        rows.append(row(variant, place, {**judged, **_facts(artifacts[variant])}))
    return [_timed(plan, artifacts[found.variant], found, vectors[0], progress) for found in rows]


def _score(
    plan: Plan, artifact: Artifact, target: str, place: Place, vectors: tuple[Batch, Batch]
) -> dict[str, Any]:
    """Measure an artifact on a place, or predict it where the place is missing."""
    if place.missing():
        return _predict(artifact, target, place)
    try:
        result: dict[str, Any] = step(
            plan.folder,
            f"measure-{artifact.path.parent.name}-{place.runtime}-{_slug(place.device)}",
            inputs={**plan.inputs(), "artifact": artifact.sha256},
            outputs=[],
            action=lambda: measure(
                artifact.path, place, vectors=vectors, recipe=plan.recipe, size=plan.size
            ),
        )
    except (WorkerFailed, Unavailable) as error:  # not recorded: tried again the next time
        promised = artifact.precision in registry.get("targets", target).precisions
        return {"status": "not run", "reason": str(error), "ok": False if promised else None}
    return result


def _predict(artifact: Artifact, target: str, place: Place) -> dict[str, Any]:
    if target != "edgetpu":  # the other static targets say what loads, not what it answers
        return {"status": "not run", "reason": place.missing()}
    found = check(artifact.path, target)
    mapped = sum(operator.verdict == "yes" for operator in found.operators)
    left = [f"{o.name}: {o.reason}" for o in found.operators if o.verdict != "yes"]
    why = next(iter([*found.problems, *left]), "").partition(". ")[0]  # its sources stay out
    reason = f"{mapped} of {len(found.operators)} operators predicted mapped. {why}"
    return {"status": "predicted", "reason": reason.strip()}


def _timed(plan: Plan, artifact: Artifact, found: Row, inputs: Batch, progress: Progress) -> Row:
    place = Place(runtime=found.runtime, device=found.device)
    in_software = place.emulated() or "swiftshader" in found.adapter.lower()
    if found.status != "measured" or in_software:
        return found
    progress(0.9, f"timing {found.variant} on {found.runtime}")
    timing = time_file(artifact.path, place, inputs=inputs)
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
