"""Pictures with boxes: blood cells and playing cards, at the size that a network takes.

Source: Shenggan, BCCD Dataset, 2018, https://github.com/Shenggan/BCCD_Dataset; EdjeElectronics,
TensorFlow Object Detection API tutorial, 2018,
https://github.com/EdjeElectronics/TensorFlow-Object-Detection-API-Tutorial-Train-Multiple-Objects-Windows-10.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

import numpy as np

from edgekit.core.types import Array, Batch, Size, Split
from edgekit.domains.learning.downloads import decode_picture, read_packaged
from edgekit.domains.learning.kept_arrays import kept
from edgekit.domains.own_data.boxes import read_voc, within
from edgekit.domains.own_data.files import picture_size
from edgekit.domains.upstream import archives
from edgekit.domains.upstream.data_set import DataSet, locate
from edgekit.domains.upstream.pictures import BCCD, PLAYING_CARDS
from edgekit.on_device.vision.boxes import NO_LABEL
from edgekit.on_device.vision.letterbox import letterbox, to_network

CELLS = ("RBC", "WBC", "Platelets")
"""Red and white blood cells, and the platelets between them."""
RANKS = ("nine", "ten", "jack", "queen", "king", "ace")

NUM_CALIBRATION = 100


@dataclass(frozen=True, kw_only=True)
class BoxedSet:
    """Pictures of one size with boxes.

    Attributes:
        images: `(n, height, width, 3)`, uint8.
        boxes: `(n, most, 4)`, float32: left, top, right, bottom in pixels of `images`; 0 for none.
        labels: `(n, most)`, int32, numbers of `names`; -1 where there is no box.
        names: Of the classes.
    """

    images: Array
    boxes: Array
    labels: Array
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def only(self, chosen: Array) -> BoxedSet:
        """Return some of the pictures, by their indices or by a mask."""
        return BoxedSet(
            images=self.images[chosen],
            boxes=self.boxes[chosen],
            labels=self.labels[chosen],
            names=self.names,
        )


@dataclass(frozen=True, kw_only=True)
class BoxedFile:
    """A picture as its file holds it.

    Attributes:
        content: Of a JPEG or WebP file.
        boxes: `(n, 4)`, float32, in its pixels.
        labels: `(n,)`, int32.
        split: "train", "validation" or "test".
    """

    content: bytes
    boxes: Array
    labels: Array
    split: str


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A data set, its classes, its sample, and how the split of each picture is told."""

    data_set: DataSet
    small: str
    names: tuple[str, ...]
    splits: Callable[[Mapping[str, bytes]], Mapping[str, str]]


def blood_cells(split: Split, size: Size, shape: Sequence[int]) -> BoxedSet:
    """Return BCCD's pictures of stained blood: 277 to train, 15 to validate, 72 to test.

    Its own lists tell them apart; every sixth picture of its validation list validates, and the
    others train. `tiny` has 64, 6 and 20 of them.

    Args:
        split: Calibration data are training pictures.
        size: Of the data.
        shape: Height, width and channels that a network takes; pictures are letterboxed to it.
    """
    return _of_split("blood_cells", split, size, shape)


def playing_cards(split: Split, size: Size, shape: Sequence[int]) -> BoxedSet:
    """Return photos of playing cards: 271 to train, 25 to validate, 67 to test.

    Their own folders tell them apart; every twelfth of the training photos validates. `tiny` has
    40, 6 and 24 of them.

    Args:
        split: As of `blood_cells`.
        size: As of `blood_cells`.
        shape: As of `blood_cells`.
    """
    return _of_split("playing_cards", split, size, shape)


def whole_files(source: str) -> list[BoxedFile]:
    """Return all pictures of `blood_cells` or `playing_cards` as their files hold them, by name."""
    return _files(_SOURCES[source], "full")


def boxed_set(
    files: Sequence[BoxedFile], names: tuple[str, ...], shape: Sequence[int], most: int
) -> BoxedSet:
    """Return pictures letterboxed to one shape, their boxes padded to `most`."""
    images = np.zeros((len(files), *shape), np.uint8)
    boxes = np.zeros((len(files), most, 4), np.float32)
    labels = np.full((len(files), most), NO_LABEL, np.int32)
    for index, file in enumerate(files):
        picture = decode_picture(file.content) / np.float32(255)
        fitted, placement = letterbox(picture, shape)
        images[index] = np.rint(fitted * 255)
        boxes[index, : len(file.boxes)] = to_network(file.boxes, placement)
        labels[index, : len(file.labels)] = file.labels
    return BoxedSet(images=images, boxes=boxes, labels=labels, names=names)


def _of_split(source: str, split: Split, size: Size, shape: Sequence[int]) -> BoxedSet:
    found, splits = _read(source, size, tuple(shape))
    chosen = np.flatnonzero(splits == ("train" if split == "calibration" else split))
    return found.only(chosen[:NUM_CALIBRATION] if split == "calibration" else chosen)


