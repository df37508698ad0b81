"""Where edgekit keeps what it creates, and how a file appears under its name only when complete."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edgekit.core.errors import BadInput, sentence_of

_PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package; no other module looks for it."""


def packaged(*parts: str) -> Path:
    """Return a file or folder that ships inside the package, such as `operators/operators.json`.

    Raises:
        FileNotFoundError: The installation lacks it.
    """
    path = _PACKAGE.joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"edgekit is not installed whole: '{path}' is missing.")
    return path


def home() -> Path:
    """Return the folder of environments, drivers, roots and cached data.

    `EDGEKIT_HOME` if set, else the user's cache folder (`XDG_CACHE_HOME`, `~/.cache/edgekit`).
    """
    if chosen := os.environ.get("EDGEKIT_HOME"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgekit"


def require_writable(path: Path) -> None:
    """Refuse, before work begins, a name under which nothing could be written.

    Nothing is left behind, and no folder is made.

    Raises:
        BadInput: The folder above that exists is a file, may not be written to, or is full.
    """
    above = path.absolute().parent
    try:
        while not above.exists():
            above = above.parent
        if not above.is_dir():
            raise BadInput(f"'{path}' cannot be written: '{above}' is no folder; give another.")
        with tempfile.TemporaryFile(dir=above) as file:
            file.write(bytes(_ROOM_BYTES))
            file.flush()
    except OSError as error:
        reason = OSError(error.errno, error.strerror, str(above))
        raise BadInput(f"'{path}' cannot be written. {sentence_of(reason)}") from error


_ROOM_BYTES = 1 << 16
"""Where there is no room for so much, nothing worth its name can be written."""


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that becomes `path` only if the block succeeds.

    Works for a file or a folder. An existing `path` of the same kind is replaced, once the new one
    is on the disk; on failure it stays as it was, and nothing new remains.

    Raises:
        BadInput: A folder stands where a file would be written, or a file where a folder would.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        temporary = scratch / path.name
        yield temporary
        if temporary.exists():
            _refuse_other_kind(path, temporary)
            _sync(temporary)
            if path.is_dir():
                path.rename(scratch / "replaced")
        temporary.replace(path)
        _sync_one(path.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _refuse_other_kind(path: Path, temporary: Path) -> None:
    if path.exists() and path.is_dir() != temporary.is_dir():
        kinds = ("folder", "file") if path.is_dir() else ("file", "folder")
        raise BadInput(
            f"'{path}' is a {kinds[0]}, and a {kinds[1]} would take its place; give another name, "
            "or move it away."
        )


def _sync(path: Path) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk."""
    paths = [path, *path.rglob("*")] if path.is_dir() else [path]
    written = [each for each in paths if not each.is_symlink()]
    # The disk writes together what is asked for together: 3,219 files of an environment took 11 s
    # one after another and 0.4 s by 16 threads.
    with ThreadPoolExecutor(min(16, len(written))) as threads:
        list(threads.map(_sync_one, written))


def _sync_one(path: Path) -> None:
    if not (path.is_file() or path.is_dir()):  # a pipe would wait for who reads it
        return
    with contextlib.suppress(PermissionError):  # written without the right to read it
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some file systems sync no folder
                raise
        finally:
            os.close(descriptor)


def most_bytes() -> int:
    """Return how much one file may take in memory: `EDGEKIT_MOST_GB`, or 4, gigabytes.

    Raises:
        BadInput: The variable is no positive number.
    """
    chosen = os.environ.get(MOST_GB, "4")
    try:
        gigabytes = float(chosen)
    except ValueError:
        gigabytes = 0
    if not 0 < gigabytes < 1e6:
        raise BadInput(f"{MOST_GB} is '{chosen}'; give a number of gigabytes, such as 8.")
    return int(gigabytes * 1e9)


MOST_GB = "EDGEKIT_MOST_GB"


def require_small(path: Path, num_bytes: int, holds: str) -> None:
    """Refuse a file, before anything is allocated, that would take more memory than allowed.

    Args:
        path: The file.
        num_bytes: What it would take.
        holds: What takes it, such as "unpacks to".

    Raises:
        BadInput: It would take more than `most_bytes`.
    """
    if num_bytes > (most := most_bytes()):
        raise BadInput(
            f"'{path}' {holds} {num_bytes / 1e9:.3g} GB; allowed are {most / 1e9:.3g}. If it is "
            f"yours and the memory is there, set {MOST_GB}."
        )


def refuse_bomb(path: Path) -> None:
    """Refuse a zip archive that unpacks to more than allowed; any other file is left alone.

    Raises:
        BadInput: It would take more than `most_bytes`.
    """
    with contextlib.suppress(zipfile.BadZipFile, NotImplementedError, ValueError):
        if zipfile.is_zipfile(path):
            require_small(path, unpacked_bytes(path), "unpacks to")


def unpacked_bytes(path: Path) -> int:
    """Return what the files in a zip archive take unpacked, which is all that is read of them.

    Raises:
        zipfile.BadZipFile: It is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip archive can give its files."""


def write_zip(
    path: Path, entries: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED
) -> None:
    """Write a zip archive, atomically; equal entries give equal bytes, whenever and wherever.

    Args:
        path: The archive.
        entries: Name and content of each file, in the order of the archive.
        compression: As `zipfile` numbers them.
    """
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = compression
            entry.create_system = 3  # Unix, whatever it is made on
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)


def write_json(path: Path, value: object) -> None:
    """Write `value` as JSON, atomically, with a stable layout."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder with their names, in hex."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if file != path:
            digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
