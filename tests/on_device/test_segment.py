"""The program that segments pictures, with a stand-in for the network."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.core.types import Array, Batch
from edgekit.on_device.answering import Models
from edgekit.on_device.interpreter import ModelFacts, TensorFacts
from edgekit.on_device.programs.segment import SETTINGS, Settings, answer, mask_file, read_settings


def _tensor(name: str, *shape: int) -> TensorFacts:
    return {"name": name, "index": 0, "shape": [*shape], "dtype": "float32", "quantization": None}


def _bright(batch: Batch) -> Batch:
    """Answer class 1 where a pixel is bright, as a network of tiles 8x8."""
    assert batch["image"].shape == (1, 8, 8, 1)
    return {"scores": np.concatenate([0.5 - batch["image"], batch["image"] - 0.5], axis=-1)}


def _models(folder: Path, longest: int | None = None) -> Models:
    (folder / SETTINGS).write_text(Settings(longest=longest, margin=1).to_json())
    facts: ModelFacts = {
        "variant": "int8",
        "part": "model",
        "file": "int8.tflite",
        "inputs": [_tensor("image", 1, 8, 8, 1)],
        "outputs": [_tensor("scores", 1, 8, 8, 2)],
    }
    return Models(folder, {"model": facts}, {"model": _bright}, ["dark", "bright"])


@pytest.mark.parametrize("shape", [(30, 17, 1), (5, 40, 3), (8, 8, 1), (1, 1, 3)])
def test_a_picture_of_any_size_gets_a_mask_of_its_size(
    shape: tuple[int, int, int], tmp_path: Path
) -> None:
    values: Array = np.random.default_rng(0).random((*shape[:2], 1), np.float32)
    picture = values.repeat(shape[2], axis=2)
    found = answer(_models(tmp_path), picture, Namespace())
    assert found.drawing is not None
    assert found.drawing.mask is not None
    np.testing.assert_array_equal(found.drawing.mask, values[..., 0] > 0.5)


def test_it_says_how_much_is_what_and_gives_the_mask(tmp_path: Path) -> None:
    picture = np.zeros((4, 10, 1), np.float32)
    picture[:, :3] = 1
    found = answer(_models(tmp_path), picture, Namespace())
    assert list(found.lines) == ["70.0 %  dark", "30.0 %  bright"]
    assert list(found.files) == ["mask.png"]
    found.write(tmp_path, "x")
    with Image.open(tmp_path / "x.mask.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), picture[..., 0])
    assert (tmp_path / "x.png").is_file()


def test_without_pillow_the_mask_is_a_pgm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    ending, content = mask_file(np.array([[0, 1, 1]], np.uint8))
    assert ending == "mask.pgm"
    assert content == b"P5\n3 1\n255\n\x00\x01\x01"


def test_a_large_picture_is_seen_smaller(tmp_path: Path) -> None:
    picture = np.zeros((40, 40, 1), np.float32)
    picture[:20] = 1
    found = answer(_models(tmp_path, longest=8), picture, Namespace())
    assert found.drawing is not None
    np.testing.assert_array_equal(found.drawing.mask, picture[..., 0])


@pytest.mark.parametrize("content", ["{", "[]", '{"margin": 3}'])
def test_other_settings_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(content)
    with pytest.raises(ValueError, match=r"does not hold longest and margin; take the file"):
        read_settings(tmp_path)
