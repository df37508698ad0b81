"""Tiles cover every pixel once, and put together they are the picture again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgekit.on_device.vision.tiles import cut, enlarged, joined, resized, tiles_of

lengths = st.integers(1, 70)
sides = st.tuples(st.integers(8, 24), st.integers(8, 24))
margins = st.integers(0, 3)


@given(lengths, lengths, sides, margins)
def test_each_pixel_counts_in_one_tile(
    height: int, width: int, side: tuple[int, int], margin: int
) -> None:
    counts = np.zeros((height, width), int)
    for tile in tiles_of((height, width), side, margin):
        counts[tile.place()] += 1
    assert (counts == 1).all()


@given(lengths, lengths, sides, margins)
def test_what_counts_lies_within_the_margin_or_at_the_edge_of_the_picture(
    height: int, width: int, side: tuple[int, int], margin: int
) -> None:
    for tile in tiles_of((height, width), side, margin):
        axes = zip(tile.counted(), (tile.top, tile.left), (height, width), side, strict=True)
        for counted, start, length, tile_length in axes:
            assert counted.start >= margin or (counted.start == 0 and start == 0)
            at_the_end = start + counted.stop == length
            assert counted.stop <= tile_length - margin or at_the_end


@settings(max_examples=50)
@given(lengths, lengths, sides, margins, st.integers(1, 3))
def test_tiles_joined_are_the_picture(
    height: int, width: int, side: tuple[int, int], margin: int, channels: int
) -> None:
    picture = np.random.default_rng(height).random((height, width, channels))
    tiles = tiles_of(picture.shape, side, margin)
    pieces = cut(picture, tiles, side)
    assert pieces.shape == (len(tiles), *side, channels)
    np.testing.assert_array_equal(joined(pieces, tiles), picture)


def test_a_small_picture_goes_on_as_its_reflection() -> None:
    picture = np.array([[1, 2, 3]])
    (tile,) = cut(picture, tiles_of((1, 3), (2, 5), 0), (2, 5))
    np.testing.assert_array_equal(tile, 2 * [[1, 2, 3, 3, 2]])


def test_a_margin_leaves_something() -> None:
    with pytest.raises(ValueError, match=r"margin of 4 pixels .* tile of 8x8 leaves nothing"):
        tiles_of((20, 20), (8, 8), 4)


@given(st.integers(2, 60), st.integers(2, 60), st.integers(1, 60), st.integers(1, 60))
def test_a_smaller_picture_is_what_pillow_makes(
    height: int, width: int, new_height: int, new_width: int
) -> None:
    new_height, new_width = min(height, new_height), min(width, new_width)
    picture = np.random.default_rng(width).random((height, width), np.float32)
    found = resized(picture[..., np.newaxis], new_height, new_width)
    size = (new_width, new_height)
    expected = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
    # Pillow's box takes a pixel that a border cuts for one of the two; ours shares it.
    if height % new_height == 0 and width % new_width == 0:
        np.testing.assert_allclose(found[..., 0], expected, atol=1 / 255)
    assert found.mean() == pytest.approx(picture.mean(), abs=1e-5)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 80), st.integers(1, 80))
def test_an_enlarged_mask_is_what_pillow_makes(
    height: int, width: int, new_height: int, new_width: int
) -> None:
    mask = np.random.default_rng(height).integers(0, 9, (height, width), np.uint8)
    size = (new_width, new_height)
    expected = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    found = enlarged(mask, new_height, new_width)
    assert found.shape == (new_height, new_width)
    # Where the middle of a new pixel lies between two old ones, Pillow's rounding decides.
    axes = ((height, new_height), (width, new_width))
    rows, columns = ((2 * np.arange(new) + 1) * old % (2 * new) != 0 for old, new in axes)
    clear = np.ix_(rows, columns)
    np.testing.assert_array_equal(found[clear], expected[clear])
