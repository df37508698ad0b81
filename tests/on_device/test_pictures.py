"""Pictures: every format gives the same picture, and another size is fitted by one rule."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.types import Array
from edgekit.on_device.pictures import GREY, fit, read_picture, to_pgm


def _colours(seed: int = 0, shape: tuple[int, int, int] = (4, 6, 3)) -> Array:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def _written(path: Path, picture: Array) -> Path:
    """Write a picture, uint8, as the file's name asks for."""
    height, width, channels = picture.shape
    head = b"P%d # by a test\n%d %d\n# 8 bits\n255\n"
    kind = (5 if channels == 1 else 6) - (3 if "plain" in path.name else 0)
    if path.suffix == ".npy":
        np.save(path, picture if channels == 3 else picture[..., 0])
    elif path.suffix in (".pgm", ".ppm"):
        numbers = "\n".join(map(str, picture.ravel())).encode()
        body = numbers if "plain" in path.name else picture.tobytes()
        path.write_bytes(head % (kind, width, height) + body)
    else:
        from PIL import Image

        Image.fromarray(picture if channels == 3 else picture[..., 0]).save(path)
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.pgm", "plain.pgm", "a.png"])
def test_a_grey_picture_is_read_from_every_format(tmp_path: Path, name: str) -> None:
    picture = _colours(shape=(4, 6, 1))
    np.testing.assert_allclose(
        read_picture(_written(tmp_path / name, picture)), picture / np.float32(255), rtol=1e-6
    )


@pytest.mark.parametrize("name", ["a.npy", "a.ppm", "plain.ppm", "a.png"])
def test_a_colour_picture_is_read_from_every_format(tmp_path: Path, name: str) -> None:
    found = read_picture(_written(tmp_path / name, _colours()))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, _colours() / np.float32(255), rtol=1e-6)


def test_what_is_written_as_pgm_is_read_again(tmp_path: Path) -> None:
    picture = _colours(shape=(28, 28, 1))
    (tmp_path / "a.pgm").write_bytes(to_pgm(picture[..., 0]))
    assert (read_picture(tmp_path / "a.pgm") * 255 == picture).all()


def test_sixteen_bits_are_read_the_larger_byte_first(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 1000\n" + bytes([0, 250, 3, 232]))
    np.testing.assert_allclose(read_picture(tmp_path / "a.pgm").ravel(), [0.25, 1.0])


def test_floats_stay_as_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[0.0, 0.25], [0.5, 1.0]]))
    assert read_picture(tmp_path / "a.npy").ravel().tolist() == [0, 0.25, 0.5, 1]


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((2, 3, 4, 1)), r"has shape \(2, 3, 4, 1\); a picture is \(height, width\)"),
        (np.zeros((3, 4, 2)), "Save one picture"),
        (np.full((3, 4), 255.0), "floats from 0 to 1. Scale them"),
        (np.full((3, 4), -1), "whole numbers from 0 to 255"),
        (np.full((3, 4), np.nan), "holds float64 from nan to nan"),
        (np.zeros((0, 4)), "has shape"),
    ],
)
def test_an_array_that_is_no_picture_is_refused(
    tmp_path: Path, array: Array, sentence: str
) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match=sentence):
        read_picture(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "content",
    [b"P5 4 4 255\nshort", b"P2 2 1 255\n1", b"P2 1 1 7\n9", b"P5 0 4 255\n", b"P5 1 1 0\nx"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pgm").write_bytes(content)
    with pytest.raises(ValueError, match=r"says that it holds .* save it again"):
        read_picture(tmp_path / "a.pgm")


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array"])
def test_a_damaged_array_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a .npy file of numbers"):
        read_picture(tmp_path / "a.npy")


def test_without_pillow_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written(tmp_path / "a.png", _colours())
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(SystemExit, match="pip install pillow"):
        read_picture(tmp_path / "a.png")


@given(
    st.integers(0, 99),
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3])),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])),
)
def test_a_fitted_picture_has_the_shape_and_range_asked_for(
    seed: int, shape: tuple[int, int, int], wanted: tuple[int, int, int]
) -> None:
    picture = _colours(seed, shape) / 255
    fitted = fit(picture, wanted)
    assert fitted.shape == wanted
    assert fitted.dtype == np.float32
    assert picture.min() - 1e-6 <= fitted.min() <= fitted.max() <= picture.max() + 1e-6


def test_a_picture_of_the_right_shape_stays_as_it_is() -> None:
    picture = _colours() / np.float32(255)
    assert (fit(picture, (4, 6, 3)) == picture).all()


def test_twice_the_size_is_the_mean_of_four_pixels() -> None:
    picture = _colours(shape=(8, 12, 3)) / 255
    expected = picture.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(fit(picture, (4, 6, 3)), expected, rtol=1e-6)


def test_what_does_not_fit_the_proportions_is_cut_at_both_sides() -> None:
    picture = _colours(shape=(4, 10, 1)) / 255
    np.testing.assert_allclose(fit(picture, (4, 4, 1)), picture[:, 3:7], rtol=1e-6)
    np.testing.assert_allclose(fit(picture, (2, 2, 1)), fit(picture[:, 3:7], (2, 2, 1)), rtol=1e-6)


def test_colours_become_as_bright_as_they_look_and_grey_three_colours() -> None:
    picture = _colours() / 255
    np.testing.assert_allclose(fit(picture, (4, 6, 1))[..., 0], picture @ np.array(GREY), rtol=1e-6)
    grey = _colours(shape=(4, 6, 1)) / 255
    np.testing.assert_allclose(fit(grey, (4, 6, 3)), grey.repeat(3, axis=2), rtol=1e-6)


@pytest.mark.parametrize("shape", [(50, 32), (28, 28, 2), (3, 28, 28)])
def test_a_network_that_takes_no_picture_says_so(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Use another program"):
        fit(np.zeros((4, 4, 1)), shape)
