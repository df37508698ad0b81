"""What a public data set is, and where its checked files are on this machine.

A file is looked for in the folder named by `EDGEKIT_DATA`, in the package, then in edgekit's cache;
otherwise it is downloaded from its public upstream. Wherever it comes from, the SHA-256 of its
content must match.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import BadData
from edgekit.core.paths import home, packaged
from edgekit.core.types import Progress, silent
from edgekit.domains.upstream import content, fetching

Convert = Callable[[Sequence[Path], Path], None]
"""Writes a data set's files into a folder, from what was downloaded, in the order of the urls."""


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A file of a data set, in the form that edgekit reads.

    Attributes:
        path: Relative to `EDGEKIT_DATA` and to the cache.
        sha256: Of its content (see `content.sha256_of`), in hex.
        used: Of an archive, a regular expression of the names that count, without the top folder.
    """

    path: str
    sha256: str
    used: str = ".*"


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A public data set.

    Attributes:
        name: What `edgekit data get` calls it.
        what: What is in it, in one line.
        licence: Of the data.
        source: Who made it, and the page that tells of it.
        size_bytes: Of its files here; what is downloaded may be larger.
        files: What edgekit reads.
        urls: What is downloaded; empty if it ships with edgekit.
        convert: Makes `files` of what was downloaded. If None, they are its files as they are.
    """

    name: str
    what: str
    licence: str
    source: str
    size_bytes: int
    files: tuple[DataFile, ...]
    urls: tuple[str, ...] = ()
    convert: Convert | None = None

    @property
    def ships(self) -> bool:
        """Whether it lies in the package."""
        return not self.urls


def cache() -> Path:
    """Return the folder that downloaded data sets are kept in."""
    return home() / "data"


def folders() -> tuple[Path, ...]:
    """Return where data sets are looked for, in this order."""
    given = os.environ.get("EDGEKIT_DATA")
    return (*([Path(given)] if given else []), packaged("datasets"), cache())


def present(file: DataFile) -> Path | None:
    """Return where a file is on this machine, unchecked, or None."""
    return next((f / file.path for f in folders() if (f / file.path).is_file()), None)


def locate(data_set: DataSet, path: str = "", progress: Progress = silent) -> Path:
    """Return a local, checked copy of a file of a data set, downloading the set if need be.

    Args:
        data_set: Where to look, and what to find.
        path: One of its files; the first one if left out.
        progress: Told how far a download is.

    Raises:
        BadData: A copy was found or downloaded, but its content is not the expected one.
        Unavailable: It is not on this machine and cannot be downloaded.
    """
    file = next(each for each in data_set.files if path in ("", each.path))
    if present(file) is None:
        fetching.fetch(cache(), data_set.name, data_set.urls, _maker(data_set), progress)
    local = present(file)
    if local is None:
        raise BadData(f"edgekit is not installed whole: '{file.path}' is missing; install it anew.")
    _check(local, file, "delete it, or put the published file in its place")
    return local


def _maker(data_set: DataSet) -> fetching.Make:
    """Return the function that makes and checks a data set's files in a folder."""
    convert = data_set.convert or fetching.as_they_are([file.path for file in data_set.files])

    def make(downloads: Sequence[Path], folder: Path) -> list[str]:
        convert(downloads, folder)
        for file in data_set.files:
            _check(folder / file.path, file, "it may have changed since edgekit was published")
        return [file.path for file in data_set.files]

    return make


def _check(path: Path, file: DataFile, remedy: str) -> None:
    actual = content.sha256_of(path, file.used)
    if actual != file.sha256:
        raise BadData(
            f"the content of '{path}' has SHA-256 {actual[:12]}..., "
            f"expected {file.sha256[:12]}...; {remedy}."
        )
