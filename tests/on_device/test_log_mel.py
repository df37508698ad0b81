"""Log-mel features: what a tone, silence and a louder sound look like, whole or hop by hop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.types import Array
from edgekit.on_device.log_mel import (
    HIGHEST_HZ,
    HOP,
    LOWEST_HZ,
    NUM_BANDS,
    OVERLAP,
    SAMPLE_RATE,
    WINDOW,
    band_weights,
    log_mel,
    mel,
)


def _tone(hertz: float, amplitude: float = 0.5, hops: int = 10) -> Array:
    time = np.arange(hops * HOP) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hertz * time))[np.newaxis].astype(np.float32)


def test_silence_is_zero() -> None:
    assert not log_mel(np.zeros((1, 5 * HOP))).any()


@given(st.floats(LOWEST_HZ + 60, HIGHEST_HZ - 200))
def test_a_tone_is_loudest_in_the_band_around_it(hertz: float) -> None:
    peaks = np.linspace(mel(LOWEST_HZ), mel(HIGHEST_HZ), NUM_BANDS + 2)[1:-1]
    loudest = int(np.argmax(log_mel(_tone(hertz))[0, 5]))
    width = peaks[1] - peaks[0]
    nearest_frequency = 30  # half the distance of two frequencies of the spectrum, and a little
    slack = mel(hertz + nearest_frequency) - mel(hertz)
    assert abs(peaks[loudest] - mel(hertz)) <= width / 2 + slack


def test_ten_times_the_amplitude_is_20_decibels_more() -> None:
    loud, soft = log_mel(_tone(1000, 0.5)), log_mel(_tone(1000, 0.05))
    band = int(np.argmax(loud[0, 5]))
    assert loud[0, 5, band] - soft[0, 5, band] == pytest.approx(1.0, abs=1e-3)


def test_the_bands_share_the_power_of_a_tone() -> None:
    """A quarter; and Hann's window gives each neighbouring frequency a quarter of that again."""
    power = 10 ** ((log_mel(_tone(2000, 1.0))[0, 5] * 20 - 80) / 10)
    assert power.sum() == pytest.approx(0.25 * 1.5, rel=0.01)


def test_the_bands_are_those_of_a_reference_loop() -> None:
    """The textbook's way: every band and every frequency on its own."""
    corners = [mel(LOWEST_HZ) + k * (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / 33 for k in range(34)]
    expected = np.zeros((WINDOW // 2 + 1, NUM_BANDS))
    for frequency in range(WINDOW // 2 + 1):
        pitch = mel(frequency * SAMPLE_RATE / WINDOW)
        for band in range(NUM_BANDS):
            left, peak, right = corners[band : band + 3]
            if left < pitch <= peak:
                expected[frequency, band] = (pitch - left) / (peak - left)
            elif peak < pitch < right:
                expected[frequency, band] = (right - pitch) / (right - peak)
    np.testing.assert_allclose(band_weights(), expected, atol=1e-6)
    assert (band_weights().sum(axis=0) > 0).all()


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_a_stream_hears_what_a_recording_holds(seed: int, pieces: list[int]) -> None:
    rng = np.random.default_rng(seed)
    sound = rng.uniform(-1, 1, (2, sum(pieces) * HOP)).astype(np.float32)
    heard, before = [], np.zeros((2, OVERLAP), np.float32)
    for piece in np.split(sound, np.cumsum(pieces)[:-1] * HOP, axis=1):
        heard.append(log_mel(piece, before))
        before = np.concatenate([before, piece], axis=1)[:, -OVERLAP:]
    np.testing.assert_allclose(np.concatenate(heard, axis=1), log_mel(sound), atol=1e-5)


@pytest.mark.parametrize("shape", [(HOP,), (1, HOP + 1), (1, 0)])
def test_only_whole_hops_are_heard(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="multiple of 160"):
        log_mel(np.zeros(shape))
