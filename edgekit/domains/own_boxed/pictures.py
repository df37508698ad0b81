"""A user's pictures with boxes, in splits, at the size that a detector takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgekit.core.types import Array, Size, Split
from edgekit.domains.own_data.files import csv_text
from edgekit.domains.vision.anchors import sizes_of
from edgekit.domains.vision.boxed_pictures import NUM_CALIBRATION, BoxedSet
from edgekit.on_device.vision.boxes import NO_LABEL

NUM_TINY = 100
"""Training pictures that a tiny build uses."""


@dataclass(frozen=True, kw_only=True)
class OwnBoxed:
    """A user's pictures with boxes, in an order that depends on their content alone.

    Attributes:
        pictures: All of them, letterboxed to one shape.
        splits: `(n,)`: "train", "validation" or "test".
        sources: `(n,)`: the file of each.
        remarks: What there is to say of them, in sentences.
    """

    pictures: BoxedSet
    splits: Array
    sources: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes."""
        return self.pictures.names

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels of every picture."""
        return self.pictures.images.shape[1:]

    def of_split(self, split_name: Split, size: Size) -> BoxedSet:
        """Return the pictures of a split; calibration data are training pictures."""
        wanted = "train" if split_name == "calibration" else split_name
        found = np.flatnonzero(self.splits == wanted)
        if split_name == "calibration":
            found = found[:NUM_CALIBRATION]
        elif split_name == "train" and size == "tiny":
            found = found[:NUM_TINY]
        return self.pictures.only(found)

    def sizes(self) -> Array:
        """Return width and height of all boxes to train on, in the network's pixels, `(k, 2)`."""
        train = self.of_split("train", "full")
        return sizes_of(train.boxes, train.labels)

    def splits_csv(self) -> str:
        """Return each picture with its number of boxes and its split, as CSV."""
        counts = (self.pictures.labels > NO_LABEL).sum(axis=1)
        return csv_text(("source", "boxes", "split"), self.sources, counts, self.splits)
