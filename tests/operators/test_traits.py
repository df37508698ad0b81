"""What is special about an operator is named, and a target's verdict on it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import EdgekitError
from edgekit.operators.measured import GPU, LITERT, TFLITE_RUNTIME, measured
from edgekit.operators.traits import file_traits, traits_of
from edgekit.running.place import Place
from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.tflite.reader import read
from edgekit.verbs.check import check
from tests.support.small_files import Data, Step, write_file

random = np.random.default_rng(11)


def normal(*shape: int) -> np.ndarray:
    return random.normal(size=shape).astype(np.float32)


def convolution(path: Path, *, image: Sequence[int], kernel: Sequence[int], stride: int) -> Path:
    """A float convolution with SAME padding."""
    size = [-(-length // stride) for length in image[1:3]]
    tensors: dict[str, Data | np.ndarray] = {
        "x": Data(image),
        "w": normal(*kernel),
        "b": normal(kernel[0]),
        "y": Data((image[0], *size, kernel[0])),
    }
    options = {"padding": 0, "strideH": stride, "strideW": stride}
    options |= {"dilationHFactor": 1, "dilationWFactor": 1}
    step = Step("CONV_2D", ["x", "w", "b"], ["y"], "Conv2DOptions", options, version=6)
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def product(path: Path, one: Sequence[int], other: Sequence[int]) -> Path:
    tensors: dict[str, Data | np.ndarray] = {
        "x": Data(one),
        "z": Data(other),
        "y": Data((1, 4, 5, 7)),
    }
    step = Step("BATCH_MATMUL", ["x", "z"], ["y"], "BatchMatMulOptions")
    return write_file(path, [step], tensors, inputs=["x", "z"], outputs=["y"])


def sliced(path: Path, *, shrink: int = 0, stride: int = 1) -> Path:
    """`x[:, 0]` or `x[:, ::-1]`."""
    begin, end = ([0, 0, 0], [1, 1, 8]) if shrink else ([0, -1, 0], [1, -7, 8])
    tensors: dict[str, Data | np.ndarray] = {
        "x": Data((1, 6, 8)),
        "begin": np.array(begin, np.int32),
        "end": np.array(end, np.int32),
        "strides": np.array([1, stride, 1], np.int32),
        "y": Data((1, 8) if shrink else (1, 6, 8)),
    }
    options = {"shrinkAxisMask": shrink, "beginMask": 5, "endMask": 5}
    step = Step(
        "STRIDED_SLICE", ["x", "begin", "end", "strides"], ["y"], "StridedSliceOptions", options,
        version=2,
    )  # fmt: skip
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def looked_up(path: Path, *indices: int) -> Path:
    tensors: dict[str, Data | np.ndarray] = {
        "x": Data(indices, "int32"),
        "rows": normal(50, 8),
        "y": Data((*indices, 8)),
    }
    step = Step("GATHER", ["rows", "x"], ["y"], "GatherOptions", {"axis": 0})
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def spread(path: Path, images: int) -> Path:
    """DEPTH_TO_SPACE of some images."""
    tensors: dict[str, Data | np.ndarray] = {
        "x": Data((images, 2, 3, 8)),
        "y": Data((images, 4, 6, 2)),
    }
    step = Step("DEPTH_TO_SPACE", ["x"], ["y"], "DepthToSpaceOptions", {"blockSize": 2})
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def handing_through(path: Path) -> Path:
    tensors: dict[str, Data | np.ndarray] = {"x": Data((1, 8)), "y": Data((1, 8))}
    step = Step("TANH", ["x"], ["y"])
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y", "x"])


def int8(*shape: int, scale: float = 0.05) -> Data:
    return Data(shape, "int8", scale=scale)


def activation(path: Path, name: str, scale: float) -> Path:
    tensors: dict[str, Data | np.ndarray] = {
        "x": int8(1, 8),
        "y": Data((1, 8), "int8", scale=scale, zero_point=0),
    }
    if name == "SOFTMAX":
        step = Step(name, ["x"], ["y"], "SoftmaxOptions", {"beta": 1.0}, version=2)
        tensors["y"] = Data((1, 8), "int8", scale=scale, zero_point=-128)
    else:
        step = Step(name, ["x"], ["y"], version=2)
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def pooled(path: Path, scale: float) -> Path:
    tensors: dict[str, Data | np.ndarray] = {
        "x": int8(1, 4, 4, 8),
        "y": int8(1, 2, 2, 8, scale=scale),
    }
    options = {"padding": 1, "strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2}
    step = Step("MAX_POOL_2D", ["x"], ["y"], "Pool2DOptions", options, version=2)
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def weighted(path: Path, **weights: Any) -> Path:
    """An int8 convolution of 1x1."""
    values = random.integers(-100, 100, (4, 1, 1, 8))
    tensors: dict[str, Data | np.ndarray] = {
        "x": int8(1, 4, 4, 8),
        "w": Data(values.shape, "int8", values=values, **weights),
        "b": Data((4,), "int32", scale=0.0005, values=np.zeros(4)),
        "y": int8(1, 4, 4, 4, scale=0.3),
    }
    options = {"padding": 0, "strideH": 1, "strideW": 1}
    options |= {"dilationHFactor": 1, "dilationWFactor": 1}
    step = Step("CONV_2D", ["x", "w", "b"], ["y"], "Conv2DOptions", options, version=3)
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def added(path: Path, scale: float) -> Path:
    side = Data((1, 8), "int8", scale=scale)
    tensors: dict[str, Data | np.ndarray] = {"x": side, "z": side, "y": side}
    step = Step("ADD", ["x", "z"], ["y"], "AddOptions", version=2)
    return write_file(path, [step], tensors, inputs=["x", "z"], outputs=["y"])


GROUPS = "https://github.com/tensorflow/tensorflow/issues/40044"
BATCHES = "https://github.com/tensorflow/tensorflow/issues/51417"
SLICES = "https://github.com/tensorflow/tensorflow/issues/56081"
IMAGES = "https://github.com/tensorflow/tensorflow/issues/29490"
TOKENS = "https://github.com/google-ai-edge/LiteRT/issues/9191"
STATE = (
    "feedback_tensor_with_state_copy_model.tflite of https://github.com/google-ai-edge/mediapipe"
)
SCALES = "https://github.com/PINTO0309/PINTO_model_zoo/issues/352"
POOLS = "https://github.com/tensorflow/tensorflow/issues/46315"
WEIGHTS = "https://github.com/tensorflow/tensorflow/issues/61796"
BARE = "blockwise_quantized.tflite of https://github.com/google-ai-edge/LiteRT"
STRIDES = "https://github.com/google-ai-edge/LiteRT/issues/4847"

ALL = ("cpu", "litert", "gpu")
CASES: list[tuple[str, str, Any, tuple[Any, ...], dict[str, Any], tuple[str, ...]]] = [
    ("groups of 2", GROUPS, convolution, (),
     {"image": (1, 9, 9, 4), "kernel": (8, 3, 3, 2), "stride": 1}, ("gpu",)),
    ("groups of 4", GROUPS, convolution, (),
     {"image": (1, 9, 9, 8), "kernel": (16, 3, 3, 4), "stride": 1}, ()),
    ("wide stride", STRIDES, convolution, (),
     {"image": (1, 17, 18, 7), "kernel": (16, 3, 3, 7), "stride": 10}, ("cpu",)),
    ("shared keys", BATCHES, product, ((1, 4, 5, 6), (1, 1, 6, 7)), {}, ("gpu",)),
    ("own keys", BATCHES, product, ((1, 4, 5, 6), (1, 4, 6, 7)), {}, ()),
    ("first token", SLICES, sliced, (), {"shrink": 2}, ("gpu",)),
    ("reversed", SLICES, sliced, (), {"stride": -1}, ("gpu",)),
    ("two images", IMAGES, spread, (2,), {}, ("gpu",)),
    ("one image", IMAGES, spread, (1,), {}, ()),
    ("tokens", TOKENS, looked_up, (1, 6), {}, ("gpu",)),
    ("a row of tokens", TOKENS, looked_up, (6,), {}, ()),
    ("state handed through", STATE, handing_through, (), {}, ("gpu",)),
    ("softmax", SCALES, activation, ("SOFTMAX", 0.005), {}, ALL),
    ("softmax as written", SCALES, activation, ("SOFTMAX", 1 / 256), {}, ()),
    ("log softmax", SCALES, activation, ("LOG_SOFTMAX", 0.05), {}, ALL),
    ("normalized", SCALES, activation, ("L2_NORMALIZATION", 0.01), {}, ALL),
    ("pool", POOLS, pooled, (0.065,), {}, ("cpu", "litert")),
    ("pool as written", POOLS, pooled, (0.05,), {}, ()),
    ("moved weights", WEIGHTS, weighted, (), {"scale": 0.01, "zero_point": 5}, ALL),
    ("bare weights", WEIGHTS, weighted, (), {}, ALL),
    ("weights", WEIGHTS, weighted, (), {"scale": 0.01}, ()),
    ("sum without scales", BARE, added, (0.0,), {}, ALL),
    ("sum", BARE, added, (0.05,), {}, ()),
]  # fmt: skip
"""What it is, who met it, how to write it, and the targets that do not run it."""

NAMES = [case[0] for case in CASES]


@pytest.mark.parametrize("target", ALL)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_verdict_knows_what_is_special(tmp_path: Path, case: Any, target: str) -> None:
    _, _, make, positions, options, refused_by = case
    found = check(make(tmp_path / "m.tflite", *positions, **options), target)
    assert found.ok == (target not in refused_by), found
    if found.ok:
        assert all(verdict.verdict == "yes" for verdict in found.operators)


@pytest.mark.device
@pytest.mark.parametrize("target", ALL)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_runtime_does_as_its_verdict_says(tmp_path: Path, case: Any, target: str) -> None:
    _, _, make, positions, options, refused_by = case
    path = make(tmp_path / "m.tflite", *positions, **options)
    place = Place(runtime=registry.get("targets", target).runtime)
    if reason := place.missing():
        pytest.skip(reason)
    # The scale of a pool's output changes nothing of what it stands for.
    plain = pooled(tmp_path / "plain.tflite", 0.05) if make is pooled else path
    expected, found = answers(plain, "litert"), answers(path, place.runtime)
    right = (
        not isinstance(expected, str)
        and not isinstance(found, str)
        and all(
            np.abs(found[name] - expected[name]).max() <= 0.1 * np.ptp(expected[name])
            for name in expected
        )
    )
    assert right == (target not in refused_by), (expected, found)


def answers(path: Path, runtime: str) -> dict[str, np.ndarray] | str:
    """Return what a runtime answers to random input, or how it refuses or dies."""
    try:
        with open_session(path, runtime=runtime) as session:
            return session(random_batch(path, count=4))
    except EdgekitError as error:
        return str(error)


def test_a_plain_operator_and_file_have_no_traits(tmp_path: Path) -> None:
    model = read(added(tmp_path / "m.tflite", 0.05))
    assert traits_of(model.main.operators[0], model.main) == ()
    assert file_traits(model) == ()


def test_what_was_measured_of_traits_is_in_the_tables() -> None:
    """Spot checks by hand; the table is only ever written by the probe."""
    for column in (TFLITE_RUNTIME, LITERT, GPU):
        refused = measured("SOFTMAX", column).traits_refused
        assert "not near 1.f / 256" in refused["an output scale of its own, int8"]
    wrong = measured("CONV_2D", GPU).traits_refused["a 1x1 kernel and a stride, int8"]
    assert wrong.startswith("answers wrong")
    assert "a 1x1 kernel and a stride, float32" in measured("CONV_2D", GPU).traits
