"""`signature.json`: all that a program has to know to use the models beside it.

Its form is the dataclasses here, field by field; `labels.txt` repeats the labels, one a line.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.bundling.contents import Contents, VerifiedVariant
from edgekit.bundling.golden import Golden
from edgekit.core.paths import write_json
from edgekit.core.recipe import Tensor
from edgekit.core.records import to_json
from edgekit.core.report import Row
from edgekit.tflite.reader import Port, ports, read

FILE_NAME = "signature.json"
LABELS_NAME = "labels.txt"


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
class BundleFacts:
    """The whole of `signature.json`.

    Attributes:
        program: None if the bundle brings none.
    """

    recipe: str
    labels: tuple[str, ...]
    models: tuple[ModelFacts, ...]
    golden: Golden
    program: ProgramFacts | None


def copy_models(folder: Path, variants: Sequence[VerifiedVariant]) -> tuple[ModelFacts, ...]:
    """Copy every model of the variants into a bundle; return what is to be said of each."""
    models = []
    for variant in variants:
        for part, artifact in variant.files.items():
            shutil.copyfile(artifact.path, folder / variant.file_name(part))
            models.append(_model(variant, part))
    return tuple(models)


def write_signature(
    folder: Path, contents: Contents, models: tuple[ModelFacts, ...], golden: Golden
) -> BundleFacts:
    """Write `signature.json` and `labels.txt`; return what the first one holds."""
    facts = BundleFacts(
        recipe=contents.report.recipe,
        labels=contents.labels,
        models=models,
        golden=golden,
        program=_program(contents),
    )
    write_json(folder / FILE_NAME, to_json(facts))
    lines = "".join(f"{label}\n" for label in contents.labels)
    (folder / LABELS_NAME).write_text(lines, encoding="utf-8")
    return facts


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
