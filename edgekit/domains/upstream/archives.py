"""Read a stranger's archives into memory, and write ours so that the same files give the same.

Nothing is ever unpacked onto the disk, so no name in an archive becomes a path here.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from edgekit.core.errors import BadData

MOST_BYTES = 1 << 28
"""A file in an archive may have 268 MB unpacked; the largest one used has 8 MB."""


_UNREADABLE = (
    *(tarfile.TarError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, struct.error),
    *(OSError, EOFError, LookupError, ValueError, NotImplementedError, RuntimeError),
)
"""What reading a damaged archive raises; OSError, since places in it may lie before its start."""


def members(path: Path, used: str) -> Iterator[tuple[str, bytes]]:
    """Give name and content of files in a `.tar.gz`, in its order; the top folder is cut off.

    Args:
        path: The archive.
        used: A regular expression that the whole name must match.

    Raises:
        BadData: It is no whole archive, or a name leads out of it, or one that is used stands
            twice, is a link or too large.
    """
    seen: set[str] = set()
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = _inside(path, member.name)
                if member.isdir() or not re.fullmatch(used, name):
                    continue
                if name in seen or not member.isreg() or member.size > MOST_BYTES:
                    raise _bad(path, f"'{name}' is no plain file that stands there once")
                seen.add(name)
                stream = archive.extractfile(member)
                yield name, stream.read() if stream else b""
            _read_to_the_end(archive)
    except _UNREADABLE as error:
        raise _bad(path, f"it is no whole .tar.gz file: {error}") from error


def zip_members(path: Path, used: str) -> Iterator[tuple[str, bytes]]:
    """Give name and content of files in a `.zip`, as `members` does.

    Raises:
        BadData: As `members`.
    """
    seen: set[str] = set()
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = _inside(path, info.filename)
                if info.is_dir() or not re.fullmatch(used, name):
                    continue
                if name in seen or info.file_size > MOST_BYTES:
                    raise _bad(path, f"'{name}' is no plain file that stands there once")
                seen.add(name)
                yield name, archive.read(info)
    except _UNREADABLE as error:
        raise _bad(path, f"it is no whole .zip file: {error}") from error


def write(path: Path, top: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files below a top folder as `.tar.gz`, sorted, without times, owners and rights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, data in sorted(files):
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def repack(
    downloads: Sequence[Path], folder: Path, *, path: str, used: str, flat: bool = False
) -> None:
    """Write what is used of downloaded archives as one archive.

    Args:
        downloads: `.tar.gz` files.
        folder: Where to write.
        path: Of the new archive in `folder`; its top folder is called after it.
        used: A regular expression of the names to keep, without the top folder.
        flat: Leave out the other folders as well.
    """
    files = [each for download in downloads for each in members(download, used)]
    if flat:
        files = [(PurePosixPath(name).name, data) for name, data in files]
    write(folder / path, path.removesuffix(".tar.gz"), files)


def _inside(path: Path, name: str) -> str:
    """Return a name without its top folder, if it stays within the archive."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or re.match("[A-Za-z]:", name):
        raise _bad(path, f"the name '{name}' leads out of it")
    return "/".join(parts.parts[1:])


def _read_to_the_end(archive: tarfile.TarFile) -> None:
    """Read what follows the last file, so that gzip compares its checksum."""
    while archive.fileobj and archive.fileobj.read(1 << 20):
        pass


def _bad(path: Path, why: str) -> BadData:
    return BadData(f"'{path.name}' cannot be used, {why}; get it again, or another copy.")
