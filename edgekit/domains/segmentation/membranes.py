"""Membranes of nerve cells in electron micrographs: the ISBI 2012 challenge, split by picture.

The thirty pictures are neighbouring sections of one block of tissue. The last eight are for tests
and stand together, so that no tested section lies between two that were trained on.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

import numpy as np

from edgekit.core.recipe import Dataset, Tensor
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.segmentation.masked import Masked, in_tiles
from edgekit.domains.segmentation.scoring import iou_of_classes
from edgekit.domains.upstream.archives import members
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.pictures import ISBI_MEMBRANE
from edgekit.on_device.pictures import to_pgm
from edgekit.on_device.programs.segment import SETTINGS, Settings

SMALL = "isbi_membranes_small.npz"
LABELS = ("cell", "membrane")
TEST = range(22, 30)
VALIDATION = range(20, 22)
SHAPE = (128, 128, 1)
"""Of a tile."""
MARGIN = 16
"""Pixels at the edge of a tile that do not count."""
NUM_CALIBRATION = 100
WEIGHTS = (0.84, 1.58)
"""Of the classes in the loss: `balancing` of how many pixels of the training sections each has."""
EXAMPLE = "example.pgm"

IMAGE = Tensor(name="image", shape=(1, *SHAPE), meaning="grey micrograph, 4 nm a pixel, 0..1")

SOURCE = (
    "Arganda-Carreras et al., Crowdsourcing the Creation of Image Segmentation Algorithms for "
    "Connectomics, 2015, https://doi.org/10.3389/fnana.2015.00142"
)


def membranes(split: Split, size: Size) -> Dataset:
    """Return tiles `(n, 128, 128, 1)`, float32 in 0..1, and classes `(n, 128, 128)` of a split.

    What is validated and tested is cut with a margin that does not count, as on a device; so each
    pixel of a picture counts once.
    """
    chosen = of_split(split, size)
    if split in ("validation", "test"):
        return in_tiles(chosen, SHAPE, MARGIN)
    return in_tiles(chosen, SHAPE, 0, most=NUM_CALIBRATION if split == "calibration" else None)


def of_split(split: Split, size: Size) -> Masked:
    """Return the pictures of a split; calibration data are training pictures.

    Raises:
        Unavailable, BadData: The archive is not on this machine, or not the expected one.
    """
    numbers, masked = load(size)
    kinds = {"test": TEST, "validation": VALIDATION}
    wanted = kinds.get(split, range(VALIDATION.start))
    return masked.only([index for index, number in enumerate(numbers) if number in wanted])


@lru_cache(maxsize=2)
def load(size: Size) -> tuple[tuple[int, ...], Masked]:
    """Return the numbers of the sections, and the whole sections or the parts that ship."""
    sections = _read_archive() if size == "full" else _read_sample()
    numbers, pictures, masks = zip(*sections, strict=True)
    classes = tuple((mask < 128).astype(np.uint8) for mask in masks)  # membranes are black
    return numbers, Masked(pictures=tuple(p[..., np.newaxis] for p in pictures), masks=classes)


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program reads, and a part of a test section to try a bundle with."""
    pixels = of_split("test", "tiny").pictures[0][:200, :300, 0]
    return {SETTINGS: Settings(longest=None, margin=MARGIN).to_json(), EXAMPLE: to_pgm(pixels)}


def by_brightness(size: Size, progress: Progress) -> float:
    """Return what the best threshold scores: dark pixels are membranes. Mean IoU in percent.

    The threshold is the one that is best on the training pictures.
    """
    train, test = (_histograms(of_split(split, size)) for split in ("train", "test"))
    best = max(range(1, 256), key=lambda threshold: _iou_below(train, threshold))
    progress(1.0, f"a pixel darker than {best} of 255 is a membrane")
    return _iou_below(test, best)


def _histograms(masked: Masked) -> Array:
    """Return how many pixels there are of each class and brightness, `(2, 256)`."""
    pairs = zip(masked.masks, masked.pictures, strict=True)
    joint = np.concatenate([(mask.astype(int) * 256 + p[..., 0]).ravel() for mask, p in pairs])
    return np.bincount(joint, minlength=2 * 256).reshape(2, 256)


def _iou_below(histograms: Array, threshold: int) -> float:
    dark = histograms[:, :threshold].sum(axis=1)
    confused = np.stack([histograms.sum(axis=1) - dark, dark], axis=1)
    return 100 * float(np.mean(iou_of_classes(confused)))


def _read_archive() -> Iterable[tuple[int, Array, Array]]:
    """Give number, picture and mask of each section, `(512, 512)`, uint8."""
    from PIL import Image

    found: dict[tuple[str, int], Array] = {}
    for name, content in members(locate(ISBI_MEMBRANE), ISBI_MEMBRANE.files[0].used):
        path = PurePosixPath(name)
        with Image.open(io.BytesIO(content)) as image:
            found[path.parent.name, int(path.stem)] = np.asarray(image.convert("L"))
    numbers = sorted(number for kind, number in found if kind == "image")
    return [(each, found["image", each], found["label", each]) for each in numbers]


def _read_sample() -> Iterable[tuple[int, Array, Array]]:
    """Give number, picture and mask of each section's part that ships."""
    from PIL import Image

    arrays = read_packaged(SMALL)
    masks = np.unpackbits(arrays["cells"], axis=2) * np.uint8(255)
    for number, file, mask in zip(arrays["numbers"].tolist(), _files(arrays), masks, strict=True):
        with Image.open(io.BytesIO(file)) as image:
            yield number, np.asarray(image), mask


def _files(arrays: dict[str, Array]) -> list[bytes]:
    ends = np.cumsum(arrays["lengths"])
    return [part.tobytes() for part in np.split(arrays["jpeg"], ends[:-1])]
