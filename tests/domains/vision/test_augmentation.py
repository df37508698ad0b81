"""Boxes, masks and key points stay on what they mark, however a picture is moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import regionprops

from edgekit.core.types import Array
from edgekit.domains.vision.augmentation import (
    augmented,
    mirrors,
    moved_boxes,
    moved_masks,
    moved_pictures,
    moved_points,
    random_moves,
    with_light,
)

SEEDS = st.integers(0, 2**32 - 1)
HEIGHT, WIDTH = 48, 64


def a_thing(random: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Return masks with one rectangle each, and its box `(count, 1, 4)`."""
    corners = random.integers(14, 24, (count, 2))
    ends = corners + random.integers(6, 12, (count, 2))
    masks = np.zeros((count, HEIGHT, WIDTH), np.uint8)
    for mask, (left, top), (right, bottom) in zip(masks, corners, ends, strict=True):
        mask[top:bottom, left:right] = 1
    return masks, np.concatenate([corners, ends], axis=1)[:, None].astype(np.float32)


def around(mask: Array) -> list[int]:
    top, left, bottom, right = regionprops(mask)[0].bbox
    return [left, top, right, bottom]


@given(SEEDS)
def test_boxes_lie_around_what_moved(seed: int) -> None:
    random = np.random.default_rng(seed)
    masks, boxes = a_thing(random, 4)
    moves = random_moves(random, 4, (HEIGHT, WIDTH), shift=0.05, quarters=True, upside_down=True)
    labels = np.zeros((4, 1), np.int32)
    found, kept = moved_boxes(boxes, labels, moves, (HEIGHT, WIDTH))
    moved = moved_masks(masks, moves)
    shown = moved_pictures(masks[..., None] * np.float32(1), moves, fill=0)
    assert (kept == 0).all()
    for mask, picture, box in zip(moved, shown, found, strict=True):
        np.testing.assert_allclose(around(mask), box[0], atol=1.01)
        np.testing.assert_allclose(around((picture[..., 0] > 0.5).astype(int)), box[0], atol=1.01)


@given(SEEDS)
def test_points_move_with_the_corners_of_their_box(seed: int) -> None:
    random = np.random.default_rng(seed)
    _, boxes = a_thing(random, 3)
    moves = random_moves(random, 3, (HEIGHT, WIDTH), turn=30, quarters=True)
    corners = boxes[:, :, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(3, 1, 4, 2)
    points = moved_points(corners, moves)[:, 0]
    found, _ = moved_boxes(boxes, np.zeros((3, 1)), moves, (10_000, 10_000))
    inside = np.asarray((found > 0).all(axis=2))[:, 0]
    expected = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    np.testing.assert_allclose(found[inside, 0], expected[inside], atol=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_mirrors_and_quarters_move_whole_pixels(dtype: type) -> None:
    random = np.random.default_rng(0)
    pictures: Array = (random.random((16, 32, 32, 3)) * 255).astype(dtype)
    only = {"shift": 0.0, "zoom": (1.0, 1.0)}
    moves = random_moves(random, 16, (32, 32), mirror=True, **only)  # type: ignore[arg-type]
    moved = moved_pictures(pictures, moves)
    assert moved.dtype == dtype
    assert 0 < mirrors(moves).sum() < 16
    for before, after, mirrored in zip(pictures, moved, mirrors(moves), strict=True):
        assert (after == (before[:, ::-1] if mirrored else before)).all()
    moves = random_moves(random, 16, (32, 32), quarters=True, mirror=False, **only)  # type: ignore[arg-type]
    turned = {
        next(k for k in range(4) if (after == np.rot90(before, k)).all())
        for before, after in zip(pictures, moved_pictures(pictures, moves), strict=True)
    }
    assert turned == {0, 1, 2, 3}
    assert not mirrors(moves).any()


def test_the_same_seed_gives_the_same() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 20, 30, 3), np.uint8)
    boxes, labels = (
        np.tile(np.array([2, 3, 12, 13], np.float32), (4, 2, 1)),
        np.tile([1, -1], (4, 1)),
    )
    first, second, other = (
        augmented(np.random.default_rng(seed), pictures, boxes, labels) for seed in (1, 1, 2)
    )
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert (first[0] != other[0]).any()
    assert first[0].dtype == np.uint8
    assert (first[2][:, 1] == -1).all()
    assert (first[1][:, 1] == 0).all()


def test_a_box_that_leaves_the_picture_becomes_padding() -> None:
    boxes, labels = np.array([[[0, 0, 10, 10], [20, 0, 30, 10]]], np.float32), np.array([[2, 0]])
    left = np.array([[[1.0, 0, -8], [0, 1, 0]]])
    found, kept = moved_boxes(boxes, labels, left, (20, 40))
    assert kept.tolist() == [[-1, 0]]
    assert found.tolist() == [[[0, 0, 0, 0], [12, 0, 22, 10]]]


def test_what_no_part_of_the_picture_covers_is_grey() -> None:
    away = np.array([[[1.0, 0, 1000], [0, 1, 0]]])
    assert (moved_pictures(np.ones((1, 4, 4, 3), np.float32), away) == 0.5).all()
    assert np.isin(moved_pictures(np.ones((1, 4, 4, 1), np.uint8), away), (127, 128)).all()


@given(SEEDS)
def test_light_is_the_same_for_bytes_and_floats(seed: int) -> None:
    pictures = np.random.default_rng(seed).integers(0, 256, (3, 5, 6, 3), np.uint8)
    as_bytes, as_floats = (
        with_light(given_, np.random.default_rng(seed), colour=0.1)
        for given_ in (pictures, pictures / np.float32(255))
    )
    assert as_bytes.dtype == np.uint8
    assert as_floats.dtype == np.float32
    assert np.abs(as_bytes / 255 - as_floats).max() <= 0.51 / 255
