"""Golden vectors of a bundle: test inputs with the reference's answers, for programs to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from edgekit.building.parts import MODEL
from edgekit.core.errors import BadData
from edgekit.core.types import Array, Batch
from edgekit.source_model.golden_vectors import write_arrays

NUM_GOLDEN = 8
"""Examples in a bundle: enough to tell a wrong model, small enough for an app."""


@dataclass(frozen=True, kw_only=True)
class GoldenTensor:
    """A file of raw numbers, the batch axis first and the last axis running fastest."""

    role: Literal["input", "output"]
    name: str
    file: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Golden:
    """Where golden vectors are in a bundle: all in one `.npz`, and each tensor as raw numbers.

    Attributes:
        parts: The same for each part, where a model has several.
    """

    npz: str
    byte_order: Literal["little"] = "little"
    tensors: tuple[GoldenTensor, ...]
    parts: Mapping[str, Golden] = field(default_factory=dict)


def write_golden(folder: Path, vectors: Mapping[str, tuple[Batch, Batch]]) -> Golden:
    """Write the first golden vectors of the whole and its parts below `folder/golden`.

    Args:
        folder: The bundle.
        vectors: Part name -> inputs and outputs, `model` for the whole.

    Raises:
        BadData: A vector does not hold numbers.
    """
    parts = {part: pair for part, pair in vectors.items() if part != MODEL}
    return _write(
        folder,
        "golden",
        vectors[MODEL],
        parts={part: _write(folder, f"golden/{part}", pair) for part, pair in parts.items()},
    )


def _write(
    folder: Path,
    below: str,
    vectors: tuple[Batch, Batch],
    parts: Mapping[str, Golden] | None = None,
) -> Golden:
    (folder / below).mkdir(parents=True, exist_ok=True)
    tensors = []
    roles: tuple[Literal["input", "output"], ...] = ("input", "output")
    first = [
        {name: _little_endian(name, array[:NUM_GOLDEN]) for name, array in batch.items()}
        for batch in vectors
    ]
    for role, batch in zip(roles, first, strict=True):
        for index, (name, array) in enumerate(batch.items()):
            file = f"{below}/{role}_{index}.bin"
            (folder / file).write_bytes(array.tobytes())
            dtype, shape = array.dtype.name, array.shape
            tensors.append(GoldenTensor(role=role, name=name, file=file, dtype=dtype, shape=shape))
    npz = f"{below}/vectors.npz"
    write_arrays(folder / npz, *first)
    return Golden(npz=npz, tensors=tuple(tensors), parts=parts or {})


def _little_endian(name: str, array: Array) -> Array:
    if array.dtype.kind not in "biuf":
        raise BadData(f"Golden vector '{name}' is {array.dtype}; a bundle holds numbers only.")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
