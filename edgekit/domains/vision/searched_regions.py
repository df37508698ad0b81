"""Regions that selective search proposes of pictures with boxes: found once, and kept.

Source: Uijlings et al., Selective Search for Object Recognition, 2013,
https://doi.org/10.1007/s11263-013-0620-5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgekit.core.recipe import Dataset, Tensor
from edgekit.core.types import Array, Batch, Progress, Size, Split, silent
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.learning.kept_arrays import digest_of, kept
from edgekit.domains.vision import detection
from edgekit.domains.vision.augmentation import augmented, moved_boxes, random_moves
from edgekit.domains.vision.boxed_batches import as_batch
from edgekit.domains.vision.boxed_pictures import BoxedSet, blood_cells
from edgekit.on_device.vision.boxes import intersection_over_union, padded, suppressed
from edgekit.on_device.vision.selective_search import selective_search

SAMPLE = "blood_cell_regions_small.npz"
SAMPLE_SHAPE = (240, 320, 3)

BASELINE_REGIONS = 500

CALIBRATING = 20
"""Pictures that quantization ranges are taken from; each has hundreds of regions."""

THINGS = 0.25
"""Share of the drawn regions of a picture that show a thing, if there are enough of them."""


def blood_cell_regions(
    split: Split, size: Size, most: int, progress: Progress = silent
) -> tuple[BoxedSet, Array]:
    """Return BCCD's pictures, 240 x 320, and the regions of each, `(n, most, 4)`, float32.

    Args:
        split: As of `blood_cells`.
        size: `tiny` has regions that ship with edgekit, 256 of a picture; they need no OpenCV.
        most: Regions of a picture; where there are fewer, boxes of zeros follow.
        progress: Told how many pictures have been searched.
    """
    pictures = blood_cells(split, size, SAMPLE_SHAPE)
    if split == "calibration":
        pictures = pictures.only(np.arange(CALIBRATING))
    if size != "tiny":
        return pictures, searched(pictures.images, most, progress)
    found = read_packaged(SAMPLE)["train" if split == "calibration" else split][: len(pictures)]
    regions = np.zeros((len(found), most, 4), np.float32)
    regions[:, : found.shape[1]] = found[:, :most]
    return pictures, regions


def together(pictures: BoxedSet, regions: Array) -> Dataset:
    """Return pictures and their regions as inputs, boxes and labels as targets."""
    found = detection.dataset(pictures)
    return replace(found, inputs={**found.inputs, "regions": regions})


def regions_input(most: int) -> Tensor:
    """Return the input of a detector that is given regions, at most so many of a picture."""
    return Tensor(
        name="regions",
        shape=(1, most, 4),
        meaning="proposed boxes in pixels, zeros for none; selective search finds them",
    )


def named_by_size(size: Size, progress: Progress) -> float:
    """Return mAP@0.5, in percent, of regions that are named after the class of nearest size.

    How sure that is falls with the ratio to the class's median size, as a logarithm.
    """
    cells = blood_cells("train", size, SAMPLE_SHAPE)
    sides = cells.boxes[..., 2:] - cells.boxes[..., :2]
    medians = np.log([np.median(sides[cells.labels == k], axis=0) for k in range(len(cells.names))])
    pictures, regions = blood_cell_regions("test", size, BASELINE_REGIONS, progress)
    found = []
    for each in regions:
        real = each[each[:, 2] > each[:, 0]]
        ratios = np.log(real[:, 2:] - real[:, :2])[:, None] - medians
        scores = np.exp(-np.abs(ratios).sum(axis=2))
        scores[scores < scores.max(axis=1, keepdims=True)] = 0
        found.append(suppressed(real, scores, least_score=0.1, threshold=0.45))
    answer = padded(found)
    return detection.score(lambda _: answer, detection.dataset(pictures))


def searched(images: Array, most: int, progress: Progress = silent) -> Array:
    """Return the regions of pictures `(n, height, width, 3)`, uint8: `(n, most, 4)`, float32.

    It takes 0.4 s for a picture of 320 x 240, so they are kept in edgekit's cache.
    """

    def search() -> Batch:
        regions = np.zeros((len(images), most, 4), np.uint16)
        for index, image in enumerate(images):
            found = selective_search(image.astype(np.float32) / 255, most)
            regions[index, : len(found)] = found
            progress((index + 1) / len(images), f"searched picture {index + 1}/{len(images)}")
        return {"regions": regions}

    code = ("on_device/vision/selective_search.py", "on_device/vision/boxes.py")
    found = kept("regions", (digest_of(images), most), code, search)
    return found["regions"].astype(np.float32)


def drawn(
    random: np.random.Generator, regions: Array, boxes: Array, count: int
) -> tuple[Array, Array]:
    """Draw regions of one picture to learn from: a quarter of them things, the others near misses.

    Its true boxes are among those drawn from, as they are most of what a region should be.

    Args:
        random: Where chance comes from.
        regions: `(n, 4)`, padded with boxes of zeros.
        boxes: `(most, 4)`, padded likewise.
        count: How many are drawn.

    Returns:
        `(count, 4)`, padded with boxes of zeros, and their overlap with the nearest box,
        `(count,)`.
    """
    offered = np.concatenate([boxes, regions])
    offered = offered[offered[:, 2] > offered[:, 0]]
    overlap = intersection_over_union(offered, boxes).max(axis=1, initial=0)
    things = random.permutation(np.flatnonzero(overlap >= 0.5))[: round(THINGS * count)]
    others = random.permutation(np.flatnonzero(overlap < 0.5))[: count - len(things)]
    chosen = np.concatenate([things, others])
    padding = ((0, count - len(chosen)), (0, 0))
    return np.pad(offered[chosen], padding), np.pad(overlap[chosen], padding[0])


def endless_region_batches(
    pictures: BoxedSet,
    regions: Array,
    random: np.random.Generator,
    *,
    batch_size: int,
    count: int,
) -> Iterator[tuple[Batch, Batch]]:
    """Yield pictures, some of their regions and all of their boxes without end, varied each time.

    Args:
        pictures: What to train on; they have no up, and are turned upside down too.
        regions: `(n, most, 4)`, of each picture.
        random: Where order, choice and variation come from.
        batch_size: Pictures of a batch.
        count: Regions of each, as `drawn`.
    """
    shape = pictures.images.shape[1:3]
    while True:
        order = random.permutation(len(pictures))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            few = pictures.only(chosen)
            moves = random_moves(random, batch_size, shape, upside_down=True)
            image, targets = as_batch(
                *augmented(random, few.images, few.boxes, few.labels, moves=moves)
            )
            real = np.where(regions[chosen][..., 2] > 0, 0, -1)
            offered, _ = moved_boxes(regions[chosen], real, moves, shape)
            picked = [
                drawn(random, *each, count)[0]
                for each in zip(offered, targets["boxes"], strict=True)
            ]
            yield {"image": image, "regions": np.stack(picked).astype(np.float32)}, targets
