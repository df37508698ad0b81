"""Find, download and check the data sets that recipes train on.

A file is looked for in the folder named by `EDGEKIT_DATA`, then in edgekit's cache; otherwise it is
downloaded from its public upstream. Wherever it comes from, its SHA-256 must match.
"""

from __future__ import annotations

import gzip
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, Unavailable
from edgekit.core.paths import home, packaged, sha256
from edgekit.core.types import Array

PACKAGED = packaged("datasets")
"""Small samples that ship with the package, so that `--size tiny` needs no download."""


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A public file.

    Attributes:
        path: Relative to `EDGEKIT_DATA` and to the cache.
        sha256: In hex.
        url: Public upstream; "" if nobody publishes this very file.
        origin: What a file without `url` was made from.
    """

    path: str
    sha256: str
    url: str = ""
    origin: str = ""


def locate(file: DataFile) -> Path:
    """Return a local, checked copy of `file`, downloading it if need be.

    Raises:
        BadData: A copy was found or downloaded, but its SHA-256 is not the expected one.
        Unavailable: It is not on this machine and cannot be downloaded.
    """
    cached = home() / "data" / file.path
    given = os.environ.get("EDGEKIT_DATA")
    for path in (Path(given) / file.path if given else cached, cached):
        if path.is_file():
            return _checked(path, file.sha256)
    return _download(file, cached)


def read_idx(path: Path) -> Array:
    """Read a gzip-compressed IDX file of unsigned bytes.

    Returns:
        uint8 array of the shape written in the file.

    Raises:
        BadData: It is not such a file, or it is truncated.

    Source: LeCun, Cortes, Burges, The MNIST database, http://yann.lecun.com/exdb/mnist.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        zero, kind, rank = struct.unpack(">HBB", content[:4])
        shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
    except (OSError, EOFError, struct.error, gzip.zlib.error) as error:  # type: ignore[attr-defined]
        raise BadData(f"'{path.name}' is not a gzip-compressed IDX file: {error}.") from error
    body = content[4 + 4 * rank :]
    if (zero, kind) != (0, 8) or len(body) != int(np.prod(shape, dtype=object)):
        raise BadData(f"'{path.name}' is not a complete IDX file of unsigned bytes.")
    return np.frombuffer(body, np.uint8).reshape(shape)


def read_packaged(name: str) -> dict[str, Array]:
    """Read the arrays of an `.npz` sample that ships with the package."""
    with np.load(PACKAGED / name, allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _checked(path: Path, expected: str) -> Path:
    actual = sha256(path)
    if actual != expected:
        raise BadData(
            f"'{path}' has SHA-256 {actual[:12]}..., expected {expected[:12]}...; "
            "delete it or put the published file in its place."
        )
    return path


def _download(file: DataFile, path: Path) -> Path:
    import pooch

    if not file.url:
        raise Unavailable(
            f"'{file.path}' is not on this machine and not published as one file ({file.origin}); "
            "put it below the folder named by EDGEKIT_DATA, or build with --size tiny."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        pooch.retrieve(file.url, f"sha256:{file.sha256}", fname=path.name, path=path.parent)
    except ValueError as error:  # pooch's error for a wrong checksum; it keeps no such file
        raise BadData(
            f"{file.url} no longer holds the expected file (SHA-256 {file.sha256[:12]}...); "
            f"put the expected file at $EDGEKIT_DATA/{file.path}."
        ) from error
    except OSError as error:  # requests' exceptions derive from it
        raise Unavailable(
            f"'{file.path}' is not on this machine and {file.url} cannot be reached; "
            "get it on another one and put it below the folder named by EDGEKIT_DATA."
        ) from error
    return path