@lru_cache(maxsize=2)
def _read(name: str, size: Size, shape: tuple[int, ...]) -> tuple[BoxedSet, Array]:
    """Return all pictures of a data set, and the split of each.

    Those of a whole data set are decoded and letterboxed once on a machine.
    """
    source = _SOURCES[name]
    if size == "tiny":
        return _decoded(_files(source, size), source.names, shape)

    def make() -> Batch:
        found, splits = _decoded(_files(source, size), source.names, shape)
        arrays = {"images": found.images, "boxes": found.boxes, "labels": found.labels}
        return {**arrays, "splits": splits}

    arrays = dict(kept(name, (source.data_set.files, shape), _CODE, make))
    splits = arrays.pop("splits")
    return BoxedSet(names=source.names, **arrays), splits


def _decoded(
    files: Sequence[BoxedFile], names: tuple[str, ...], shape: tuple[int, ...]
) -> tuple[BoxedSet, Array]:
    most = max(len(file.boxes) for file in files)
    return boxed_set(files, names, shape, most), np.array([file.split for file in files])


def _files(source: _Source, size: Size) -> list[BoxedFile]:
    if size == "tiny":
        return unpacked(read_packaged(source.small))
    path, used = locate(source.data_set), source.data_set.files[0].used
    content = dict(archives.members(path, used))
    splits = source.splits(content)
    # A picture's file lies beside that of its boxes, or is called so elsewhere.
    pictures = {
        PurePosixPath(name).stem: data
        for name, data in content.items()
        if name.lower().endswith(".jpg")
    }
    files = []
    for name in sorted(name for name in content if name.endswith(".xml")):
        stem = PurePosixPath(name).stem
        labels, given = read_voc(content[name])
        boxes, sound = within(given, picture_size(io.BytesIO(pictures[stem])))
        numbers = np.array([source.names.index(label) for label in labels], np.int32)
        files.append(
            BoxedFile(
                content=pictures[stem],
                boxes=boxes[sound],
                labels=numbers[sound],
                split=splits[stem],
            )
        )
    return files


def packed(files: Sequence[BoxedFile]) -> dict[str, Array]:
    """Return pictures as the arrays of a sample that ships."""
    return {
        "content": np.frombuffer(b"".join(file.content for file in files), np.uint8),
        "lengths": np.array([len(file.content) for file in files], np.int32),
        "boxes": np.concatenate([file.boxes for file in files]).round(1),
        "labels": np.concatenate([file.labels for file in files]).astype(np.int8),
        "counts": np.array([len(file.boxes) for file in files], np.int16),
        "splits": np.array([file.split for file in files]),
    }


def unpacked(arrays: Mapping[str, Array]) -> list[BoxedFile]:
    """Return the pictures of a sample that ships."""
    contents = np.split(arrays["content"], np.cumsum(arrays["lengths"])[:-1])
    ends = np.cumsum(arrays["counts"])[:-1]
    boxes, labels = np.split(arrays["boxes"], ends), np.split(arrays["labels"], ends)
    return [
        BoxedFile(content=c.tobytes(), boxes=b, labels=k.astype(np.int32), split=str(s))
        for c, b, k, s in zip(contents, boxes, labels, arrays["splits"], strict=True)
    ]


def _listed(content: Mapping[str, bytes]) -> dict[str, str]:
    """Return the splits of BCCD, by its lists."""
    lists = {
        name: content[f"BCCD/ImageSets/Main/{name}.txt"].decode().split()
        for name in ("train", "val", "test")
    }
    splits = dict.fromkeys([*lists["train"], *lists["val"]], "train")
    return {
        **splits,
        **dict.fromkeys(lists["val"][::6], "validation"),
        **dict.fromkeys(lists["test"], "test"),
    }


def _in_folders(content: Mapping[str, bytes]) -> dict[str, str]:
    """Return the splits of the cards, by their folders."""
    paths = sorted(PurePosixPath(name) for name in content if name.endswith(".xml"))
    train = [path.stem for path in paths if path.parent.name == "train"]
    return {
        **{path.stem: path.parent.name for path in paths},
        **dict.fromkeys(train[::12], "validation"),
    }


_CODE = (
    "domains/vision/boxed_pictures.py",
    "domains/own_data/boxes.py",
    "on_device/pictures.py",
    "on_device/vision/letterbox.py",
)
"""What decides how a picture is read: where it changes, pictures are decoded anew."""

_SOURCES = {
    "blood_cells": _Source(
        data_set=BCCD, small="blood_cells_small.npz", names=CELLS, splits=_listed
    ),
    "playing_cards": _Source(
        data_set=PLAYING_CARDS, small="playing_cards_small.npz", names=RANKS, splits=_in_folders
    ),
}
