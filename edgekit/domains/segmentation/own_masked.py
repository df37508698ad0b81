"""A user's pictures and masks as the data of a segmentation recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.own_data.examples import SPLITS_FILE
from edgekit.domains.own_data.files import csv_text, remembered
from edgekit.domains.own_data.masks import classes_of, own_masks, read_mask
from edgekit.domains.own_data.near_duplicates import same_pictures, thumbnail
from edgekit.domains.own_data.pictures import to_ppm
from edgekit.domains.own_data.splitting import ToSplit, content_key, named_split, split
from edgekit.domains.segmentation.deforming import PHOTOS
from edgekit.domains.segmentation.masked import VOID, Masked, in_tiles
from edgekit.domains.segmentation.scoring import (
    always,
    details_of,
    masks_key,
    scores_tensor,
    show_of,
)
from edgekit.domains.segmentation.training import Schedule, balancing, fit, loss_of
from edgekit.on_device.pictures import GREY, read_picture
from edgekit.on_device.programs.segment import SETTINGS, Settings, seen_size
from edgekit.on_device.vision.tiles import enlarged, resized

if TYPE_CHECKING:
    import keras

    Network = Callable[[tuple[int, ...], int, Size], keras.Model]
    """`(shape of a tile, number of classes, size)` -> an untrained network."""

SIDE = 128
"""Pixels of a tile."""
OWN = Settings(longest=512, margin=16)
"""Larger pictures are made smaller, so that a tile shows a good part of them."""
MOST_TILES: Mapping[Split, int] = {
    "train": 1000,
    "validation": 200,
    "test": 1000,
    "calibration": 100,
}
"""Tiles that a data set holds; training draws its own pieces from all pictures."""


@dataclass(frozen=True, kw_only=True)
class OwnMasked:
    """A user's pictures and masks.

    Attributes:
        masked: As a network is shown them: grey or colour, not larger than `OWN` says.
        labels: Names of the classes.
        sources: The file that each picture stands in.
        splits: `(n,)`: "train", "validation" or "test".
        remarks: What there is to say of them, in sentences.
    """

    masked: Masked
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    splits: Array
    remarks: tuple[str, ...]

    def of_split(self, name: Split) -> Masked:
        """Return the pictures of a split; calibration data are training pictures."""
        wanted = "train" if name == "calibration" else name
        return self.masked.only(np.flatnonzero(self.splits == wanted).tolist())

    def splits_csv(self) -> str:
        """Return each picture with its split, as CSV."""
        return csv_text(("source", "split"), self.sources, self.splits)


def on_masks(
    recipe: Recipe, folder: Path, *, network: Network, schedule: Mapping[Size, Schedule]
) -> Recipe:
    """Return a segmentation recipe on a user's pictures; classes and colours follow them.

    Args:
        recipe: The recipe on its own data.
        folder: Pictures and masks, as `own_masks` takes them.
        network: Makes the untrained network.
        schedule: How long it trains.

    Raises:
        BadData: The folder is laid out in another way, or holds too little.
    """
    own = read_masked(folder)
    shape = (SIDE, SIDE, own.masked.pictures[0].shape[2])
    count = len(own.labels)
    loss = loss_of(balancing(own.of_split("train").counts(count)))
    commonest = int(own.of_split("train").counts(count).argmax())
    picture = own.of_split("test").pictures[0]
    example = "example.pgm" if shape[2] == 1 else "example.ppm"

    def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        pictures = own.of_split("train")
        return fit(
            model, pictures, loss, schedule=schedule[size], variation=PHOTOS, progress=progress
        )

    def assets(size: Size) -> dict[str, str | bytes]:
        files = {SETTINGS: OWN.to_json(), SPLITS_FILE: own.splits_csv()}
        return {**files, example: to_ppm(picture)}

    return replace(
        recipe,
        signature=Signature(
            inputs=(_input(shape),), outputs=(scores_tensor(shape, count),), labels=own.labels
        ),
        baseline=(
            f"always '{own.labels[commonest]}'",
            always(commonest, own.of_split("test").counts(count)),
        ),
        build=lambda size: network(shape, count, size),
        data=lambda name, size: tiles_of_split(own, name, shape),
        train=train,
        answer_key=masks_key(count),
        details=details_of(own.labels),
        show=show_of(own.labels),
        loss=loss,
        program=Program(name="segment", example=(example,)),
        assets=assets,
        with_data=None,
        about_data=own.remarks,
    )


def tiles_of_split(own: OwnMasked, name: Split, shape: Sequence[int]) -> Dataset:
    """Return tiles of a split's pictures and the classes of their pixels."""
    margin = OWN.margin if name in ("validation", "test") else 0
    return in_tiles(own.of_split(name), shape, margin, most=MOST_TILES[name])


