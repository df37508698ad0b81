"""The SHA-256 of what a file holds, whatever it is packed in.

The same files give archives of other bytes when they are packed again, by another zlib, or with
other times. So what is used of them is summed, not how it is packed.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.paths import sha256
from edgekit.domains.upstream import archives


def sha256_of(path: Path, used: str = ".*") -> str:
    """Return the SHA-256 of a file's content, in hex.

    Of `.gz` it is that of the unpacked bytes. Of `.tar.gz` and `.npz` it is that of a list with a
    line for each file or array, sorted by name: its own SHA-256, two spaces, the name (of an array
    also its type and shape). Of anything else it is that of the file.

    Args:
        path: The file.
        used: Of an archive, a regular expression of the names that count, without the top folder.

    Raises:
        BadData: The file is broken.
    """
    stat = path.stat()
    return _sum(path, used, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _sum(path: Path, used: str, _mtime_ns: int, _size: int) -> str:
    try:
        if path.name.endswith(".tar.gz"):
            files = archives.members(path, used)
            return _of_lines([f"{_hex(data)}  {name}" for name, data in files])
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return _of_lines([_line(name, arrays[name]) for name in arrays.files])
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        return sha256(path)
    except (EOFError, ValueError, zlib.error, gzip.BadGzipFile) as error:
        raise BadData(f"'{path}' is broken ({error}); delete it and get it again.") from error


def _line(name: str, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    return f"{_hex(np.ascontiguousarray(array).tobytes())}  {name} {array.dtype.str} {array.shape}"


def _of_lines(lines: list[str]) -> str:
    # By name, which begins after the sum and two spaces.
    return _hex("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:])).encode())


def _hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
