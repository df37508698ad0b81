"""The C and C++ files of a bundle for microcontrollers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.bundling.micro.arrays import (
    bytes_array,
    c_type,
    identifier,
    numbers_array,
    text_literal,
)
from edgekit.bundling.micro.trial import EXAMPLES, Trial
from edgekit.core.types import Batch
from edgekit.reporting.templates import filled
from edgekit.tflite.reader import Port

EXAMPLE = "example.cc"


@dataclass(frozen=True, kw_only=True)
class CTensor:
    """An input or output in C.

    Attributes:
        array: Name of the array of its golden vectors.
        length: Of one example.
        scale: 0 where numbers are what they mean.
    """

    name: str
    array: str
    type: str
    length: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    golden: str


@dataclass(frozen=True, kw_only=True)
class CModel:
    """A model file in C.

    Attributes:
        name: Of its files and functions.
        methods: Of the resolver.
    """

    name: str
    file: str
    size_bytes: int
    arena_bytes: int
    methods: tuple[str, ...]
    examples: int
    inputs: tuple[CTensor, ...]
    outputs: tuple[CTensor, ...]

    @property
    def title(self) -> str:
        """The name as part of C++ names: `FirstHop`."""
        return "".join(word.capitalize() for word in self.name.split("_"))


def write_model(folder: Path, part: str, file: str, trial: Trial) -> str:
    """Write a file as a C array, `NAME_data.c` and `.h`; return the name.

    Args:
        folder: The bundle.
        part: Of the model, `model` for the only one.
        file: Name of the `.tflite` it was made of.
        trial: What it holds.
    """
    name = identifier(part)
    values = {
        "name": name,
        "file": file,
        "size": len(trial.content),
        "array": bytes_array(f"{name}_data", trial.content),
    }
    for end in ("data.h", "data.c"):
        _write(folder / f"{name}_{end}", f"model_{end}.jinja", values)
    return name


def write_labels(folder: Path, labels: tuple[str, ...]) -> None:
    """Write `labels.h`, in the order of the outputs."""
    literals = [text_literal(label) for label in labels]
    _write(folder / "labels.h", "labels.h.jinja", {"labels": literals})


def write_example(
    folder: Path,
    trials: Mapping[str, Trial],
    files: Mapping[str, str],
    ports: Mapping[str, tuple[tuple[Port, ...], tuple[Port, ...]]],
) -> tuple[CModel, ...]:
    """Write golden vectors and the example that checks itself by them.

    Args:
        folder: The bundle.
        trials: Part -> what became of it; all of them ran.
        files: Part -> name of the `.tflite`.
        ports: Part -> inputs and outputs.

    Raises:
        BadData: C has no arrays of what goes in or out.
    """
    models = []
    for part, trial in trials.items():
        name = identifier(part)
        model = CModel(
            name=name,
            file=files[part],
            size_bytes=len(trial.content),
            arena_bytes=trial.arena_bytes,
            methods=trial.methods,
            examples=min(EXAMPLES, *map(len, trial.inputs.values())),
            inputs=_tensors(f"{name}_input", ports[part][0], trial.inputs),
            outputs=_tensors(f"{name}_output", ports[part][1], trial.outputs),
        )
        for end in ("golden.h", "golden.c"):
            _write(folder / f"{name}_{end}", f"{end}.jinja", {"model": model})
        models.append(model)
    _write(folder / EXAMPLE, f"{EXAMPLE}.jinja", {"models": models})
    return tuple(models)


def _tensors(prefix: str, ports: tuple[Port, ...], values: Batch) -> tuple[CTensor, ...]:
    tensors = []
    for position, port in enumerate(ports):
        array = np.asarray(values[port.name])
        name = f"{prefix}_{position}"
        tensors.append(
            CTensor(
                name=port.name,
                array=name,
                type=c_type(array),
                length=array.size // len(array),
                shape=port.shape,
                scale=port.scale,
                zero_point=port.zero_point,
                golden=numbers_array(name, array),
            )
        )
    return tuple(tensors)


def _write(path: Path, template: str, values: Mapping[str, object]) -> None:
    text = filled("bundling/micro", template, values, escape=False)
    path.write_text(text, encoding="utf-8")
