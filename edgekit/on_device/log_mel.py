"""Log-mel features: the power of a sound in 32 mel bands every 20 ms, in decibels.

One function serves whole recordings and a microphone: give it any number of 20 ms hops, and the
samples that came before them.

Source: Davis, Mermelstein, Comparison of Parametric Representations for Monosyllabic Word
Recognition, 1980, https://doi.org/10.1109/TASSP.1980.1163420; the mel scale as in O'Shaughnessy,
Speech Communication, 1987.
"""

from __future__ import annotations

import numpy as np

from .arrays import Array

SAMPLE_RATE = 8000
HOP = 160
"""Samples from one frame to the next: 20 ms."""

WINDOW = 256
"""Samples of a frame: 32 ms."""

OVERLAP = WINDOW - HOP
"""Samples of a frame that were heard before its hop."""

NUM_BANDS = 32
LOWEST_HZ, HIGHEST_HZ = 60.0, 3800.0
QUIETEST = 1e-8
"""Power that stands for silence: 80 dB below a power of 1."""
DECIBELS = 20.0
"""What is 1 in a feature."""


def log_mel(samples: Array, before: Array | None = None) -> Array:
    """Return the loudness of every band in every hop.

    Args:
        samples: `(n, hops * 160)`, floats in -1..1, at 8 kHz.
        before: `(n, 96)`, the samples that came before; silence if None.

    Returns:
        `(n, hops, 32)`, float32: decibels above silence (-80 dB) by 20: a power of 1 is 4.

    Raises:
        ValueError: The samples are not whole hops.

    Example:
        >>> sound = np.sin(np.arange(480, dtype=np.float32))[np.newaxis]
        >>> whole = log_mel(sound)
        >>> last = log_mel(sound[:, 320:], before=sound[:, 320 - OVERLAP : 320])
        >>> bool(np.allclose(whole[:, 2:], last, atol=1e-6))
        True
    """
    if samples.ndim != 2 or samples.shape[1] % HOP or not samples.shape[1]:
        raise ValueError(f"Samples have shape {samples.shape}; give (n, a multiple of {HOP}).")
    if before is None:
        before = np.zeros((len(samples), OVERLAP), np.float32)
    hops = samples.reshape(len(samples), -1, HOP)
    ends = np.concatenate([before[:, np.newaxis], hops[:, :-1, -OVERLAP:]], axis=1)
    frames = np.concatenate([ends, hops], axis=2).astype(np.float32)
    spectrum = np.fft.rfft(frames * _TAPER)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _BANDS
    decibels = 10 * np.log10(1 + power / QUIETEST)
    return np.asarray(decibels / DECIBELS, np.float32)


def described(name: str, samples: int) -> dict[str, object]:
    """Return what `log_mel` does with a sound, as `bundle.json` says it.

    Args:
        name: Of the network's input.
        samples: Of a sound that is classified at once.
    """
    return {
        "kind": "sound",
        "input": name,
        "rate": SAMPLE_RATE,
        "samples": samples,
        "window": WINDOW,
        "hop": HOP,
        "bands": NUM_BANDS,
        "lowest_hz": LOWEST_HZ,
        "highest_hz": HIGHEST_HZ,
        "quietest": QUIETEST,
        "decibels": DECIBELS,
    }


def mel(hertz: Array | float) -> Array:
    """Return a pitch on the mel scale, on which equal steps sound equal."""
    return 1127 * np.log(1 + np.asarray(hertz) / 700)


def band_weights() -> Array:
    """Return how much of each of the 129 frequencies goes into each band, `(129, 32)`, 0..1.

    Triangles whose corners stand evenly on the mel scale; each begins and ends where its
    neighbours have their peaks.
    """
    corners = np.linspace(mel(LOWEST_HZ), mel(HIGHEST_HZ), NUM_BANDS + 2)
    pitch = mel(np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE))[:, np.newaxis]
    left, peak, right = corners[:-2], corners[1:-1], corners[2:]
    rising = (pitch - left) / (peak - left)
    falling = (right - pitch) / (right - peak)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


_TAPER = (np.hanning(WINDOW + 1)[:-1] * 2 / WINDOW).astype(np.float32)
"""Hann's window, scaled so that a sine of amplitude 1 has a power of about 1/4."""

_BANDS = band_weights()
