"""Download what a data set is made of, continue where a download broke off, and make its files.

`EDGEKIT_UPSTREAM` names a mirror, where `https://host/path` is `$EDGEKIT_UPSTREAM/host/path`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from edgekit.core.errors import BadData, EdgekitError, Unavailable
from edgekit.core.parallel import part
from edgekit.core.types import Progress

if TYPE_CHECKING:
    from requests import Response

Make = Callable[[Sequence[Path], Path], list[str]]
"""Makes a data set's files of the downloads in a folder, checks them, and returns their paths."""

MOST_BYTES = 1 << 31
"""No data set has 2 GB; what sends more is not what it says."""

NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
ATTEMPTS = 10
"""How often a download is continued that breaks off after it brought something."""


def fetch(folder: Path, name: str, urls: Sequence[str], make: Make, progress: Progress) -> None:
    """Download a data set and put its files into a folder, all or none.

    What was downloaded stays in `folder/.downloads` until the files are made, so that the next call
    continues there; it is removed if it turns out to be wrong.

    Raises:
        BadData: The upstream holds something else than expected.
        Unavailable: It cannot be reached or does not have it, or the disk is full.
    """
    try:
        with _alone(folder / ".downloads" / f"{name}.lock"):
            _fetch(folder, name, urls, make, progress)
    except OSError as error:
        raise Unavailable(
            f"'{name}' cannot be kept in '{folder}' ({error.strerror or error}); "
            + ("make room" if error.errno in NO_SPACE else "make it a folder you may write into")
            + ", or let EDGEKIT_HOME name another folder, and run the same command again."
        ) from error


