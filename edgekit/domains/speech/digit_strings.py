"""Strings of one to seven spoken digits, joined from recordings of single ones.

Nobody says numbers here: a string is made of recordings of one speaker's digits, which follow each
other after a pause or overlap a little, over a faint noise. So speech runs on, but no digit
changes for the sake of its neighbours as it does when somebody says all of them in a breath.

The recordings of a string are all of the split that it is in: none of the test's was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekit.core.recipe import Dataset, Tensor
from edgekit.core.types import Array, Size, Split
from edgekit.domains.speech.spoken_digits import Recordings, of_split
from edgekit.on_device.log_mel import HOP, NUM_BANDS, SAMPLE_RATE, log_mel
from edgekit.on_device.programs.transcribe_digits import STEP

LONGEST = 7
"""Digits of a string; one to so many are equally likely."""

NUM_FRAMES = 320
"""Hops of the sound that is read at once: 6.4 s, in which the slowest speaker says seven digits."""

SHAPE = (NUM_FRAMES, NUM_BANDS)

LOG_MEL = Tensor(
    name="log_mel",
    shape=(1, *SHAPE),
    meaning="decibels / 20 above silence in 32 mel bands every 20 ms, 0..4",
)

OVERLAP, PAUSE = 0.08, 0.3
"""Seconds that a digit begins before the end of the one before, and after it, at most."""

BEFORE, AFTER = 0.5, 0.5
"""Seconds of a recording before the first digit and after the last, at most."""

COUNTS: dict[Split, dict[Size, int]] = {
    "train": {"tiny": 140, "full": 1400},
    "validation": {"tiny": 70, "full": 350},
    "test": {"tiny": 70, "full": 700},
    "calibration": {"tiny": 35, "full": 140},
}
"""Strings of each split; training joins others in every epoch."""

CHUNK = 16
"""Sounds whose features are computed at a time: they fit into the processor's cache."""


@dataclass(frozen=True, kw_only=True)
class Strings:
    """Sounds in which a string of digits is spoken.

    Attributes:
        sounds: `(n, 51200)`, float32 in -1..1; silence follows the end of each recording.
        digits: `(n, 7)`, int32: 1 + each digit in turn, then 0.
        ends_ms: `(n, 7)`, float32: when the recording of each digit is over, in milliseconds.
        said: `(n, steps of 40 ms)`, int32: 1 + the digit that was said, from the last quarter of
            its recording to 40 ms after its end, or 0.
    """

    sounds: Array
    digits: Array
    ends_ms: Array
    said: Array


@lru_cache(maxsize=4)
def strings_of(split: Split, size: Size) -> Strings:
    """Return a split's strings; they are the same each time."""
    seed = sorted(COUNTS).index(split)
    return composed(of_split(split, size), COUNTS[split][size], np.random.default_rng(seed))


def digit_strings(split: Split, size: Size) -> Dataset:
    """Return the features of a split's strings, `(n, 320, 32)`; `digits` and `ends_ms`."""
    return as_dataset(strings_of(split, size))


def as_dataset(strings: Strings) -> Dataset:
    """Return the features of strings, `(n, 320, 32)`, and their `digits` and `ends_ms`."""
    return Dataset(
        inputs={"log_mel": features(strings.sounds)},
        targets={"digits": strings.digits, "ends_ms": strings.ends_ms},
    )


