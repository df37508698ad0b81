"""The program that makes pictures of noise, with stand-ins for models."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.types import Array, Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.programs.generate import answer, drive, grid, program

LABELS = ("shoe", "coat", "bag")


def _facts(**sizes: int) -> Any:
    inputs = [{"name": name, "shape": [1, size]} for name, size in sizes.items()]
    return {"inputs": inputs, "outputs": []}


def _pixels(batch: Batch) -> Batch:
    """Stand in for a decoder: two pixels, the first two numbers of a code."""
    return {"made": batch["code"][:, :2].reshape(-1, 1, 2, 1)}


def _labelled(batch: Batch) -> Batch:
    """Stand in for a generator: its one pixel is the label's number, and a bit of the noise."""
    shade = batch["label"] @ [0.0, 0.25, 0.5] + 0.01 * np.clip(batch["noise"][:, 0], 0, 1)
    return {"made": shade.reshape(-1, 1, 1, 1)}


@pytest.fixture
def decoder(tmp_path: Path) -> Models:
    runs = {"encoder": _pixels, "decoder": _pixels}
    return Models(tmp_path, {"encoder": _facts(image=4), "decoder": _facts(code=4)}, runs, ())


@pytest.fixture
def generator(tmp_path: Path) -> Models:
    return Models(tmp_path, {"model": _facts(label=3, noise=2)}, {"model": _labelled}, LABELS)


def _options(count: int = 3, label: str = "") -> Namespace:
    return Namespace(count=count, label=label)


def _picture(models: Models, seed: int, options: Namespace) -> Array:
    drawing = answer(models, seed, options).drawing
    assert drawing is not None
    return drawing.picture


def test_a_seed_makes_the_same_pictures_again(decoder: Models) -> None:
    first = answer(decoder, 7, _options())
    assert first.lines == ["9 pictures of 2 x 1 pixels, of seed 7"]
    assert first.files["made.pgm"].startswith(b"P5\n6 3\n255\n")
    picture = _picture(decoder, 7, _options())
    np.testing.assert_array_equal(picture, _picture(decoder, 7, _options()))
    assert (picture != _picture(decoder, 8, _options())).any()
    assert 0 <= picture.min() < picture.max() <= 1


def test_each_row_has_one_label_and_each_column_one_noise(generator: Models) -> None:
    picture = _picture(generator, 0, _options(count=4))[..., 0]
    assert picture.shape == (3, 4)
    np.testing.assert_allclose(np.diff(picture, axis=0), 0.25, atol=1e-6)
    assert np.ptp(picture[0]) > 0
    assert answer(generator, 0, _options()).lines[1] == "rows: shoe, coat, bag"


def test_one_label_alone_has_one_row(generator: Models) -> None:
    every, bags = (_picture(generator, 0, _options(label=label)) for label in ("", "bag"))
    np.testing.assert_array_equal(bags, every[2:])


def test_a_label_that_is_not_there_is_refused(generator: Models) -> None:
    with pytest.raises(ValueError, match="no label 'hat'; give one of shoe, coat, bag"):
        answer(generator, 0, _options(label="hat"))


@pytest.mark.parametrize("text", ["-1", "seven", "0.5", ""])
def test_what_is_no_seed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no seed; give a whole number, such as 7"):
        list(program.takes.read([text], Path()))


def test_seeds_are_read_by_number() -> None:
    assert list(program.takes.read(["7", "12"], Path())) == [("seed 7", 7), ("seed 12", 12)]


def test_a_grid_is_read_row_by_row() -> None:
    numbered = np.arange(6.0).reshape(6, 1, 1, 1) * np.ones((1, 2, 2, 1))
    np.testing.assert_array_equal(grid(numbered, 3)[::2, ::2, 0], [[0, 1, 2], [3, 4, 5]])


def test_noise_is_decoded_as_a_code_is() -> None:
    def encoder(batch: Batch) -> Batch:
        return {"code": 2 * batch["noise"], "mean": batch["noise"]}

    noise = np.random.default_rng(0).random((5, 4))
    answers = drive({"encoder": encoder, "decoder": _pixels})({"noise": noise})
    np.testing.assert_array_equal(answers["made"], 2 * answers["sampled"])
    np.testing.assert_array_equal(answers["mean"], noise)
