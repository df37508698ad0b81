"""Clips of signed numbers are composed of one signer's photos, and say what each frame shows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.types import Array
from edgekit.domains.signs import clips
from edgekit.domains.signs.clips import Clips, composed
from edgekit.domains.signs.photos import Photos, of_split
from edgekit.on_device.pictures import fit


@pytest.fixture(scope="module")
def found() -> Clips:
    return composed(of_split("train", "tiny"), 40, np.random.default_rng(0))


def plain(number_of_signers: int) -> Photos:
    """Photos of one colour, which says the signer and the digit."""
    digits = np.tile(np.arange(10, dtype=np.int32), number_of_signers)
    signers = np.repeat(np.arange(number_of_signers), 10)
    values = (100 * signers + 5 * digits).astype(np.uint8)
    pixels = np.broadcast_to(values[:, None, None, None], (len(digits), 96, 96, 3))
    return Photos(pixels=pixels, digits=digits, signers=signers)


def collapsed(shown: Array) -> list[int]:
    return [int(symbol) for symbol, _ in itertools.groupby(shown) if symbol]


def test_a_clip_has_frames_of_one_size(found: Clips) -> None:
    assert found.frames.shape == (40, clips.FRAMES, *clips.PICTURE)
    assert found.frames.dtype == np.uint8
    assert set((found.numbers > 0).sum(axis=1)) == {1, 2, 3, 4}


def test_what_frames_show_is_the_number_where_nothing_is_covered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clips, "COVERED", 0.0)
    made = composed(of_split("train", "tiny"), 30, np.random.default_rng(1))
    for number, shown in zip(made.numbers, made.shown, strict=True):
        assert collapsed(shown) == [symbol for symbol in number if symbol]


def test_the_same_chance_makes_the_same_clips() -> None:
    photos = plain(3)
    one, other = (composed(photos, 3, np.random.default_rng(7)) for _ in range(2))
    assert (one.frames == other.frames).all()
    assert (one.numbers == other.numbers).all()


def test_a_clip_is_of_one_signer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "COVERED", 0.0)
    made = composed(plain(2), 30, np.random.default_rng(2))
    for frames, shown in zip(made.frames, made.shown, strict=True):
        levels = frames[shown > 0].mean(axis=(1, 2, 3))
        # Digits are 5 apart and signers 100; contrast and light are the clip's.
        assert np.ptp(levels) < 70


def test_a_digit_signed_twice_moves_aside() -> None:
    moments = clips._moments([3, 3, 4], np.random.default_rng(0))
    where = {
        photo: {m.aside for m in moments if m.photo == photo and not m.next_share}
        for photo in range(3)
    }
    assert where[0] == {0.0}
    assert {abs(aside) for aside in where[1]} == {clips.ASIDE}
    assert where[1] == where[2]


@given(digits=st.lists(st.integers(0, 9), min_size=1, max_size=4), seed=st.integers(0, 999))
@settings(max_examples=50)
def test_every_digit_is_held_and_the_hand_rises_and_sinks(digits: list[int], seed: int) -> None:
    moments = clips._moments(digits, np.random.default_rng(seed))
    assert len(moments) == clips.FRAMES
    held = [m.photo for m in moments if m.below == 0 and m.next_share == 0]
    assert all(held.count(place) >= 2 for place in range(len(digits)))
    below = [m.below for m in moments]
    assert min(below) == 0
    assert below[0] > 0


def test_frames_are_made_small_as_the_device_does_it() -> None:
    frames = np.random.default_rng(0).random((2, 96, 96), np.float32)
    fitted = np.stack([fit(frame[..., np.newaxis], clips.PICTURE) for frame in frames])
    np.testing.assert_allclose(clips._smaller(frames), fitted, atol=1e-5)