def _fetch(folder: Path, name: str, urls: Sequence[str], make: Make, progress: Progress) -> None:
    downloads = [folder / ".downloads" / f"{name}-{k}{_ending(u)}" for k, u in enumerate(urls)]
    for k, (url, path) in enumerate(zip(urls, downloads, strict=True)):
        if not path.exists():
            steps = (0.9 * k / len(urls), 0.9 * (k + 1) / len(urls))
            download(url, path, part(progress, *steps, f"{name}: "))
    progress(0.9, f"{name}: convert and check")
    made = folder / ".downloads" / f"{name}-made"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    try:
        for file in make(downloads, made):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (made / file).replace(folder / file)
    except EdgekitError as error:
        _remove(downloads)
        raise BadData(
            f"What {' and '.join(urls)} hold now cannot be used for '{name}': {error} "
            "Run the same command once more; if it fails again, put the expected files below the "
            "folder named by EDGEKIT_DATA."
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    _remove(downloads)
    progress(1.0, f"{name}: done")


def as_they_are(paths: Sequence[str]) -> Callable[[Sequence[Path], Path], None]:
    """Return a conversion that takes each download as the file of the same rank."""

    def copy(downloads: Sequence[Path], folder: Path) -> None:
        for download, path in zip(downloads, paths, strict=True):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(download, folder / path)

    return copy


def download(url: str, path: Path, progress: Progress) -> None:
    """Download a file; what is there of it already is not asked for again.

    It has its name once it is whole. Until then it lies beside it, with `.part` behind its name.

    Raises:
        Unavailable: It cannot be reached, or it broke off and would not go on.
        OSError: The disk is full or not to be written to.
    """
    rest = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    cause: OSError | None = OSError("it was not asked")
    after = 0
    for _ in range(ATTEMPTS):
        before = rest.stat().st_size if rest.exists() else 0
        cause = _attempt(url, rest, progress)
        if cause is None:
            rest.replace(path)
            _tag(rest).unlink(missing_ok=True)
            return
        after = rest.stat().st_size
        if after <= before and not (before and not after):  # nothing came, nor was it begun anew
            break
    raise Unavailable(_sentence(url, after, cause))


def _attempt(url: str, rest: Path, progress: Progress) -> OSError | None:
    """Append to a part until it is whole; return what stopped it, or None."""
    import pooch

    with rest.open("ab") as file:
        sink = _Sink(file, _tag(rest), f"{urlsplit(url).netloc}", progress)
        get = pooch.HTTPDownloader(
            chunk_size=1 << 16, headers=sink.headers(), hooks={"response": sink.begin}, timeout=30
        )
        try:
            get(_address(url), sink, None)
        except OSError as error:  # requests' exceptions derive from it
            if sink.answered and sink.total == sink.size:  # it was whole before: 416
                return None
            if error.errno in NO_SPACE:
                raise
            return error
        finally:
            sink.close()
        return None if sink.whole() else OSError("the connection was closed")


class _Sink:
    """What a download is written to: looks at the answer first, then counts."""

    def __init__(self, file: BinaryIO, tag: Path, host: str, progress: Progress) -> None:
        self.file, self.tag, self.host, self.progress = file, tag, host, progress
        self.size = file.tell()
        self.total: int | None = None
        self.answered = False
        self.response: Response | None = None

    def headers(self) -> dict[str, str]:
        """Ask for the rest of the same file, as it is, not packed for the way."""
        headers = {"Accept-Encoding": "identity"}
        if self.size:
            headers["Range"] = f"bytes={self.size}-"
            if self.tag.exists():
                headers["If-Range"] = self.tag.read_text(encoding="utf-8")
        return headers

    def begin(self, response: Response, **_: object) -> None:
        """Take the answer's size; start anew where the rest is not what was sent."""
        if response.is_redirect:
            return
        self.response = response
        status, headers = response.status_code, response.headers
        extent = headers.get("Content-Range", "")
        if status == 416 and extent == f"bytes */{self.size}":
            self.answered, self.total = True, self.size
        elif status == 416 or (status == 206 and not extent.startswith(f"bytes {self.size}-")):
            self._restart()  # the next attempt asks for all of it
        elif status in (200, 206):
            if status == 200:
                self._restart()
            length = headers.get("Content-Length", "")
            self.total = self.size + int(length) if length.isdigit() else None
            self.answered = True
            # Old servers call the packing of any `.gz` an encoding; it must arrive packed.
            response.raw.headers.pop("Content-Encoding", None)
            tag = headers.get("ETag", "")
            tag = headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
            self.tag.write_text(tag, encoding="utf-8") if tag else self.tag.unlink(missing_ok=True)
            self._tell()

    def write(self, data: bytes) -> None:
        """Append to the file."""
        if not self.answered:
            raise OSError("it answered with another part of the file than was asked for")
        self.file.write(data)
        self.size += len(data)
        if self.size > MOST_BYTES:
            self._restart()
            raise OSError("it sends far more than the data set has")
        self._tell()

    def flush(self) -> None:
        """Bring what was written to the disk, so that a full one is noticed."""
        self.file.flush()

    def whole(self) -> bool:
        """Whether all has arrived."""
        return self.answered and self.total in (None, self.size)

    def close(self) -> None:
        """Close the connection; pooch leaves it to chance after an error."""
        if self.response is not None:
            self.response.close()

    def _restart(self) -> None:
        if self.size:
            self.file.seek(0)
            self.file.truncate()
        self.size = 0

    def _tell(self) -> None:
        if self.total:
            tenths = 10 * self.size // self.total
            doing = f"{10 * tenths} % of {self.total / 1e6:.1f} MB from {self.host}"
            self.progress(self.size / self.total, doing)
        else:
            self.progress(0.5, f"{self.size // 1_000_000} MB from {self.host}")


def _address(url: str) -> str:
    mirror = os.environ.get("EDGEKIT_UPSTREAM")
    parts = urlsplit(url)
    return f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}" if mirror else url


def _sentence(url: str, size: int, cause: OSError | None) -> str:
    """Return what stopped a download, and what to do."""
    elsewhere = "get it on another machine and put it below the folder named by EDGEKIT_DATA"
    status = getattr(getattr(cause, "response", None), "status_code", None)
    if status == 404:
        return f"{_address(url)} is not there any more (404); {elsewhere}."
    if status is not None and status != 416:
        return f"{_address(url)} answered {status}; try again later, or {elsewhere}."
    if size:
        return (
            f"{_address(url)} broke off after {size / 1e6:.1f} MB ({_short(cause)}); "
            "run the same command again, and it goes on from there."
        )
    return (
        f"{_address(url)} cannot be reached ({_short(cause)}); "
        f"look at the network and try again, or {elsewhere}."
    )


def _short(cause: OSError | None) -> str:
    name = type(cause).__name__
    return str(cause) if name == "OSError" else name


def _ending(url: str) -> str:
    name = urlsplit(url).path.rpartition("/")[2]
    return ".tar.gz" if name.endswith(".tar.gz") else Path(name).suffix


def _tag(rest: Path) -> Path:
    return rest.with_name(f"{rest.name}.tag")


def _remove(downloads: Sequence[Path]) -> None:
    for path in downloads:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process of edgekit gets the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
