"""The picture that a network is trained on is the one that the device gives it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from skimage.transform import downscale_local_mean

from edgekit.core.types import Array
from edgekit.on_device.vision.letterbox import letterbox, placement_of, to_network, to_picture

SIDES = st.integers(1, 40)


def colours(seed: int, height: int, width: int, channels: int = 3) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def letterboxed(picture: Array, shape: tuple[int, int, int]) -> Array:
    return letterbox(picture / np.float32(255), shape)[0]


@given(st.integers(0, 99), SIDES, SIDES, st.integers(1, 5))
def test_it_averages_as_pillow_and_scikit_image_do(
    seed: int, height: int, width: int, factor: int
) -> None:
    picture = colours(seed, height * factor, width * factor)
    found = letterboxed(picture, (height, width, 3))
    box = Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)
    # Pillow rounds twice, rows and columns.
    np.testing.assert_allclose(found, np.asarray(box) / 255, atol=1.001 / 255)
    means = downscale_local_mean(picture / 255, (factor, factor, 1))
    np.testing.assert_allclose(found, means, atol=1e-6)


@given(st.integers(0, 99), SIDES, st.floats(1, 6))
def test_areas_end_within_pixels_as_opencv_has_them(seed: int, side: int, factor: float) -> None:
    large = max(side, round(side * factor))
    picture = colours(seed, large, large) / np.float32(255)
    found = letterbox(picture, (side, side, 3))[0]
    theirs = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(found, theirs.reshape(found.shape), atol=1 / 255)


@example(38, 1, 21, 1)
@given(SIDES, SIDES, SIDES, SIDES)
def test_the_whole_picture_lies_in_the_middle(h: int, w: int, height: int, width: int) -> None:
    place = placement_of(h, w, (height, width, 3))
    assert (place.width, place.height) == (w, h)
    assert place.left >= 0
    assert place.top >= 0
    assert min(place.left, place.top) == pytest.approx(0)
    assert 2 * place.left + w * place.scale == pytest.approx(width)
    assert 2 * place.top + h * place.scale == pytest.approx(height)


@given(SIDES, SIDES, SIDES, SIDES)
def test_what_lies_around_it_is_grey(h: int, w: int, height: int, width: int) -> None:
    found, place = letterbox(np.ones((h, w, 1)), (height, width, 1))
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    outside = (np.abs(rows - height / 2) > h * place.scale / 2 + 0.5)[:, None] | (
        np.abs(columns - width / 2) > w * place.scale / 2 + 0.5
    )
    assert np.allclose(found[outside], 0.5)
    # As much white is added to the grey as the picture covers.
    covered = h * w * place.scale**2
    assert (found - 0.5).sum() * 2 == pytest.approx(covered, rel=1e-4)


@given(st.integers(0, 99), SIDES, SIDES, SIDES, SIDES)
def test_boxes_come_back(seed: int, h: int, w: int, height: int, width: int) -> None:
    place = placement_of(h, w, (height, width, 3))
    random = np.random.default_rng(seed)
    corners = np.sort(random.random((5, 2, 2)), axis=1) * [w, h]
    boxes = corners.reshape(5, 4).astype(np.float32)
    moved = to_network(boxes, place)
    assert (moved >= -1e-3).all()
    assert (moved <= np.array([width, height, width, height]) + 1e-3).all()
    np.testing.assert_allclose(to_picture(moved, place), boxes, atol=1e-3)
    assert to_picture(moved + 1000, place).tolist() == [[w, h, w, h]] * 5


def test_a_thing_lies_where_its_box_says() -> None:
    picture = np.zeros((60, 90, 3), np.float32)
    picture[12:30, 45:72] = 1
    found, place = letterbox(picture, (30, 30, 3))
    left, top, right, bottom = to_network(np.array([45, 12, 72, 30]), place)
    rows, columns = np.nonzero(found[..., 0] > 0.75)
    assert [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] == [
        left,
        top,
        right,
        bottom,
    ]


def test_a_picture_of_the_size_stays_and_colours_follow() -> None:
    picture = colours(0, 6, 8) / np.float32(255)
    found, place = letterbox(picture, (6, 8, 3))
    assert (found == picture).all()
    assert place == (1, 0, 0, 8, 6)
    assert letterbox(picture, (6, 8, 1))[0].shape == (6, 8, 1)
    assert letterbox(picture[..., :1], (3, 4, 3))[0].shape == (3, 4, 3)
    with pytest.raises(ValueError, match="a picture is"):
        letterbox(picture, (6, 8, 2))
