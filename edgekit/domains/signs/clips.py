"""Clips in which a hand signs a number, composed of photos of one signer's digits.

Nobody films here: a clip is made of still photos, and of what happens between them in a film. The
hand rises into the picture, holds each digit for 3 to 6 frames, turns into the next one while both
are seen faintly for 1 to 3 frames, and sinks. It drifts, turns and comes nearer a little all the
time; a digit that is signed twice is moved aside before, as signers do. Light and contrast are
those of the clip, some frames are blurred by movement, some are covered in part or wholly, as by
somebody who walks past. About 8 frames are a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from edgekit.core.types import Array, Size, Split
from edgekit.domains.signs.photos import DIGITS, SIDE, Photos, of_split
from edgekit.on_device.pictures import GREY

FRAMES = 32
PICTURE = (64, 64, 1)
"""Height, width and channels of a frame; it is grey."""

LONGEST = 4
"""Digits of a number; one to so many are equally likely."""

NOTHING = 0
"""What a frame shows, or a number has, where there is no digit; digit d is 1 + d."""

HELD, BETWEEN, RISING = (3, 7), (1, 4), (1, 3)
"""Frames of a digit, of the change to the next, and of the hand's rise; the last ones excluded."""

ASIDE = 0.28
"""How far a digit that is repeated is moved before, of the picture's width."""

NOT_ONE_DIGIT = 6
"""Of 32 single frames to train on: no hand, or a part of it, or two digits."""

BLURRED, COVERED = 0.06, 0.05
"""Chance that one to three frames are blurred, or covered, from a frame on."""

COUNTS: dict[Split, dict[Size, int]] = {
    "train": {"tiny": 100, "full": 400},
    "validation": {"tiny": 40, "full": 200},
    "test": {"tiny": 60, "full": 300},
    "calibration": {"tiny": 30, "full": 60},
}
"""Clips of each split; training composes others in every epoch."""


@dataclass(frozen=True, kw_only=True)
class Clips:
    """Clips of signed numbers.

    Attributes:
        frames: `(n, 32, 64, 64, 1)`, uint8.
        numbers: `(n, 4)`, int32: 1 + each digit in turn, then 0.
        shown: `(n, 32)`, int32: 1 + the digit that each frame shows, or 0: no hand, or between two
            digits, or mostly covered.
    """

    frames: Array
    numbers: Array
    shown: Array


@lru_cache(maxsize=4)
def clips_of(split: Split, size: Size) -> Clips:
    """Return a split's clips, the same ones every time."""
    seed = sorted(COUNTS).index(split)
    return composed(of_split(split, size), COUNTS[split][size], np.random.default_rng(seed))


def composed(photos: Photos, count: int, rng: np.random.Generator) -> Clips:
    """Compose clips; each is of one signer, who is chosen at random, as everything else."""
    grey = _grey(photos)
    owned = [
        {
            digit: np.flatnonzero((photos.signers == who) & (photos.digits == digit))
            for digit in range(len(DIGITS))
        }
        for who in np.unique(photos.signers)
    ]
    clips = [_compose(grey, owned[rng.integers(len(owned))], rng) for _ in range(count)]
    frames, numbers, shown = zip(*clips, strict=True)
    return Clips(frames=np.stack(frames), numbers=np.stack(numbers), shown=np.stack(shown))


