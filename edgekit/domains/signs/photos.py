"""Photos of hands that sign 0 to 9: reading, and splits by signer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekit.core.types import Array, Size, Split
from edgekit.domains.learning.downloads import decode_picture, read_packaged
from edgekit.domains.upstream.archives import members
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.pictures import SIGN_LANGUAGE_DIGITS
from edgekit.on_device.pictures import fit

SMALL = "signs_small.npz"
DIGITS = tuple("0123456789")
SIDE = 96
"""Pixels of a photo's side; the originals have 100."""

SOURCE = (
    "Mavi, A New Dataset and Proposed Convolutional Neural Network Architecture for Classification "
    "of American Sign Language Digits, 2020, https://arxiv.org/abs/2011.08927"
)

TEST, VALIDATION = 0.8, 0.7
"""Where test and validation begin among the signers: the last fifth, and the tenth before it."""

BACK = 5
"""Each student signs 0 to 9, and some repeat a sign or skip it: where the digit falls by so many
from one photo to the next, another student begins."""


@dataclass(frozen=True, kw_only=True)
class Photos:
    """Photos in the order in which they were taken.

    Attributes:
        pixels: `(n, 96, 96, 3)`, uint8.
        digits: `(n,)`, int32, 0..9.
        signers: `(n,)`, int: who signs, numbered from 0.
    """

    pixels: Array
    digits: Array
    signers: Array

    def only(self, chosen: Array) -> Photos:
        """Return those that a mask or an array of indices chooses."""
        return Photos(**{name: array[chosen] for name, array in vars(self).items()})


@lru_cache(maxsize=2)
def load_photos(size: Size) -> Photos:
    """Return all 2,062 photos, or those of every fourth student, which ship with edgekit.

    Raises:
        Unavailable, BadData: The archive is not on this machine, or not the expected one.
    """
    photos, digits, signers = _read_archive() if size == "full" else _read_sample()
    pixels = [np.rint(fit(photo / np.float32(255), (SIDE, SIDE, 3)) * 255) for photo in photos]
    return Photos(
        pixels=np.array(pixels, np.uint8), digits=digits.astype(np.int32), signers=signers
    )


def of_split(split: Split, size: Size) -> Photos:
    """Return a split's photos; no signer is in two. Calibration data are training photos."""
    photos = load_photos(size)
    place = photos.signers / (photos.signers.max() + 1)
    if split == "test":
        return photos.only(place >= TEST)
    if split == "validation":
        return photos.only((place >= VALIDATION) & (place < TEST))
    return photos.only(place < VALIDATION)


def signers_of(digits: Sequence[int]) -> Array:
    """Return who signs on each photo, of what is signed on them in the order of their numbers.

    Example:
        >>> signers_of([7, 8, 9, 0, 1, 1, 2]).tolist()
        [0, 0, 0, 1, 1, 1, 1]
    """
    return np.cumsum(np.diff(digits, prepend=digits[0]) <= -BACK)


def _read_archive() -> tuple[list[Array], Array, Array]:
    """Return all photos in the order of their numbers, what they show and who signs."""
    found = []
    for name, content in members(locate(SIGN_LANGUAGE_DIGITS), r"Dataset/\d/IMG_\d+\.JPG"):
        digit, number = map(int, re.findall(r"\d+", name))
        found.append((number, digit, decode_picture(content)))
    found.sort(key=lambda each: each[0])
    _, digits, photos = zip(*found, strict=True)
    return list(photos), np.array(digits), signers_of(digits)


def _read_sample() -> tuple[list[Array], Array, Array]:
    """Return the packaged photos: a JPEG file a signer, in which they stand side by side."""
    arrays = read_packaged(SMALL)
    files = np.split(arrays["jpeg"], np.cumsum(arrays["lengths"])[:-1])
    strips = [decode_picture(file.tobytes()) for file in files]
    counts = [strip.shape[1] // strip.shape[0] for strip in strips]
    photos = [
        photo
        for strip, count in zip(strips, counts, strict=True)
        for photo in np.split(strip, count, axis=1)
    ]
    return photos, arrays["digits"], np.repeat(np.arange(len(counts)), counts)
