"""A folder of pictures a class, as a network's input: one size, colour or grey, in splits."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, Unavailable, reason
from edgekit.core.recipe import Dataset, Tensor
from edgekit.core.types import Array, Size, Split
from edgekit.domains.own_data.class_folders import ClassFile, ClassFolders, class_folders
from edgekit.domains.own_data.examples import Examples, balance
from edgekit.domains.own_data.files import counted, picture_size, remembered
from edgekit.domains.own_data.near_duplicates import same_pictures, thumbnail
from edgekit.domains.own_data.splitting import ToSplit, content_key, split
from edgekit.intake.media import PICTURES, UNREADABLE, left_out
from edgekit.on_device.pictures import GREY, NO_PICTURE, fit, read_picture

SMALLEST = 8
"""Pixels of the shorter side; what is smaller is left out."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """Pictures that could be read, in the order of the SHA-256 of their files.

    Attributes:
        pixels: `(n, side, side, 3)`, uint8.
        sides: `(n,)`: the shorter side of each, in pixels.
        thumbnails: `(n, 16, 17)`.
    """

    files: tuple[ClassFile, ...]
    keys: tuple[str, ...]
    pixels: Array
    thumbnails: Array
    failed: dict[str, str]


def own_pictures(folder: Path, sides: tuple[int, ...]) -> Examples:
    """Read a user's pictures: `values` are `(n, side, side, 1 or 3)`, uint8.

    They become what `classify` on a device makes of them: of the picture's middle the largest
    square, the mean over each new pixel's area; grey if no picture has a colour.

    Args:
        folder: Holds a folder of pictures for each class.
        sides: What the network may take; the largest that the median picture fills is chosen.

    Raises:
        BadData: The folder is laid out in another way, or holds too little.
        Unavailable: Pillow is missing.
    """
    return _readers(sides)(folder)


@lru_cache(maxsize=4)
def _readers(sides: tuple[int, ...]) -> Callable[[Path], Examples]:
    return remembered(lambda folder: _own_pictures(folder, sides))


def _own_pictures(folder: Path, sides: tuple[int, ...]) -> Examples:
    folders = class_folders(folder, PICTURES, "pictures")
    side = _side(folders.files, sides)
    found = _read(folders, side)
    labels = np.array([file.label for file in found.files], np.int32)
    alike, clashes = _alike(found, labels)
    splits, rule = split(
        ToSplit(
            labels=labels,
            label_names=folders.names,
            keys=found.keys,
            groups=[file.group for file in found.files],
            given=[file.split for file in found.files],
            alike=alike,
            where=f"'{folder}'",
            what="pictures",
        )
    )
    grey = bool((np.ptp(found.pixels, axis=-1) <= 1).all())
    pixels = np.rint(found.pixels @ np.reshape(GREY, (3, 1))) if grey else found.pixels
    colours = "grey" if grey else "colour"
    kept = splits != ""
    return Examples(
        values=pixels.astype(np.uint8)[kept],
        labels=labels[kept],
        label_names=folders.names,
        sources=_names([f for f, k in zip(found.files, kept, strict=True) if k], folder),
        splits=splits[kept],
        remarks=(
            *balance(labels[kept], folders.names, "pictures"),
            f"The network takes {colours} pictures of {side}x{side} pixels: of each picture the "
            "middle square.",
            *rule,
            *_alike_said(alike, clashes, found, folder),
            *left_out(found.failed, len(folders.files), "pictures"),
            *folders.passed_over("picture"),
        ),
    )


def picture_input(own: Examples) -> Tensor:
    """Return the input of a network that takes a user's pictures."""
    meaning = "grey image, 0..1" if own.values.shape[-1] == 1 else "red, green and blue, 0..1"
    return Tensor(name="image", shape=(1, *own.values.shape[1:]), meaning=meaning)


