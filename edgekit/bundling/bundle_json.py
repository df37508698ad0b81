"""`bundle.json`: all that a program has to know to use the models beside it.

Its form is the dataclasses here, field by field, and `bundle.schema.json` beside it says the same
as a JSON Schema; `labels.txt` repeats the labels, one a line. A field is only ever added: what is
called otherwise or means something else gets a new version.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.bundling.after import After
from edgekit.bundling.before import Before, Numbers
from edgekit.bundling.contents import Contents, VerifiedVariant
from edgekit.bundling.golden import Golden
from edgekit.core.errors import BadData, NotFound
from edgekit.core.paths import write_json
from edgekit.core.recipe import Program, Tensor
from edgekit.core.records import Json, from_json, to_json
from edgekit.core.report import Row
from edgekit.on_device.answering import Models
from edgekit.on_device.interpreter import BUNDLE, LABELS, VERSION
from edgekit.on_device.interpreter import ModelFacts as Described
from edgekit.running.limits import LIMITS
from edgekit.tflite.reader import Port, ports, read
from edgekit.verbs.run.bundles import program_called

SCHEMA_NAME = "bundle.schema.json"
NO_PROGRAM = "none"
REMEDY = "build it again"


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """How whole numbers stand for real ones: real value = scale * (number - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True, kw_only=True)
class TensorFacts:
    """An input or output of a model, by its name and by its position.

    Attributes:
        meaning: What the numbers are, such as "grey image, 0..1".
        quantization: None where the numbers are what they mean.
    """

    name: str
    index: int
    shape: tuple[int, ...]
    dtype: str
    meaning: str
    quantization: Quantization | None


@dataclass(frozen=True, kw_only=True)
class MeasuredPlace:
    """Where a variant ran, and what it showed there; fields as in `report.json`."""

    runtime: str
    device: str
    value: float | None
    drop: float | None
    max_abs_error: float | None


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """A model file of the bundle.

    Attributes:
        part: `model`, or which of several files that a loop calls.
        verified_on: Where its variant ran and was within its limits.
        out_of_limits_on: Where it ran and was not: do not use it there.
    """

    variant: str
    part: str
    precision: str
    file: str
    size_bytes: int
    sha256: str
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    verified_on: tuple[MeasuredPlace, ...]
    out_of_limits_on: tuple[MeasuredPlace, ...]


@dataclass(frozen=True, kw_only=True)
class ProgramFacts:
    """The Python program that uses the models: `python3 FILE ARGUMENTS...` is a call that works."""

    file: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far the answers of a precision may be from the golden ones, output by output.

    An output is right if the root mean square of its errors is at most the largest of `error` times
    the spread of the golden values (the root mean square of their differences from the mean of
    their channel; the largest of them, if they do not vary), `resolution` times the largest of
    them, and one step of a quantized output.

    Attributes:
        reason: Why this much.
    """

    error: float
    resolution: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What the program of a bundle does before and after its models."""

    before: Before
    after: After


@dataclass(frozen=True, kw_only=True)
class BundleFacts:
    """The whole of `bundle.json`.

    Attributes:
        version: Of this form.
        task: What the bundle answers, called after its program; "none" if it brings none.
        labels: What the outputs are called, in order.
        before: What is done with what a user gives.
        after: What is done with the models' answers.
        limits: Precision -> how far the answers of its models may be from the golden ones.
        program: Null if the bundle brings none.
    """

    version: int
    recipe: str
    task: str
    labels: tuple[str, ...]
    before: Before
    after: After
    models: tuple[ModelFacts, ...]
    golden: Golden
    limits: Mapping[str, Tolerance]
    program: ProgramFacts | None


def schema() -> dict[str, Json]:
    """Return the JSON Schema of `bundle.json`, which is that of `BundleFacts`."""
    from pydantic import TypeAdapter

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeAdapter(BundleFacts).json_schema(),
        "title": f"{BUNDLE}, version {VERSION}",
    }


def copy_models(folder: Path, variants: Sequence[VerifiedVariant]) -> tuple[ModelFacts, ...]:
    """Copy every model of the variants into a bundle; return what is to be said of each."""
    models = []
    for variant in variants:
        for part, artifact in variant.files.items():
            shutil.copyfile(artifact.path, folder / variant.file_name(part))
            models.append(_model(variant, part))
    return tuple(models)


