"""Sound in 4 bits a sample: IMA ADPCM, for the small recordings that ship with the package.

Each code is a step up or down from the sample before; the step's size follows the sound. All
recordings are coded side by side, sample by sample.

Source: IMA Digital Audio Focus and Technical Working Groups, Recommended Practices for Enhancing
Digital Audio Compatibility in Multimedia Systems, 1992.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.types import Array

NUM_STEPS = 89
_STEPS = np.floor(7.0 * 1.1 ** np.arange(NUM_STEPS)).clip(7, 32767).astype(int)
"""Sizes of a step: each a tenth larger than the one before, as the standard's table (which rounds
some of them otherwise)."""

_FASTER = np.array([-1, -1, -1, -1, 2, 4, 6, 8] * 2)
"""How a code changes the size of the next step."""


def encode(sounds: Sequence[Array]) -> tuple[Array, Array]:
    """Code recordings.

    Args:
        sounds: Each `(samples,)`, floats in -1..1.

    Returns:
        Codes of all, two in a byte, one recording after the other, each of a whole number of
        bytes; and the number of samples of each recording.
    """
    lengths = np.array([len(sound) for sound in sounds])
    wanted = np.zeros((len(sounds), lengths.max()))
    for row, sound in enumerate(sounds):
        wanted[row, : len(sound)] = np.round(sound * 32768).clip(-32768, 32767)
    value, size = np.zeros(len(sounds), int), np.zeros(len(sounds), int)
    codes = np.zeros(wanted.shape, np.uint8)
    for index in range(wanted.shape[1]):
        difference = wanted[:, index] - value
        amount = np.minimum(7, 4 * np.abs(difference) // _STEPS[size]).astype(int)
        codes[:, index] = amount + 8 * (difference < 0)
        value, size = _next(value, size, codes[:, index])
    packed = [_packed(codes[row, :length]) for row, length in enumerate(lengths)]
    return np.concatenate(packed), lengths


def decode(codes: Array, lengths: Array) -> list[Array]:
    """Return the recordings that `encode` coded, each `(samples,)`, float32 in -1..1."""
    ends = np.cumsum((lengths + 1) // 2)
    unpacked = np.zeros((len(lengths), lengths.max() + 1), np.uint8)
    for row, piece in enumerate(np.split(codes, ends[:-1])):
        unpacked[row, : 2 * len(piece)] = np.stack([piece & 15, piece >> 4], axis=1).ravel()
    value, size = np.zeros(len(lengths), int), np.zeros(len(lengths), int)
    samples = np.zeros(unpacked.shape, np.float32)
    for index in range(unpacked.shape[1]):
        value, size = _next(value, size, unpacked[:, index])
        samples[:, index] = value / 32768
    return [samples[row, :length] for row, length in enumerate(lengths)]


def _next(value: Array, size: Array, code: Array) -> tuple[Array, Array]:
    """Return each recording's next value, and the place in the table of its next step."""
    amount = (2 * (code & 7).astype(int) + 1) * _STEPS[size] // 8
    value = (value + np.where(code & 8, -amount, amount)).clip(-32768, 32767)
    return value, (size + _FASTER[code]).clip(0, NUM_STEPS - 1)


def _packed(codes: Array) -> Array:
    pairs = np.pad(codes, (0, len(codes) % 2)).reshape(-1, 2)
    packed: Array = pairs[:, 0] | pairs[:, 1] << 4
    return packed
