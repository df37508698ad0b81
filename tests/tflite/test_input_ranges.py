"""What a file's inputs expect is told by the operators that read them, and random input follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import BadInput
from edgekit.running.timing import random_batch
from tests.support.small_files import Data, Step, write_file

X = Data((1, 4, 4, 3))


def drawn(path: Path, steps: list[Step], tensors: dict[str, Any], count: int = 200) -> Any:
    """Return random examples for the input `x` of a file."""
    write_file(path / "m.tflite", steps, tensors, inputs=["x"], outputs=[list(tensors)[-1]])
    return random_batch(path / "m.tflite", count)["x"]


def scalar(value: float) -> Any:
    return np.array(value, np.float32)


def test_an_integer_input_is_tried_over_all_that_it_stands_for(tmp_path: Path) -> None:
    """pretrainedResnet_large_int8.tflite of https://github.com/mlcommons/tiny takes 0..255."""
    x = Data((1, 4, 4, 3), "int8", scale=1.0, zero_point=-128)
    values = drawn(tmp_path, [Step("RELU", ["x"], ["y"])], {"x": x, "y": x})
    assert len(np.unique(values)) == 256
    assert (values.min(), values.max()) == (0, 255)


def test_a_float_input_is_tried_over_all_that_its_quantize_tells_apart(tmp_path: Path) -> None:
    y = Data((1, 4, 4, 3), "int8", scale=1.0, zero_point=-128)
    values = drawn(tmp_path, [Step("QUANTIZE", ["x"], ["y"])], {"x": X, "y": y})
    assert len(np.unique(np.rint(values))) == 256


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_bytes_without_a_scale_are_tried_over_their_whole_range(tmp_path: Path, dtype: str) -> None:
    tensors = {"x": Data((1, 8), dtype), "y": Data((1, 8))}
    values = drawn(tmp_path, [Step("CAST", ["x"], ["y"])], tensors)
    assert len(np.unique(values)) == 256


def test_pixels_behind_a_rescaling_are_pixels(tmp_path: Path) -> None:
    steps = [Step("MUL", ["x", "scale"], ["y"]), Step("SUB", ["y", "one"], ["z"])]
    tensors = {"x": X, "scale": scalar(1 / 127.5), "one": scalar(1), "y": X, "z": X}
    values = drawn(tmp_path, steps, tensors)
    assert values.min() < 5
    assert 250 < values.max() <= 255
    steps, tensors = [Step("DIV", ["x", "most"], ["y"])], {"x": X, "most": scalar(255), "y": X}
    assert 250 < drawn(tmp_path, steps, tensors).max() <= 255


def test_channels_that_are_normalized_lie_around_their_means(tmp_path: Path) -> None:
    mean, deviation = np.array([123, 116, 20], np.float32), np.array([58, 57, 0.1], np.float32)
    steps = [Step("SUB", ["x", "mean"], ["y"]), Step("MUL", ["y", "by"], ["z"])]
    tensors = {"x": X, "mean": mean, "by": 1 / deviation, "y": X, "z": X}
    values = drawn(tmp_path, steps, tensors).reshape(-1, 3)
    assert (np.abs(values.mean(0) - mean) < 0.1 * deviation).all()
    np.testing.assert_allclose(values.std(0), 2 / np.sqrt(3) * deviation, rtol=0.1)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def test_word_numbers_are_rows_of_their_table(tmp_path: Path, dtype: str) -> None:
    ids, table = Data((1, 2, 5), "int32"), np.ones((50, 2), np.float32)
    x, y = Data((1, 10), dtype), Data((1, 10), "int32")
    steps = [
        Step("CAST", ["x"], ["i"]),
        Step("RESHAPE", ["i", "shape"], ["ids"]),
        Step("GATHER", ["table", "ids"], ["y"], "GatherOptions", {"axis": 0}),
    ]
    shape = np.array([1, 2, 5], np.int32)
    tensors = {"x": x, "i": y, "shape": shape, "ids": ids, "table": table, "y": Data((1, 2, 5, 2))}
    values = drawn(tmp_path, steps, tensors)
    assert values.dtype == dtype
    assert sorted(np.unique(values)) == list(range(50))


def test_other_numbers_stay_small(tmp_path: Path) -> None:
    for dtype, most in (("int32", 1), ("float32", 1), ("bool", 1)):
        tensors = {"x": Data((1, 8), dtype), "y": Data((1, 8))}
        values = drawn(tmp_path, [Step("CAST", ["x"], ["y"])], tensors).astype(float)
        assert 0 <= values.min() <= values.max() <= most


@pytest.mark.parametrize("shape", [(1600,), (4, 8), (), (2, 1, 3)])
def test_an_input_needs_no_batch_axis(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """https://github.com/Caldarie/flutter_tflite_audio/issues/27 takes so many samples."""
    tensors = {"x": Data(shape), "y": Data(shape)}
    assert drawn(tmp_path, [Step("RELU", ["x"], ["y"])], tensors).shape == (200, *shape)


@pytest.mark.parametrize("dtype", ["string", "bfloat16", "resource", "int4"])
def test_what_is_no_number_of_numpy_is_refused_in_a_sentence(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(BadInput, match=f"'x' of .* is of type {dtype}; .* plain numbers"):
        drawn(tmp_path, [Step("CAST", ["x"], ["y"])], {"x": Data((4,), dtype), "y": Data((4,))})


def test_a_scale_of_floats_changes_nothing(tmp_path: Path) -> None:
    x = Data((1, 8), scale=0.1)
    values = drawn(tmp_path, [Step("RELU", ["x"], ["y"])], {"x": x, "y": x})
    assert values.dtype == np.float32
    assert 0 <= values.min() <= values.max() <= 1
