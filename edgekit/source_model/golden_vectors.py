"""Golden vectors: fixed inputs and the source model's answers, which a file is compared with.

They are kept in an `.npz` with arrays called `input:<name>` and `output:<name>`. Calibration data
are an `.npz` of inputs alone, called by their plain names; both are read and written here.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, NotFound
from edgekit.core.paths import atomic, require_small, unpacked_bytes
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
    batches: dict[str, dict[str, Array]] = {"input": {}, "output": {}}
    for key, array in read_arrays(path).items():
        role, _, name = key.partition(":")
        if role not in batches or not name:
            raise BadData(
                f"'{path}' holds an array '{key}'; golden vectors are called input:NAME and "
                "output:NAME."
            )
        batches[role][name] = array
    if not batches["input"] or not batches["output"]:
        raise BadData(f"'{path}' lacks inputs or outputs; golden vectors hold both.")
    return batches["input"], batches["output"]


UNREADABLE = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, struct.error, zipfile.BadZipFile),
    *(zlib.error, RuntimeError, NotImplementedError, MemoryError, SyntaxError),  # tokenize, too
)
"""What NumPy and zipfile raise for archives that are damaged, encrypted, or packed otherwise."""


def read_arrays(path: Path) -> dict[str, Array]:
    """Read all arrays of an `.npz`, by their names in the file.

    Raises:
        BadData: It is not an `.npz`, is cut, or holds pickled objects.
        BadInput: Its arrays would take too much memory.
    """
    try:
        if zipfile.is_zipfile(path):
            require_small(path, unpacked_bytes(path), "unpacks to")
        with path.open("rb") as stream:  # np.load leaves a file it cannot read open
            arrays = np.load(stream, allow_pickle=False)
            if isinstance(arrays, np.lib.npyio.NpzFile):
                return {name: _array(arrays, name) for name in arrays.files}
    except UNREADABLE as error:
        if "allow_pickle" in str(error):
            raise BadData(
                f"'{path}' is no .npz, or holds pickled Python objects, which are never loaded; "
                "save plain arrays of numbers with np.savez."
            ) from error
        raise BadData(
            f"'{path}' is not a complete .npz file ({error}); write it with np.savez."
        ) from error
    raise BadData(f"'{path}' is a single array; write it with np.savez('{path.stem}.npz', array).")


def _array(arrays: Mapping[str, Array], name: str) -> Array:
    """Return an array of an `.npz`; NumPy gives other files in it as bytes."""
    found = arrays[name]
    if not isinstance(found, np.ndarray):
        raise ValueError(f"'{name}' in it is no array")
    return found


def write_arrays(
    path: Path, inputs: Batch, outputs: Batch | None = None, *, compress: bool = True
) -> None:
    """Write golden vectors, or calibration data if there are no outputs, as `.npz`.

    The file appears only when complete. What is read once and thrown away is not worth compressing:
    that takes some fifty times as long as writing (123 MB of pictures: 19 s and 0.4 s).
    """
    arrays = dict(inputs)
    if outputs is not None:
        arrays = {f"input:{name}": array for name, array in inputs.items()}
        arrays |= {f"output:{name}": array for name, array in outputs.items()}
    with atomic(path) as temporary, temporary.open("wb") as stream:
        save = np.savez_compressed if compress else np.savez
        save(stream, **arrays)  # type: ignore[arg-type]
