"""Files on their way between machines: each is named by the SHA-256 of what it holds.

What the other side has by that name is not sent again, and what arrives is checked against it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import BadData
from edgekit.core.paths import atomic

_SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}")
"""Folders in which files stand that are being written (`edgekit.core.paths.atomic`)."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds, and which of its users may do what with it."""

    sha256: str
    mode: int


Files = Mapping[str, Content]
"""Path relative to some folder, with slashes -> what stands there."""


class Reader:
    """Reads files and names what they hold; one that has not changed is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], str] = {}

    def read(self, path: Path, keep: Callable[[str, bytes], None]) -> Content:
        """Return the name of what a file holds; `keep` is given what was not known by it."""
        status = path.stat()
        key = (path, status.st_mtime_ns, status.st_size)
        if key not in self._known:
            content = path.read_bytes()
            self._known[key] = hashlib.sha256(content).hexdigest()
            keep(self._known[key], content)
        return Content(sha256=self._known[key], mode=status.st_mode & 0o777)


def files_in(folder: Path, leaves: Sequence[str] = ()) -> dict[str, Path]:
    """Return the files of a folder, by their paths in it; those being written are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(map(_SCRATCH.fullmatch, parts)) or path.name in leaves:
            continue
        if path.is_file():
            found["/".join(parts)] = path
    return found


def packed(
    files: Mapping[str, Path], reader: Reader, keep: Callable[[str, bytes], None]
) -> dict[str, Content]:
    """Return what stands in files; `keep` is given the name and content of each that is new."""
    found = {}
    for name, path in files.items():
        try:
            found[name] = reader.read(path, keep)
        except FileNotFoundError:  # replaced or removed in this moment; who did it sends it
            continue
    return found


def unpack(folder: Path, files: Files, blobs: Mapping[str, bytes]) -> None:
    """Write those of some files whose content is in `blobs`, records of finished steps last.

    Raises:
        BadData: A content is not what its name says, or a path leads out of the folder.
    """
    for name in sorted(files, key=lambda each: (each.startswith(".steps/"), each)):
        content = blobs.get(files[name].sha256)
        if content is None:
            continue
        if hashlib.sha256(content).hexdigest() != files[name].sha256:
            raise BadData(f"'{name}' arrived damaged from another machine; run it again.")
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BadData(f"'{name}' would be written outside of '{folder}'; nothing was written.")
        with atomic(path) as temporary:
            temporary.write_bytes(content)
            temporary.chmod(files[name].mode)
