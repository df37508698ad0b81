"""Random pieces: picture and mask stay on each other, whatever is done to them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.domains.segmentation.deforming import MICROGRAPHS, PHOTOS, Variation, pieces
from edgekit.domains.segmentation.masked import VOID, Masked, in_tiles

seeds = st.integers(0, 10_000)
STILL = Variation(turn=0, upside_down=False, zoom=(1, 1), bend=0, light=0)


def _blobs(*sizes: tuple[int, int], channels: int = 1) -> Masked:
    """Return pictures that are white where their mask is 1."""
    masks = []
    for number, (height, width) in enumerate(sizes):
        y, x = np.mgrid[:height, :width]
        masks.append((np.sin(x / 7 + number) + np.cos(y / 9) > 0.2).astype(np.uint8))
    pictures = tuple((255 * mask)[..., np.newaxis].repeat(channels, axis=2) for mask in masks)
    return Masked(pictures=pictures, masks=tuple(masks))


@settings(max_examples=20)
@given(seeds, st.sampled_from([MICROGRAPHS, PHOTOS]), st.sampled_from([1, 3]))
def test_picture_and_mask_move_together(seed: int, variation: Variation, channels: int) -> None:
    masked = _blobs((100, 90), (40, 200), channels=channels)
    random = np.random.default_rng(seed)
    images, classes = pieces(masked, 4, (48, 64, channels), variation, random)
    assert images.shape == (4, 48, 64, channels)
    assert images.dtype == classes.dtype == np.uint8
    assert np.mean((images[..., 0] > 127) == classes) > 0.97


@settings(max_examples=20)
@given(seeds)
def test_without_variation_a_piece_is_a_part_of_the_picture_or_of_its_mirror(seed: int) -> None:
    masked = _blobs((80, 70))
    random = np.random.default_rng(seed)
    _, classes = pieces(masked, 1, (16, 16, 1), STILL, random)
    padded = np.pad(masked.masks[0], 8, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (16, 16))
    mirrors = classes[0], classes[0][:, ::-1]
    assert any((windows == each).all(axis=(2, 3)).any() for each in mirrors)


def test_the_same_seed_gives_the_same_pieces_and_another_one_others() -> None:
    masked = _blobs((80, 70))
    first, again, other = (
        pieces(masked, 2, (32, 32, 1), MICROGRAPHS, np.random.default_rng(seed))[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_picture_smaller_than_a_piece_is_in_its_middle() -> None:
    masked = _blobs((10, 10))
    _, classes = pieces(masked, 1, (16, 16, 1), STILL, np.random.default_rng(0))
    middle = classes[0, 3:13, 3:13]
    assert any((middle == each).all() for each in (masked.masks[0], masked.masks[0][:, ::-1]))


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 7))
def test_in_tiles_each_pixel_counts_once(height: int, width: int, margin: int) -> None:
    masked = _blobs((height, width))
    tiles = in_tiles(masked, (32, 32, 1), margin)
    assert tiles.inputs["image"].shape == (len(tiles), 32, 32, 1)
    counted = tiles.target() != VOID
    assert counted.sum() == height * width
    np.testing.assert_array_equal(tiles.inputs["image"][counted][:, 0], tiles.target()[counted])
    assert (tiles.target() == 1).sum() == masked.counts(2)[1]


def test_of_many_tiles_some_are_taken_evenly() -> None:
    masked = _blobs((64, 64), (64, 64), (64, 64))
    every = in_tiles(masked, (32, 32, 1), 0)
    some = in_tiles(masked, (32, 32, 1), 0, most=2)
    assert (len(every), len(some)) == (12, 2)
    np.testing.assert_array_equal(some.inputs["image"], every.inputs["image"][[0, 11]])


@settings(max_examples=20)
@given(seeds)
def test_what_is_not_varied_is_as_sharp_as_its_picture(seed: int) -> None:
    """Noise would tell: between pixels, a piece would be averaged."""
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (64, 64, 1)).astype(np.uint8)
    masked = Masked(pictures=(noise,), masks=(np.zeros((64, 64), np.uint8),))
    (piece,), _ = pieces(masked, 1, (32, 32, 1), STILL, random)
    middle = piece[12:20, 12:20, 0]  # an edge may stick out, and is mirrored then
    windows = np.lib.stride_tricks.sliding_window_view(noise[..., 0], middle.shape)
    assert any((windows == side).all(axis=(2, 3)).any() for side in (middle, middle[:, ::-1]))