def frames_of(photos: Photos, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return single frames as clips have them, each photo once, and some that show no digit.

    Returns:
        Frames `(n, 64, 64, 1)`, uint8, and what each shows, `(n,)`, int32, as in `Clips.shown`.
    """
    grey = _grey(photos)
    order = rng.permutation(len(photos.digits))
    clips = []
    for start in range(0, len(order), FRAMES - NOT_ONE_DIGIT):
        group = np.resize(order[start : start + FRAMES - NOT_ONE_DIGIT], FRAMES + 1)
        moments = [
            _Moment(place, 0, ASIDE * float(rng.integers(-1, 2)), 0)
            for place in range(FRAMES - NOT_ONE_DIGIT)
        ]
        for place in range(len(moments), FRAMES):
            seen = rng.choice([1 / 3, 1 / 2, 2 / 3])
            below, turned = [(seen, 0.0), (1.0, 0.0), (0.0, seen)][rng.integers(3)]
            moments.append(_Moment(place, turned, 0, below))
        clips.append(_filmed(moments, grey[group], photos.digits[group], rng))
    frames, shown = zip(*clips, strict=True)
    return np.concatenate(frames), np.concatenate(shown)


def _grey(photos: Photos) -> Array:
    return np.asarray(np.rint(photos.pixels @ np.array(GREY)), np.uint8)


class _Moment(NamedTuple):
    """A frame before it is photographed.

    Attributes:
        photo: Number of the digit in its clip that is seen.
        next_share: How far it has turned into the next one, 0..1.
        aside: Where the hand is, to the right, as a share of the width.
        below: How far it is below its place, as a share of the height; at 1 it is not seen.
    """

    photo: int
    next_share: float
    aside: float
    below: float


def _compose(
    grey: Array, owned: dict[int, Array], rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return the frames of a clip, its number, and what each frame shows."""
    there = [digit for digit, found in owned.items() if len(found)]
    digits = rng.choice(there, rng.integers(1, LONGEST + 1))
    chosen = np.stack([grey[rng.choice(owned[digit])] for digit in digits])
    frames, shown = _filmed(_moments(digits, rng), chosen, digits, rng)
    number = np.zeros(LONGEST, np.int32)
    number[: len(digits)] = 1 + digits
    return frames, number, shown


def _filmed(
    moments: Sequence[_Moment], photos: Array, digits: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return frames `(32, 64, 64, 1)`, uint8, and what each shows.

    Args:
        moments: What happens in each frame.
        photos: `(n, 96, 96)`, grey.
        digits: What they show, `(n,)`.
        rng: Decides.
    """
    frames = _photographed(moments, photos, rng)
    covered = _disturb(frames, moments, rng)
    shown = [
        NOTHING if each.below or each.next_share or hidden else 1 + digits[each.photo]
        for each, hidden in zip(moments, covered, strict=True)
    ]
    noise = rng.standard_normal((FRAMES, *PICTURE), np.float32) / 100
    pixels = np.rint(np.clip(_smaller(frames) + noise, 0, 1) * 255).astype(np.uint8)
    return pixels, np.array(shown, np.int32)


def _moments(digits: Sequence[int] | Array, rng: np.random.Generator) -> list[_Moment]:
    """Return what happens in each frame."""
    held = rng.integers(*HELD, len(digits))
    between = rng.integers(*BETWEEN, len(digits) - 1)
    rise, fall = rng.integers(*RISING, 2)
    while (spare := FRAMES - held.sum() - between.sum() - rise - fall) < 0:
        held[held.argmax()] -= 1
    before = rng.integers(spare + 1)
    aside, side = 0.0, rng.choice([-1, 1])
    moments = [_Moment(0, 0, 0, 1)] * before
    moments += [_Moment(0, 0, 0, 1 - (step + 1) / (rise + 1)) for step in range(rise)]
    for place, count in enumerate(held):
        moments += [_Moment(place, 0, aside, 0)] * count
        if place == len(held) - 1:
            break
        shares = (np.arange(between[place]) + 1) / (between[place] + 1)
        moved = side * ASIDE if digits[place] == digits[place + 1] else 0.0
        moments += [_Moment(place, share, aside + share * moved, 0) for share in shares]
        aside, side = aside + moved, -side if moved else side
    last = len(held) - 1
    moments += [_Moment(last, 0, aside, (step + 1) / (fall + 1)) for step in range(fall)]
    return moments + [_Moment(last, 0, aside, 1)] * (FRAMES - len(moments))


def _photographed(moments: Sequence[_Moment], photos: Array, rng: np.random.Generator) -> Array:
    """Return the frames, `(32, 96, 96)`, float32 in 0..1, each a little different."""
    import cv2

    mirror = rng.choice([-1, 1])
    start = rng.uniform(-1, 1, 4) * [0.06, 0.06, 0.12, 10]  # right, down, zoom, degrees
    speed, phase = rng.uniform(0.05, 0.25, 4), rng.uniform(0, 2 * np.pi, 4)
    contrast, light = np.exp(rng.uniform(-0.2, 0.2)), rng.uniform(-0.15, 0.15)
    middle = (SIDE - 1) / 2
    frames = np.empty((FRAMES, SIDE, SIDE), np.float32)
    for time, moment in enumerate(moments):
        right, down, zoom, degrees = start + np.sin(speed * time + phase) * [0.02, 0.02, 0.03, 3]
        matrix = cv2.getRotationMatrix2D((middle, middle), degrees, np.exp(zoom))
        matrix[:, 2] += SIDE * (right + moment.aside), SIDE * (down + 1.1 * moment.below)
        photo = photos[moment.photo].astype(np.float32) / 255
        if moment.next_share:
            following = photos[moment.photo + 1].astype(np.float32) / 255
            photo = (1 - moment.next_share) * photo + moment.next_share * following
        size, edge = (SIDE, SIDE), cv2.BORDER_REPLICATE
        frames[time] = cv2.warpAffine(photo[:, ::mirror], matrix, size, borderMode=edge)
    flicker = rng.normal(light, 0.01, (FRAMES, 1, 1))
    return np.asarray((frames - 0.5) * contrast + 0.5 + flicker, np.float32)


def _disturb(frames: Array, moments: Sequence[_Moment], rng: np.random.Generator) -> Array:
    """Blur and cover some frames, in place; return which of them are mostly covered, `(32,)`."""
    import cv2

    along, across = (1 + 2 * int(count) for count in rng.integers(2, 6, 2))
    blurred = _some(BLURRED, rng)
    for time, moment in enumerate(moments):
        moving = moment.next_share > 0 and moment.aside != moments[time - 1].aside
        if blurred[time] or moving:
            sideways = moving or rng.random() < 0.5
            frames[time] = cv2.blur(frames[time], (along, 1) if sideways else (1, across))
    mostly = np.zeros(FRAMES, bool)
    for place in np.flatnonzero(_some(COVERED, rng)):
        height, width = (round(share * SIDE) for share in rng.uniform(0.4, 1.0, 2))
        top, left = (int(rng.integers(SIDE - side + 1)) for side in (height, width))
        frames[place, top : top + height, left : left + width] = rng.uniform(0, 1)
        mostly[place] = height * width > SIDE * SIDE / 2
    return mostly


def _some(chance: float, rng: np.random.Generator) -> Array:
    """Return a mask of frames, `(32,)`: one to three in a row."""
    found = np.zeros(FRAMES, bool)
    for start in np.flatnonzero(rng.random(FRAMES) < chance):
        found[start : start + rng.integers(1, 4)] = True
    return found


def _smaller(frames: Array) -> Array:
    """Return frames `(32, 96, 96)` as the device's `fit` makes them smaller: `(32, 64, 64, 1)`."""
    import cv2

    height, width, _ = PICTURE
    small = [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames]
    return np.stack(small)[..., np.newaxis]
