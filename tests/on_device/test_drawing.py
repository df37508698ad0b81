"""Drawings: what is painted where, and what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.on_device.vision.drawing import COLOURS, SMALLEST, Drawing, colour_of, rendered

GREY = np.full((40, 80, 1), 0.5, np.float32)


def _saved(drawing: Drawing, path: Path) -> np.ndarray:
    drawing.save(path)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_small_picture_is_enlarged_by_a_whole_number(tmp_path: Path) -> None:
    pixels = _saved(Drawing(picture=GREY), tmp_path / "a.png")
    assert pixels.shape == (40 * 4, 80 * 4, 3)
    assert (pixels == 128).all()
    assert _saved(Drawing(picture=np.zeros((SMALLEST, 500, 3))), tmp_path / "b.png").shape[1] == 500


def test_a_box_is_drawn_on_its_edges_in_its_class_s_colour(tmp_path: Path) -> None:
    boxes = np.array([[10, 10, 30, 30], [np.nan] * 4])
    pixels = _saved(Drawing(picture=GREY, boxes=boxes, kinds=[2, 0]), tmp_path / "a.png")
    assert tuple(pixels[20 * 4, 10 * 4]) == colour_of(2)
    assert tuple(pixels[10 * 4, 20 * 4]) == colour_of(2)
    assert tuple(pixels[20 * 4, 20 * 4]) == (128, 128, 128)
    assert {tuple(pixel) for pixel in pixels.reshape(-1, 3)} == {(128, 128, 128), colour_of(2)}


@pytest.mark.parametrize("top", [0, 12, 35])
def test_a_caption_is_inside_the_picture(tmp_path: Path, top: int) -> None:
    boxes = np.array([[60, top, 500, top + 4]])
    drawing = Drawing(picture=GREY, boxes=boxes, captions=["a long caption 99 %"])
    pixels = _saved(drawing, tmp_path / "a.png")
    assert (pixels == COLOURS[0]).all(axis=2).sum() > 200


def test_class_0_of_a_mask_is_not_painted() -> None:
    mask = np.zeros((40, 80), np.int32)
    mask[:, 40:] = 4
    pixels = Drawing(picture=GREY, mask=mask).pixels()
    assert (pixels[:, :40] == 128).all()
    assert pixels[0, 60, 2] > pixels[0, 60, 0]


def test_joints_that_were_not_seen_and_their_bones_are_left_out(tmp_path: Path) -> None:
    joints = np.array([[[10, 20, 1], [60, 20, 1], [60, 5, 0], [np.nan, 3, 1]]])
    drawing = Drawing(picture=GREY, points=joints, bones=[(0, 1), (1, 2), (2, 3)])
    pixels = _saved(drawing, tmp_path / "a.png")
    assert tuple(pixels[80, 140]) == colour_of(0)
    assert tuple(pixels[48, 240]) == (128, 128, 128)
    two = drawing._replace(points=joints[..., :2])
    assert tuple(_saved(two, tmp_path / "b.png")[48, 240]) == colour_of(0)


def test_a_text_stands_below_and_widens_the_paper() -> None:
    text = "one\nand a second line that is much wider than the little picture above it is, by far"
    image = rendered(Drawing(picture=GREY, text=text))
    assert image.height > 160
    assert image.width > 320


def test_values_out_of_range_do_not_wrap_round() -> None:
    picture = np.array([[[-1.0], [2.0], [np.nan]]])
    assert Drawing(picture=picture).pixels()[0, :, 0].tolist() == [0, 255, 0]
