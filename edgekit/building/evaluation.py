"""The measured part of a report: every variant of a build on every place that can run it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from edgekit.building.measuring.intervals import drop_interval, share_interval
from edgekit.building.measuring.latency import example_of, timed
from edgekit.building.measuring.limits import judge_metric
from edgekit.building.measuring.prediction import predicted, refused
from edgekit.building.measuring.scoring import Measurement, Outcome, measure
from edgekit.building.parts import MODEL, Files, parts_of, with_whole
from edgekit.building.plan import Plan
from edgekit.building.reference.training import Trained
from edgekit.building.run_folder import programs_path, vectors_path
from edgekit.building.step_cache import step
from edgekit.core import registry
from edgekit.core.errors import ConversionFailed, Unavailable, WorkerFailed
from edgekit.core.kinds import Artifact
from edgekit.core.parallel import in_parallel
from edgekit.core.paths import sha256
from edgekit.core.report import Row, Tally
from edgekit.core.types import Progress
from edgekit.core.variant import Variant
from edgekit.intake.scores import changes
from edgekit.running.place import Place, target
from edgekit.source_model.golden_vectors import Vectors, read_vectors
from edgekit.verbs.inspect import inspect


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the files of a variant say; the last two for a variant of one file only."""

    size_bytes: int
    compressed_bytes: int
    zstd_bytes: int
    sparse_bytes: int | None
    sparsity: float | None
    unique_weights: int | None


class Measured(NamedTuple):
    """A row of the report, and how the file answers, where it was run and that can be counted."""

    row: Row
    tally: Tally | None


def measure_all(
    plan: Plan, variants: Mapping[Variant, Files], trained: Trained, progress: Progress
) -> list[Measured]:
    """Score every variant on every place, two at a time; then time each one alone."""
    names = with_whole(parts_of(plan.recipe).signatures)
    vectors = {name: read_vectors(vectors_path(plan.folder, name)) for name in names}
    facts = {variant: _facts(files) for variant, files in variants.items()}
    jobs = [(variant, name) for variant in variants for name in plan.places]

    def one(job: tuple[Variant, str]) -> Outcome:
        variant, name = job
        return _score(plan, variant, variants[variant], name, vectors)

    rows = []
    for done, ((variant, name), outcome) in enumerate(in_parallel(one, jobs), 1):
        place = plan.places[name]
        progress(0.8 * done / len(jobs), f"measured {variant} on {place.runtime}, {place.device}")
        row = _row(plan, variant, place, outcome, trained)
        known = facts[variant]
        row = replace(row, **vars(known))
        tally = outcome.measurement.tally if outcome.measurement else None
        rows.append((row, tally, variant, name))
    return [
        Measured(_timed(plan, row, variants[variant], name, vectors, progress), tally)
        for row, tally, variant, name in rows
    ]


def unmeasured_row(variant: Variant, place: Place, outcome: Outcome) -> Row:
    """Return the report's row for a variant that gave no figures on a place."""
    return Row(
        variant=str(variant),
        precision=variant.precision,
        runtime=place.runtime,
        device=place.device,
        status=outcome.status,
        ok=outcome.ok,
        reason=outcome.reason,
        operators=outcome.operators,
        operators_mapped=outcome.operators_mapped,
    )


MOST_EXPLAINED = 4
"""Files of a build that are explained at most; each takes some ten seconds, or a minute."""


def to_explain(
    variants: Mapping[Variant, Files], rows: Iterable[Row]
) -> list[tuple[Variant, str, bool]]:
    """Return the files that should be explained, those out of limits first.

    Returns:
        Variant, part, and whether the variant is out of limits; see `wrong_parts`.
    """
    rows = list(rows)
    wrong = [
        (variant, part, is_refused)
        for variant, files in variants.items()
        for part, is_refused in wrong_parts(variant, list(files), rows).items()
    ]
    return sorted(wrong, key=lambda each: not each[2])[:MOST_EXPLAINED]


def wrong_parts(variant: Variant, parts: Sequence[str], rows: Iterable[Row]) -> dict[str, bool]:
    """Return the parts of a quantized variant that should be explained.

    Args:
        variant: Of which `rows` has the measurements.
        parts: Names of its files.
        rows: Of a build. Those of accelerators are left out: what they get wrong, a comparison with
            the float file on a CPU does not show.

    Returns:
        Part -> whether the variant is out of limits; if not, only an output of the part is.
    """
    if variant.precision == "float32":
        return {}
    measured = [
        row
        for row in rows
        if row.variant == str(variant) and row.status == "measured" and not row.adapter
    ]
    is_refused = any(row.ok is False for row in measured)
    outputs = [each.output for row in measured for each in row.judged if not each.ok]
    wrong = {name.partition("/")[0] if "/" in name else MODEL for name in outputs}
    found = [part for part in parts if part in wrong] or (list(parts) if is_refused else [])
    return dict.fromkeys(found, is_refused)