def picture_data(own: Examples, split_name: Split, size: Size) -> Dataset:
    """Return the pictures of a split, float32 in 0..1, and their class numbers."""
    chosen = own.chosen(split_name, size)
    pixels = own.values[chosen].astype(np.float32) / 255
    return Dataset(inputs={"image": pixels}, targets=own.labels[chosen])


def to_ppm(picture: Array) -> bytes:
    """Return a picture `(height, width, 1 or 3)`, uint8, as the content of a PGM or PPM file."""
    height, width, channels = picture.shape
    kind = b"P5" if channels == 1 else b"P6"
    return kind + b"\n%d %d\n255\n" % (width, height) + picture.tobytes()


def _side(files: Sequence[ClassFile], sides: tuple[int, ...]) -> int:
    """Return the input's side; only the headers of the files are read."""
    if importlib.util.find_spec("PIL") is None:
        raise Unavailable("Pictures are read by Pillow, which is not here: pip install pillow.")
    shorter = []
    for file in files[:: max(1, len(files) // 500)]:
        with contextlib.suppress(*UNREADABLE):
            shorter.append(min(picture_size(file.path)))
    middle = float(np.median(shorter)) if shorter else 0.0
    return max((side for side in sides if side <= middle), default=min(sides))


def _read(folders: ClassFolders, side: int) -> Read:
    rows: list[tuple[str, ClassFile, Array, Array]] = []
    failed: dict[str, str] = {}
    for file in folders.files:
        try:
            picture = read_picture(file.path)
            if min(picture.shape[:2]) < SMALLEST:
                height, width, _ = picture.shape
                raise ValueError(
                    f"{width}x{height} pixels, and {SMALLEST}x{SMALLEST} are the least"
                )
            pixels = np.rint(fit(picture, (side, side, 3)) * 255).astype(np.uint8)
            key = content_key(file.path.read_bytes())
            rows.append((key, file, pixels, thumbnail(picture)))
        except UNREADABLE as error:
            name = str(file.path.relative_to(folders.root))
            failed[name] = _why(error, file.path)
    if not rows:
        name, why = next(iter(failed.items()))
        raise BadData(f"No picture of '{folders.root}' can be used; '{name}': {why}.")
    rows.sort(key=lambda row: (row[0], str(row[1].path)))
    keys, files, pixels_of, thumbnails = zip(*rows, strict=True)
    return Read(
        files=files,
        keys=keys,
        pixels=np.stack(pixels_of),
        thumbnails=np.stack(thumbnails),
        failed=failed,
    )


def _why(error: BaseException, path: Path) -> str:
    """Return why a file could not be read, without the name that stands beside it."""
    text = reason(error)
    if NO_PICTURE in text:
        return "not a picture"
    return text.replace(f"'{path}' ", "").replace(str(path), path.name)


def _alike(found: Read, labels: Array) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return pairs that look the same, and those among them that are of two classes."""
    pairs = same_pictures(found.thumbnails)
    return pairs, [pair for pair in pairs if labels[pair[0]] != labels[pair[1]]]


def _alike_said(
    pairs: Sequence[tuple[int, int]],
    clashes: Sequence[tuple[int, int]],
    found: Read,
    folder: Path,
) -> tuple[str, ...]:
    said = []
    if pairs:
        names = _names([found.files[index] for index in pairs[0]], folder)
        count = len({index for pair in pairs for index in pair})
        said.append(
            f"{count:,} pictures look like another one, such as '{names[0]}' and '{names[1]}'; "
            "those that look alike are in the same split."
        )
    if clashes:
        names = _names([found.files[index] for index in clashes[0]], folder)
        said.append(
            f"Look at {counted(len(clashes), 'pair')} of pictures that look alike and are of two "
            f"classes, such as '{names[0]}' and '{names[1]}'."
        )
    return tuple(said)


def _names(files: Sequence[ClassFile], folder: Path) -> tuple[str, ...]:
    return tuple(str(file.path.relative_to(folder)) for file in files)
