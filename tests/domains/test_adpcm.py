"""Four bits a sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.domains.speech.adpcm import decode, encode


def test_a_tone_comes_back_nearly_as_it_was() -> None:
    tone = 0.3 * np.sin(np.arange(4000) / 5)
    codes, lengths = encode([tone])
    assert len(codes) == 2000
    noise = decode(codes, lengths)[0][200:] - tone[200:]
    assert 10 * np.log10(np.var(tone) / np.var(noise)) > 20


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_recordings_keep_their_lengths_and_stay_apart(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sounds = [rng.uniform(-1, 1, length) for length in lengths]
    together = decode(*encode(sounds))
    for sound, found in zip(sounds, together, strict=True):
        np.testing.assert_array_equal(found, decode(*encode([sound]))[0])
        assert len(found) == len(sound)
        assert np.abs(found).max() <= 1
