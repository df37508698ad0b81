"""The simpler method that a network for strings of digits is compared with.

A recording is cut where it is quiet, and each piece is named after the training recording that it
is most like. Digits that overlap are one piece, and one with a stop in the middle may become two.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Progress, Size
from edgekit.domains.speech.digit_strings import digit_strings
from edgekit.domains.speech.spoken_digits import as_dataset, of_split
from edgekit.domains.speech.transcripts import error_rate

DEPTHS = (0.8, 1.0, 1.2, 1.4, 1.6)
"""How far below the loudest frame a quiet one is, to choose from: 16 to 32 dB."""

SHORTEST = 4
"""Frames of a piece at least: 80 ms."""

LENGTH = 16
"""Frames that every piece is stretched to."""


def between_pauses(size: Size, progress: Progress) -> float:
    """Return the digit error rate of the test, in percent, at the depth that suits validation."""
    examples = as_dataset(of_split("train", size))
    validation, test = (digit_strings(split, size) for split in ("validation", "test"))
    rates = []
    for done, depth in enumerate(DEPTHS, 1):
        rates.append(_error_rate(validation, examples, depth))
        progress(done / (len(DEPTHS) + 1), f"pieces between frames {20 * depth:.0f} dB below")
    return _error_rate(test, examples, DEPTHS[int(np.argmin(rates))])


def _error_rate(strings: Dataset, examples: Dataset, depth: float) -> float:
    known = np.stack([_stretched(clip[_loud(clip, depth)]) for clip in examples.inputs["log_mel"]])
    sounds = strings.inputs["log_mel"]
    said = np.zeros((len(sounds), sounds.shape[1] // SHORTEST), np.int32)
    for row, sound in enumerate(sounds):
        for place, piece in enumerate(pieces(_loud(sound, depth))):
            nearest = (known @ _stretched(sound[piece])).argmax()
            said[row, place] = 1 + examples.target()[nearest]
    return error_rate(said, strings.target("digits"))


def pieces(loud: Array) -> list[slice]:
    """Return the runs of loud frames that are long enough.

    Args:
        loud: Which frames are, `(frames,)`, bool.

    Example:
        >>> pieces(np.array([0, 1, 1, 0, 1, 1, 1, 1, 1, 0], bool))
        [slice(4, 9, None)]
    """
    edges = np.flatnonzero(np.diff(loud, prepend=False, append=False)).tolist()
    runs = zip(edges[::2], edges[1::2], strict=True)
    return [slice(start, end) for start, end in runs if end - start >= SHORTEST]


def _loud(frames: Array, depth: float) -> Array:
    """Tell which of the frames `(frames, bands)` are loud."""
    loudness = frames.mean(axis=1)
    return np.asarray(loudness > loudness.max() - depth)


def _stretched(frames: Array) -> Array:
    """Return any number of frames as 16, in a vector of length 1 with mean 0."""
    places = np.linspace(0, len(frames) - 1, LENGTH)
    before = places.astype(int)
    after = np.minimum(before + 1, len(frames) - 1)
    share = (places - before)[:, np.newaxis]
    found = ((1 - share) * frames[before] + share * frames[after]).ravel()
    found = found - found.mean()
    return np.asarray(found / max(float(np.linalg.norm(found)), 1e-6))