def _row(plan: Plan, variant: Variant, place: Place, outcome: Outcome, trained: Trained) -> Row:
    row = unmeasured_row(variant, place, outcome)
    found = outcome.measurement
    if found is None:
        return row
    slow = not place.times_mean_something(found.adapter)
    reference = trained.value_emulated if slow else trained.value
    verdict = judge_metric(found, variant=variant, recipe=plan.recipe, reference=reference)
    changed = changes(trained.right, found.right)
    lost, gained = changed or (None, None)
    return replace(
        row,
        value=found.value,
        value_interval=share_interval(plan.recipe.metric, found.value, found.examples),
        drop=verdict.drop,
        drop_limit=verdict.drop_limit,
        drop_interval=drop_interval(*changed, found.examples) if changed else None,
        right_lost=lost,
        right_gained=gained,
        max_abs_error=found.agreement.max_abs_error,
        mean_abs_error=found.agreement.mean_abs_error,
        cosine=found.agreement.cosine,
        same_tokens_percent=found.same_tokens_percent,
        examples=found.examples,
        details=found.details,
        adapter=found.adapter,
        arena_bytes=found.arena_bytes,
        judged=found.judgement.rows(),
        ok=not verdict.problem,
        reason=verdict.problem,
    )


def _score(plan: Plan, variant: Variant, files: Files, name: str, vectors: Vectors) -> Outcome:
    """Measure a variant on the place of a target; say why not where that cannot be."""
    place, maker = plan.places[name], target(name).converter
    if not target(name).runtime:
        return _foretold(plan, variant, files, name)
    try:
        if maker:
            converter = registry.get("converters", maker)
            if variant.precision not in converter.precisions or converter.missing():
                return predicted(files, name)
            files = {part: _made_for(plan, variant, file, name) for part, file in files.items()}
        if reason := place.missing():
            made = f"Made by the converter {maker}. " if maker else ""
            return Outcome(status="not run", reason=made + reason)
        measurement = step(
            plan.folder,
            f"measure-{variant}-{place.runtime}-{_file_name(place.device)}",
            Measurement,
            inputs={
                **plan.base,
                "files": {part: file.sha256 for part, file in files.items()},
                "vectors": [sha256(vectors_path(plan.folder, part)) for part in vectors],
            },
            code=plan.code[f"target {name}"],
            action=lambda: measure(
                {part: file.path for part, file in files.items()},
                place,
                precision=variant.precision,
                vectors=vectors,
                recipe=plan.recipe,
                size=plan.size,
            ),
        )
    except (WorkerFailed, Unavailable, ConversionFailed) as error:  # tried again the next time
        return refused(files, name, error)
    return Outcome(status="measured", measurement=measurement)


def _foretold(plan: Plan, variant: Variant, files: Files, name: str) -> Outcome:
    """Say what a target predicts whose files run nowhere here; a compiler may take its time."""
    if reason := target(name).missing():
        return Outcome(status="not run", reason=reason)
    return step(
        plan.folder,
        f"predict-{variant}-{_file_name(plan.places[name].runtime)}",
        Outcome,
        inputs={"files": {part: file.sha256 for part, file in files.items()}},
        code=plan.code[f"target {name}"],
        action=lambda: predicted(files, name),
    )


def _made_for(plan: Plan, variant: Variant, file: Artifact, name: str) -> Artifact:
    """Make of an artifact what a target runs; no other target runs that."""
    maker = target(name).converter
    path = _made_path(file, maker)
    converter = registry.get("converters", maker)

    def action() -> str:
        return converter.convert(file.path, path, precision=variant.precision).sha256

    step(
        plan.folder,
        f"{maker}-{variant}-{file.path.stem}",
        str,
        inputs={"artifact": file.sha256},
        outputs=[path],
        code=plan.code[f"target {name}"],
        action=action,
    )
    return replace(file, path=path, sha256=sha256(path))


def _made_path(file: Artifact, maker: str) -> Path:
    return file.path.with_name(f"{file.path.stem}_{maker}.tflite")


def _timed(
    plan: Plan, row: Row, files: Files, name: str, vectors: Vectors, progress: Progress
) -> Row:
    """Time the files, where times mean something."""
    place = plan.places[name]
    if row.status != "measured" or not place.times_mean_something(row.adapter):
        return row
    progress(0.9, f"timing {row.variant} on {row.runtime}")
    maker = target(name).converter
    paths = {p: _made_path(file, maker) if maker else file.path for p, file in files.items()}
    example = example_of(plan.recipe, programs_path(plan.folder), row.variant, paths)
    return timed(row, paths, place, vectors=vectors, example=example)


def _facts(files: Files) -> Facts:
    found = [inspect(file.path) for file in files.values()]
    alone = found[0] if len(found) == 1 else None
    return Facts(
        size_bytes=sum(each.size_bytes for each in found),
        compressed_bytes=sum(each.compressed_bytes for each in found),
        zstd_bytes=sum(each.zstd_bytes for each in found),
        sparse_bytes=sum(each.sparse_bytes or each.size_bytes for each in found)
        if any(each.sparse_bytes for each in found)
        else None,
        sparsity=alone.sparsity if alone else None,
        unique_weights=alone.unique_weights if alone else None,
    )


def _file_name(device: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in device)
