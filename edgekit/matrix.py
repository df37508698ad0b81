"""The measured part of a report: every artifact of a build on every place that can run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit import registry
from edgekit.checking import check
from edgekit.errors import ConversionFailed, Unavailable, WorkerFailed
from edgekit.inspection import inspect
from edgekit.measuring import Place, Vectors, judge, measure, read_vectors, row, time_file
from edgekit.parallel import in_parallel
from edgekit.parts import MODEL, Files, parts_of, vectors_path, with_whole
from edgekit.paths import sha256
from edgekit.plan import Plan
from edgekit.steps import step
from edgekit.types import Artifact, Progress, Row


def measure_all(
    plan: Plan, variants: Mapping[str, Files], trained: Mapping[str, Any], progress: Progress
) -> list[Row]:
    """Score every variant on every place, two at a time; then time each one alone."""
    names = with_whole(parts_of(plan.recipe).signatures)
    vectors = {name: read_vectors(vectors_path(plan.folder, name)) for name in names}
    facts = {variant: _facts(files) for variant, files in variants.items()}
    jobs = [
        (variant, target, place) for variant in variants for target, place in plan.places().items()
    ]

    def one(job: tuple[str, str, Place]) -> dict[str, Any]:
        variant, target, place = job
        return _score(plan, variant, variants[variant], (target, place), vectors)

    rows = []
    for done, ((variant, _, place), fields) in enumerate(in_parallel(one, jobs), 1):
        progress(0.8 * done / len(jobs), f"measured {variant} on {place.runtime}, {place.device}")
        reference = trained["value_emulated" if place.emulated() else "value"]
        judged = judge(fields, variant=variant, recipe=plan.recipe, reference=reference)
        rows.append(row(variant, place, {**judged, **facts[variant]}))
    return [_timed(variants[found.variant], found, vectors, progress) for found in rows]


def _score(
    plan: Plan, variant: str, files: Files, where: tuple[str, Place], vectors: Vectors
) -> dict[str, Any]:
    """Measure a variant on a place; say why not where that cannot be."""
    target, place = where
    precision = variant.rpartition("-")[2]
    try:
        if target == "edgetpu":
            if precision != "int8" or registry.get("converters", "edgetpu").missing():
                return _predict(files, target)
            files = {name: _compile(plan, variant, file) for name, file in files.items()}
        if reason := place.missing():
            compiled = "Compiled by edgetpu_compiler. " if target == "edgetpu" else ""
            return {"status": "not run", "reason": compiled + reason}
        result: dict[str, Any] = step(
            plan.folder,
            f"measure-{variant}-{place.runtime}-{_slug(place.device)}",
            inputs={**plan.inputs(), "files": {n: file.sha256 for n, file in files.items()}},
            outputs=[],
            action=lambda: measure(
                {name: file.path for name, file in files.items()},
                place,
                vectors=vectors,
                recipe=plan.recipe,
                size=plan.size,
            ),
        )
    except (WorkerFailed, Unavailable, ConversionFailed) as error:  # tried again the next time
        return {"status": "not run", **_refused(files, target, error)}
    return result


def _refused(files: Files, target: str, error: Exception) -> dict[str, Any]:
    """Say why a variant did not run; it is a failure only where the target's tables promised it."""
    accepted = registry.get("targets", target).precisions
    if any(file.precision not in accepted for file in files.values()):
        return {"reason": str(error), "ok": None}
    verdicts = [o for file in files.values() for o in check(file.path, target).operators]
    if all(operator.verdict == "yes" for operator in verdicts):
        return {"reason": str(error), "ok": False}
    refused = [o for o in verdicts if o.verdict == "no"] or verdicts
    names = dict.fromkeys(o.name for o in refused if o.verdict != "yes")
    return {"reason": f"Stopped by {', '.join(names)}: {error}", "ok": None}


def _predict(files: Files, target: str) -> dict[str, Any]:
    """Say what the operator tables say; nothing is compiled or run."""
    reason = " ".join(
        ("" if name == MODEL else f"{name}: ") + _predicted(file, target)
        for name, file in files.items()
    )
    return {"status": "predicted", "reason": reason}


def _predicted(file: Artifact, target: str) -> str:
    found = check(file.path, target)
    mapped = sum(operator.verdict == "yes" for operator in found.operators)
    left = [f"{o.name}: {o.reason}" for o in found.operators if o.verdict != "yes"]
    why = next(iter([*found.problems, *left]), "").partition(". ")[0]  # its sources stay out
    return f"{mapped} of {len(found.operators)} operators predicted mapped. {why}".strip()


def _compile(plan: Plan, variant: str, file: Artifact) -> Artifact:
    """Compile an int8 artifact with `edgetpu_compiler`; only that file uses the Edge TPU."""
    path = _compiled(file)
    step(
        plan.folder,
        f"compile-{variant}-{file.path.stem}",
        inputs={"artifact": file.sha256},
        outputs=[path],
        action=lambda: registry.get("converters", "edgetpu").convert(file.path, path).sha256,
    )
    return replace(file, path=path, sha256=sha256(path))


def _compiled(file: Artifact) -> Path:
    return file.path.with_name(f"{file.path.stem}_edgetpu.tflite")


def _timed(files: Files, found: Row, vectors: Vectors, progress: Progress) -> Row:
    """Time the part that is called at every step."""
    place = Place(runtime=found.runtime, device=found.device)
    in_software = place.emulated() or "swiftshader" in found.adapter.lower()
    if found.status != "measured" or in_software:
        return found
    progress(0.9, f"timing {found.variant} on {found.runtime}")
    name, file = list(files.items())[-1]
    path = _compiled(file) if found.runtime == "edgetpu" else file.path
    timing = time_file(path, place, inputs=vectors[name][0])
    return replace(
        found,
        latency_ms_median=timing.median_ms,
        latency_ms_p90=timing.p90_ms,
        peak_memory_bytes=timing.peak_memory_bytes,
    )


def _facts(files: Files) -> dict[str, Any]:
    """What the files say: size, compressed size; for one file sparsity and distinct weights too."""
    found = [inspect(file.path) for file in files.values()]
    facts = {key: sum(each[key] for each in found) for key in ("size_bytes", "compressed_bytes")}
    if len(found) == 1:
        facts |= {key: found[0][key] for key in ("sparsity", "unique_weights")}
    return facts


def _slug(device: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in device)