@remembered
def read_masked(folder: Path) -> OwnMasked:
    """Read a user's pictures and masks and split them.

    Pictures are grey if none has a colour. A mask's value 255 is no class where the others are 0,
    1, 2 ...: as in Pascal VOC it marks pixels that do not count.

    Raises:
        BadData: The folder is laid out in another way, or holds too little.
    """
    found = own_masks(folder)
    values, void_said = _without_void(found.values)
    pictures, masks, keys, thumbnails = [], [], [], []
    for picture_path, mask_path in found.pairs:
        picture, mask = read_picture(picture_path), read_mask(mask_path)
        size = seen_size(mask.shape[0], mask.shape[1], OWN)
        classes = classes_of(mask, values)
        if void_said:
            classes[mask == VOID] = VOID
        pictures.append(np.rint(resized(picture, *size) * 255).astype(np.uint8))
        masks.append(enlarged(classes, *size))
        keys.append(content_key(picture_path.read_bytes()))
        thumbnails.append(thumbnail(picture))
    splits, rule = split(
        ToSplit(
            labels=np.zeros(len(keys), np.int32),
            label_names=("masked",),
            keys=keys,
            groups=[""] * len(keys),
            given=[named_split(path.relative_to(folder)) for path, _ in found.pairs],
            alike=same_pictures(np.stack(thumbnails)),
            where=f"'{folder}'",
            what="pictures",
        )
    )
    kept = np.flatnonzero(splits != "").tolist()
    masked = Masked(pictures=_of_one_kind(pictures), masks=tuple(masks)).only(kept)
    labels, named = _labels(folder, values)
    counts = masked.counts(len(labels))
    shares = (
        f"'{name}' {100 * n / counts.sum():.1f} %" for name, n in zip(labels, counts, strict=True)
    )
    colours = "grey" if masked.pictures[0].shape[2] == 1 else "colour"
    return OwnMasked(
        masked=masked,
        labels=labels,
        sources=tuple(str(found.pairs[index][0].relative_to(folder)) for index in kept),
        splits=splits[kept],
        remarks=(
            f"{len(kept):,} pictures with masks; of their pixels are {', '.join(shares)}.",
            f"The network takes {colours} tiles of {SIDE}x{SIDE} pixels; pictures are made smaller "
            f"where their longer side has more than {OWN.longest} pixels.",
            *named,
            *void_said,
            *rule,
            *found.remarks,
        ),
    )


def _input(shape: tuple[int, ...]) -> Tensor:
    meaning = "grey picture, 0..1" if shape[2] == 1 else "red, green and blue, 0..1"
    return Tensor(name="image", shape=(1, *shape), meaning=meaning)


def _without_void(values: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the values that are classes, and what is said of 255 if it is none."""
    classes = values[:-1]
    if len(classes) < 2 or values[-1] != VOID or classes != tuple(range(len(classes))):
        return values, ()
    return classes, ("Pixels whose mask is 255 do not count: the classes are 0, 1, 2 ...",)


def _of_one_kind(pictures: Sequence[Array]) -> tuple[Array, ...]:
    """Return all pictures grey if none has a colour, else all in three channels."""
    if all((np.ptp(picture, axis=-1) <= 1).all() for picture in pictures):
        weights = {1: np.ones((1, 1)), 3: np.reshape(GREY, (3, 1))}
        return tuple(np.rint(p @ weights[p.shape[2]]).astype(np.uint8) for p in pictures)
    return tuple(p if p.shape[2] == 3 else p.repeat(3, axis=2) for p in pictures)


def _labels(folder: Path, values: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the classes, and what is said of them."""
    path = folder / "classes.txt"
    if path.is_file():
        names = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
        names = [name.strip() for name in names if name.strip()]
        if len(names) == len(values):
            return tuple(names), ()
        return tuple(map(str, values)), (
            f"classes.txt has {len(names)} names and the masks {len(values)} values; so classes "
            "are called by their values. Write one name a line, in the order of the values.",
        )
    return tuple(map(str, values)), (
        "Classes are called by their values in the masks; a classes.txt with a name a line, in "
        "the order of the values, names them.",
    )
