"""Golden vectors: fixed inputs and the reference's answers, which a file is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, NotFound
from edgekit.core.paths import atomic
from edgekit.core.types import Array, Batch

Vectors = Mapping[str, tuple[Batch, Batch]]
"""Part name -> golden inputs and the reference's outputs."""


def read_vectors(path: Path) -> tuple[Batch, Batch]:
    """Read golden vectors: inputs and the reference's outputs.

    Raises:
        NotFound: There is no such file.
        BadData: It is not an `.npz` with `input:<name>` and `output:<name>` arrays.
    """
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'; give an .npz of golden vectors.")
    found: dict[str, dict[str, Array]] = {"input": {}, "output": {}}
    for key, array in read_arrays(path).items():
        role, _, name = key.partition(":")
        if role not in found or not name:
            raise BadData(
                f"'{path}' holds an array '{key}'; golden vectors are called input:NAME and "
                "output:NAME."
            )
        found[role][name] = array
    if not found["input"] or not found["output"]:
        raise BadData(f"'{path}' lacks inputs or outputs; golden vectors hold both.")
    return found["input"], found["output"]


def read_arrays(path: Path) -> dict[str, Array]:
    """Read all arrays of an `.npz`.

    Raises:
        BadData: It is not an `.npz`, is cut, or holds pickled objects.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (ValueError, OSError, AttributeError) as error:
        raise BadData(f"'{path}' is not a readable .npz without pickled objects.") from error


def write_arrays(path: Path, inputs: Batch, outputs: Batch | None = None) -> None:
    """Write golden vectors, or calibration data if there are no outputs, as `.npz`."""
    if outputs is None:
        named = dict(inputs)
    else:
        named = {f"input:{name}": array for name, array in inputs.items()}
        named |= {f"output:{name}": array for name, array in outputs.items()}
    with atomic(path) as temporary:
        np.savez_compressed(temporary, **named)  # type: ignore[arg-type]