def features(sounds: Array) -> Array:
    """Return log-mel features `(n, frames, 32)` of sounds `(n, samples)`, which are whole hops."""
    chunks = np.array_split(sounds, -(-len(sounds) // CHUNK))
    return np.concatenate([log_mel(chunk) for chunk in chunks])


def composed(
    recordings: Recordings,
    count: int,
    rng: np.random.Generator,
    *,
    longest: int = LONGEST,
    frames: int = NUM_FRAMES,
    varied: bool = False,
) -> Strings:
    """Return strings that are joined of recordings, each of one speaker's.

    Args:
        recordings: All that may be used, each as often as it comes.
        count: Strings, as many of each length as of any other.
        rng: Decides.
        longest: Digits of a string at most.
        frames: Hops of a sound; what does not fit in is left out.
        varied: Whether to vary them for training: each recording is played up to 15 % faster or
            slower and 3 dB louder or softer, the whole 10 dB, in noise of 20 to 50 dB below it;
            otherwise in noise of 30 to 50 dB below it.
    """
    speakers = [np.flatnonzero(recordings.speakers == who) for who in set(recordings.speakers)]
    speakers.sort(key=lambda own: int(own[0]))  # the order of a set is another in each process
    sounds = np.zeros((count, frames * HOP), np.float32)
    digits = np.zeros((count, LONGEST), np.int32)
    ends_ms = np.zeros((count, LONGEST), np.float32)
    said = np.zeros((count, frames * HOP // STEP), np.int32)
    for row in range(count):
        own = speakers[rng.integers(len(speakers))]
        chosen = rng.choice(own, 1 + row % longest)
        pieces = [_piece(recordings, index, rng, varied=varied) for index in chosen]
        sound, ends = _joined(pieces, frames * HOP, rng)
        digits[row, : len(ends)] = 1 + recordings.digits[chosen[: len(ends)]]
        ends_ms[row, : len(ends)] = 1000 * ends / SAMPLE_RATE
        for piece, end, digit in zip(pieces, ends, digits[row], strict=False):
            said[row, (end - len(piece) // 4) // STEP : 2 + end // STEP] = digit
        sounds[row, : len(sound)] = _heard(sound, rng, varied=varied)
    return Strings(sounds=sounds, digits=digits, ends_ms=ends_ms, said=said)


def _piece(recordings: Recordings, index: int, rng: np.random.Generator, *, varied: bool) -> Array:
    """Return the samples of a recording without the silence around it."""
    length = int(recordings.lengths[index])
    start = (recordings.samples.shape[1] - length) // 2
    samples = recordings.samples[index, start : start + length]
    if not varied:
        return samples
    times = np.arange(0, length - 1, rng.uniform(0.85, 1.15))
    faster = np.interp(times, np.arange(length), samples)
    return np.asarray(faster * 10 ** rng.uniform(-0.15, 0.15), np.float32)


def _joined(pieces: Sequence[Array], longest: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the samples of a string, `longest` at most, and where each digit of it ends.

    Pauses become shorter where all would not fit; a digit that does not fit even so is left out.
    """
    lengths = np.array([len(piece) for piece in pieces])
    lengths = lengths[lengths.cumsum() <= longest]
    count = len(lengths)
    gaps = np.rint(SAMPLE_RATE * rng.uniform(-OVERLAP, PAUSE, count)).astype(int)
    gaps[0] = SAMPLE_RATE * rng.uniform(0, BEFORE)
    spare = longest - lengths.sum()
    if gaps.sum() > spare:
        gaps = np.trunc(np.maximum(gaps, 0) * (spare / np.maximum(gaps, 0).sum())).astype(int)
    ends = (gaps + lengths).cumsum()
    after = int(SAMPLE_RATE * rng.uniform(0, AFTER))
    sound = np.zeros(min(int(ends.max()) + after, longest), np.float32)
    for piece, end in zip(pieces, ends, strict=False):
        start = max(0, int(end) - len(piece))
        sound[start:end] += piece[start - int(end) :]
    return sound, ends


def _heard(sound: Array, rng: np.random.Generator, *, varied: bool) -> Array:
    """Return a sound in noise, and louder or softer if it is varied."""
    level = sound.std() * 10 ** rng.uniform(-2.5, -1.0 if varied else -1.5)
    heard = sound + level * rng.standard_normal(len(sound), np.float32)
    gain = 10 ** rng.uniform(-0.5, 0.5) if varied else 1.0
    return np.asarray(np.clip(gain * heard, -1, 1), np.float32)
