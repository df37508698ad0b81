"""Pictures beside masks that say of each pixel what it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.own_data.files import counted, files_of, picture_size
from edgekit.intake.media import PICTURES, UNREADABLE, left_out

PICTURE_FOLDERS = ("images", "image", "pictures", "img", "imgs")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations")
MARK = "_mask"
EXPECTED = (
    "expected are the folders images and masks with files of the same names, or each NAME.png "
    "beside a NAME_mask.png"
)
MOST_CLASSES = 64


@dataclass(frozen=True, kw_only=True)
class MaskedPictures:
    """Pictures and masks.

    Attributes:
        pairs: Picture and mask.
        values: What the masks hold for each class: grey values.
        remarks: What there is to say of them, in sentences.
    """

    pairs: tuple[tuple[Path, Path], ...]
    values: tuple[int, ...]
    remarks: tuple[str, ...]


def own_masks(folder: Path) -> MaskedPictures:
    """Find pictures and their masks, and the classes that the masks name by their grey values.

    A mask of two extremes with values between them, as JPEG leaves them, is of two classes: 0 and
    255.

    Raises:
        BadData: The folder is laid out in another way, or a mask has another size than its picture.
    """
    if not folder.is_dir():
        raise BadData(f"'{folder}' is a file; {EXPECTED}.")
    pairs, bare = _pairs(folder)
    failed: dict[str, str] = {}
    kept: list[tuple[Path, Path]] = []
    values: set[int] = set()
    for picture, mask in pairs:
        try:
            size, mask_size = picture_size(picture), picture_size(mask)
            grey = read_mask(mask)
        except UNREADABLE as error:
            failed[picture.name] = "not a picture" if "identify" in str(error) else str(error)
            continue
        if size != mask_size:
            raise BadData(
                f"Mask '{mask.name}' has {mask_size[0]}x{mask_size[1]} pixels and its picture "
                f"'{picture.name}' {size[0]}x{size[1]}; expected is one size."
            )
        kept.append((picture, mask))
        values |= set(np.unique(grey).tolist())
    if not kept:
        raise BadData(f"No picture of '{folder}' and its mask can be used; {EXPECTED}.")
    said = list(left_out(failed, len(pairs), "pictures"))
    if bare:
        said.append(f"Left out: {counted(bare, 'picture')} without a mask.")
    if len(values) > MOST_CLASSES and {0, 255} <= values:
        said.append("The masks hold shades of grey; from 128 on they count as 255, else as 0.")
        values = {0, 255}
    if not 2 <= len(values) <= MOST_CLASSES:
        raise BadData(
            f"The masks of '{folder}' hold {len(values)} different values; expected are 2 to "
            f"{MOST_CLASSES}, one for each class."
        )
    return MaskedPictures(pairs=tuple(kept), values=tuple(sorted(values)), remarks=tuple(said))


def read_mask(path: Path) -> Array:
    """Return a mask's grey values, or the numbers of its palette: `(height, width)`, uint8."""
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
        return np.asarray(upright if upright.mode in ("L", "P") else upright.convert("L"), np.uint8)


def classes_of(mask: Array, values: Sequence[int]) -> Array:
    """Return a mask with the number of the class in place of its value, `(height, width)`."""
    limits = np.convolve(np.sort(np.asarray(values, float)), [0.5, 0.5], "valid")
    return np.searchsorted(limits, mask, side="right").astype(np.uint8)


def _pairs(folder: Path) -> tuple[list[tuple[Path, Path]], int]:
    """Return pictures with their masks, and how many have none."""
    pictures = [path for path in files_of(folder) if path.suffix.lower() in PICTURES]
    shown, masks = _apart(folder, pictures)
    if not shown or not masks:
        raise BadData(f"'{folder}' holds {len(pictures)} pictures and no masks; {EXPECTED}.")
    by_key = {_key(folder, path): path for path in masks}
    stems = Counter(_key(folder, path)[-1] for path in masks)
    by_stem = {key[-1]: path for key, path in by_key.items() if stems[key[-1]] == 1}
    found = [(path, by_key.get(_key(folder, path)) or by_stem.get(path.stem)) for path in shown]
    pairs = [(path, mask) for path, mask in found if mask]
    if not pairs:
        raise BadData(f"No mask of '{folder}' is called like a picture; {EXPECTED}.")
    return pairs, len(shown) - len(pairs)


def _apart(folder: Path, pictures: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return what are pictures and what are masks, by their folders, or else by their names."""
    parts = {
        path: {part.lower() for part in path.relative_to(folder).parent.parts} for path in pictures
    }
    masks = [path for path in pictures if parts[path] & set(MASK_FOLDERS)]
    shown = [path for path in pictures if parts[path] & set(PICTURE_FOLDERS) and path not in masks]
    if shown and masks:
        return shown, masks
    masks = [path for path in pictures if path.stem.endswith(MARK)]
    return [path for path in pictures if not path.stem.endswith(MARK)], masks


def _key(folder: Path, path: Path) -> tuple[str, ...]:
    """Return what a picture and its mask have in common: folders such as train, and the name."""
    parents = path.relative_to(folder).parent.parts
    kept = (part for part in parents if part.lower() not in (*PICTURE_FOLDERS, *MASK_FOLDERS))
    return (*kept, path.stem.removesuffix(MARK))