def write_facts(
    folder: Path, contents: Contents, models: tuple[ModelFacts, ...], golden: Golden
) -> BundleFacts:
    """Write `bundle.json`, its schema and labels, if any; return what the first one holds.

    Args:
        folder: The bundle, in which the models and the files of the program already are.
        contents: What the bundle is made of.
        models: From `copy_models`.
        golden: From `write_golden`.

    Raises:
        BadData: A file that the program reads is missing, or holds something else.
    """
    steps = _steps(folder, contents, models)
    precisions = dict.fromkeys(model.precision for model in models)
    facts = BundleFacts(
        version=VERSION,
        recipe=contents.report.recipe,
        task=contents.program.name if contents.program else NO_PROGRAM,
        labels=contents.labels,
        before=steps.before,
        after=steps.after,
        models=models,
        golden=golden,
        limits={name: _tolerance(name) for name in precisions},
        program=_program(contents),
    )
    write_json(folder / BUNDLE, to_json(facts))
    write_json(folder / SCHEMA_NAME, schema())
    if contents.labels:
        lines = "".join(f"{label}\n" for label in contents.labels)
        (folder / LABELS).write_text(lines, encoding="utf-8")
    return facts


def steps_of(
    program: Program, folder: Path, models: Mapping[str, Described], labels: Sequence[str]
) -> Steps:
    """Return what a program does before and after its models; arrays as they are if it is not ours.

    Args:
        program: Of a bundle.
        folder: Where the files that it reads are.
        models: Part name -> what there is to know of its file.
        labels: What the outputs are called.

    Raises:
        BadData: A file that the program reads is missing, or holds something else.
    """
    try:
        ours = program_called(program.name)
    except NotFound:
        return Steps(before=Numbers(kind="numbers"), after=Numbers(kind="numbers"))
    try:
        found = ours.steps(Models(folder, models, {}, labels))
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise BadData(
            f"The program '{program.name}' cannot use what lies beside it ({error}); {REMEDY}."
        ) from error
    return from_json(Steps, found._asdict(), what=f"What '{program.name}' does", remedy=REMEDY)


def _steps(folder: Path, contents: Contents, models: Sequence[ModelFacts]) -> Steps:
    if contents.program is None:
        return Steps(before=Numbers(kind="numbers"), after=Numbers(kind="numbers"))
    first = [model for model in models if model.variant == models[0].variant]
    parts = {model.part: to_json(model) for model in first}
    return steps_of(contents.program, folder, parts, contents.labels)


def _tolerance(precision: str) -> Tolerance:
    limits = LIMITS[precision]
    return Tolerance(error=limits.error, resolution=limits.resolution, reason=limits.reason)


def _program(contents: Contents) -> ProgramFacts | None:
    if contents.program is None:
        return None
    return ProgramFacts(
        file=f"{contents.program.name}.py",
        arguments=("--variant", contents.variants[0].name, *contents.program.example),
    )


def _model(variant: VerifiedVariant, part: str) -> ModelFacts:
    artifact = variant.files[part]
    inputs, outputs = ports(read(artifact.path))
    return ModelFacts(
        variant=variant.name,
        part=part,
        precision=artifact.precision,
        file=variant.file_name(part),
        size_bytes=artifact.size_bytes,
        sha256=artifact.sha256,
        inputs=tuple(_tensor(port, artifact.signature.inputs) for port in inputs),
        outputs=tuple(_tensor(port, artifact.signature.outputs) for port in outputs),
        verified_on=tuple(_place(row) for row in variant.rows if row.ok),
        out_of_limits_on=tuple(_place(row) for row in variant.rows if row.ok is False),
    )


def _tensor(port: Port, tensors: Sequence[Tensor]) -> TensorFacts:
    meanings = {tensor.name: tensor.meaning for tensor in tensors}
    only = tensors[0].meaning if len(tensors) == 1 else ""
    quantization = None
    if port.scale:
        quantization = Quantization(scale=port.scale, zero_point=port.zero_point)
    return TensorFacts(
        name=port.name,
        index=port.index,
        shape=tuple(port.shape),
        dtype=port.dtype,
        meaning=meanings.get(port.name, only),
        quantization=quantization,
    )


def _place(row: Row) -> MeasuredPlace:
    return MeasuredPlace(
        runtime=row.runtime,
        device=row.device,
        value=row.value,
        drop=row.drop,
        max_abs_error=row.max_abs_error,
    )
