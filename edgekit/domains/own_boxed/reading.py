"""Read a folder of pictures with boxes, and split it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, reason
from edgekit.core.types import Array
from edgekit.domains.own_boxed.pictures import OwnBoxed
from edgekit.domains.own_boxed.remarks import counted_boxes, warnings
from edgekit.domains.own_boxed.single import only_single
from edgekit.domains.own_boxed.strata import rarest_classes
from edgekit.domains.own_data.boxes import BoxedPicture, BoxedPictures, own_boxes
from edgekit.domains.own_data.files import counted, remembered
from edgekit.domains.own_data.near_duplicates import same_pictures, thumbnail
from edgekit.domains.own_data.splitting import (
    LEAST,
    ToSplit,
    content_key,
    named_split,
    split,
)
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.intake.media import UNREADABLE, left_out
from edgekit.on_device.pictures import read_picture
from edgekit.on_device.vision.boxes import NO_LABEL
from edgekit.on_device.vision.letterbox import letterbox, to_network

MOST_PICTURES = 4000
"""More do not fit into the memory of a small machine, nor into twenty minutes of training."""


def own_boxed(folder: Path, shape: Sequence[int], *, single: bool = False) -> OwnBoxed:
    """Read a user's pictures and their boxes, and split them.

    Splits are those of folders called train, validation and test, or else of each class 70 %, 10 %
    and 20 % by content; pictures that look alike stay together.

    Args:
        folder: With Pascal VOC, COCO or YOLO files.
        shape: Height, width and channels that the network takes.
        single: Only pictures with exactly one box are taken.

    Raises:
        BadData: The folder is laid out in another way, or holds too little.
    """
    return _readers(tuple(shape), single)(folder)


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A picture that could be read: key of its content, and at the network's size."""

    key: str
    given: BoxedPicture
    image: Array
    boxes: Array
    thumbnail: Array


@lru_cache(maxsize=4)
def _readers(shape: tuple[int, ...], single: bool) -> Callable[[Path], OwnBoxed]:
    return remembered(lambda folder: _own_boxed(folder, shape, single))


def _own_boxed(folder: Path, shape: tuple[int, ...], single: bool) -> OwnBoxed:
    given = own_boxes(folder)
    given = only_single(given, folder) if single else given
    failed: dict[str, str] = {}
    read = _read(given, shape, failed)
    if not read:
        name, why = next(iter(failed.items()))
        raise BadData(f"No picture of '{folder}' can be used; '{name}': {why}.")
    names = _used_names(given, read, folder)
    labels = [names.index(given.names[k]) for each in read for k in each.given.labels]
    by_picture = np.split(
        np.array(labels, np.int32), np.cumsum([len(each.boxes) for each in read])[:-1]
    )
    pairs = same_pictures(np.stack([each.thumbnail for each in read]))
    strata, kinds = rarest_classes(by_picture, names)
    splits, rule = split(
        ToSplit(
            labels=strata,
            label_names=kinds,
            keys=[each.key for each in read],
            groups=[""] * len(read),
            given=_given(read, folder),
            alike=pairs,
            where=f"'{folder}'",
            what="pictures",
        )
    )
    kept = np.flatnonzero(splits != "")
    pictures = _boxed_set([read[i] for i in kept], [by_picture[i] for i in kept], names, shape)
    sources = tuple(str(each.given.path.relative_to(folder)) for each in read)
    own = OwnBoxed(
        pictures=pictures,
        splits=splits[kept],
        sources=tuple(sources[i] for i in kept),
        remarks=(),
    )
    several = any(len(set(each.tolist())) > 1 for each in by_picture)
    remarks = (
        *counted_boxes(own),
        f"The network sees the whole picture, made to fit into {shape[1]}x{shape[0]} pixels.",
        *rule,
        *(["A picture of several classes was split by the rarest of them."] if several else []),
        *_alike_said(pairs, sources),
        *warnings(own),
        *left_out(failed, len(given.pictures), "pictures"),
        *given.remarks,
    )
    if (over := len(given.pictures) - MOST_PICTURES) > 0:
        remarks = (
            *remarks,
            f"Left out: {counted(over, 'picture')}, of more than {MOST_PICTURES:,} the last by the "
            "SHA-256 of their content.",
        )
    return replace(own, remarks=remarks)


def _read(given: BoxedPictures, shape: tuple[int, ...], failed: dict[str, str]) -> list[_Read]:
    """Return the pictures that can be read, at the network's size, ordered by their content."""
    keyed = []
    for each in given.pictures:
        try:
            keyed.append((content_key(each.path.read_bytes()), each))
        except OSError as error:
            failed[each.path.name] = reason(error)
    keyed.sort(key=lambda pair: (pair[0], str(pair[1].path)))
    read = []
    for key, each in keyed[:MOST_PICTURES]:
        try:
            picture = read_picture(each.path)
        except UNREADABLE as error:
            failed[each.path.name] = reason(error)
            continue
        fitted, placement = letterbox(picture, shape)
        read.append(
            _Read(
                key=key,
                given=each,
                image=np.rint(fitted * 255).astype(np.uint8),
                boxes=to_network(each.boxes, placement),
                thumbnail=thumbnail(picture),
            )
        )
    return read


def _used_names(given: BoxedPictures, read: Sequence[_Read], folder: Path) -> tuple[str, ...]:
    """Return the names of the classes that have boxes.

    Raises:
        BadData: One of them has boxes on too few pictures.
    """
    on = [{int(label) for label in each.given.labels} for each in read]
    counts = {name: sum(k in there for there in on) for k, name in enumerate(given.names)}
    for name, count in counts.items():
        if 0 < count < LEAST:
            raise BadData(
                f"Class '{name}' of '{folder}' has boxes on {counted(count, 'picture')}; each "
                f"class needs {LEAST} or more, to train, validate and test. Add some, or take its "
                "boxes out."
            )
    return tuple(name for name, count in counts.items() if count)


def _given(read: Sequence[_Read], folder: Path) -> list[str]:
    """Return the splits that a user's folders name; "" everywhere unless they name all."""
    found = [named_split(each.given.path.relative_to(folder)) for each in read]
    names_all = all(found) and "train" in found and len(set(found)) > 1
    return found if names_all else [""] * len(found)


def _alike_said(pairs: Sequence[tuple[int, int]], sources: Sequence[str]) -> tuple[str, ...]:
    if not pairs:
        return ()
    count = len({index for pair in pairs for index in pair})
    return (
        f"{count:,} pictures look like another one, such as '{sources[pairs[0][0]]}' and "
        f"'{sources[pairs[0][1]]}'; those that look alike are in the same split.",
    )


def _boxed_set(
    read: Sequence[_Read], labels: Sequence[Array], names: tuple[str, ...], shape: tuple[int, ...]
) -> BoxedSet:
    most = max(len(each.boxes) for each in read)
    boxes = np.zeros((len(read), most, 4), np.float32)
    numbers = np.full((len(read), most), NO_LABEL, np.int32)
    for index, (each, own) in enumerate(zip(read, labels, strict=True)):
        boxes[index, : len(own)], numbers[index, : len(own)] = each.boxes, own
    images = np.stack([each.image for each in read])
    return BoxedSet(images=images, boxes=boxes, labels=numbers, names=names)
