"""The files of a user's folder, and how large a picture is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")


def remembered(read: Callable[[Path], T]) -> Callable[[Path], T]:
    """Return a reader that reads the same files once, and again as soon as one has changed."""

    @lru_cache(maxsize=2)
    def read_state(given: Path, _state: tuple[tuple[str, int, int], ...]) -> T:
        return read(given)

    @wraps(read)
    def remembering(given: Path) -> T:
        files = files_of(given) if given.is_dir() else [given]
        facts = ((path, path.stat()) for path in files)
        state = tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in facts)
        return read_state(given, state)

    return remembering


def files_of(folder: Path) -> list[Path]:
    """Return all files of a folder and of those within it, without hidden ones, in order."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(map(hidden, (path, *path.relative_to(folder).parents)))
    )


def folders_of(folder: Path) -> list[Path]:
    """Return the folders that lie in a folder, without hidden ones, in order."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not hidden(path))


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return `1 line` or `1,200 lines`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def hidden(path: Path) -> bool:
    """Tell whether a program put a file or folder there and not the user."""
    return path.name.startswith(".") or path.name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def csv_text(header: Sequence[str], *columns: Iterable[object]) -> str:
    """Return columns of one length below a header, as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def picture_size(file: Path | BinaryIO) -> tuple[int, int]:
    """Return width and height of a picture as it is shown, in pixels; only its header is read.

    Raises:
        OSError, ValueError: It is no picture.
    """
    from PIL import Image

    try:
        with Image.open(file) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # orientation
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(str(error)) from error
    return (height, width) if turned else (width, height)
