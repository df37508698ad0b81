"""XNNPACK's sparse path is predicted rule by rule; what stops it is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from edgekit.operators.sparse_inference import TAKEN, sparse_path
from edgekit.tflite.model import Model, Operator, Option, Subgraph, TensorInfo
from edgekit.tflite.sparse.layout import Dimension, Sparsity

Options = Mapping[str, Option]

SAME: Options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}


def dense(
    index: int, shape: tuple[int, ...], zeros: float = 0.0, dtype: str = "float32"
) -> TensorInfo:
    """Return a constant of ones of which a share is zero."""
    values = np.ones(int(np.prod(shape)), dtype)
    values[: round(zeros * values.size)] = 0
    return tensor(index, shape, dtype, stored=memoryview(values.tobytes()))


def sparse(index: int, outputs: int, zeros: float) -> TensorInfo:
    """Return weights of a 1x1 convolution of 12 channels, of which each row has the same zeros."""
    kept = round(12 * (1 - zeros))
    levels = (
        *(Dimension(size=size) for size in (outputs, 1, 1)),
        Dimension(
            size=0,
            segments=np.arange(0, outputs * kept + 1, kept),
            indices=np.tile(np.arange(kept), outputs),
        ),
    )
    layout = Sparsity(traversal_order=(0, 1, 2, 3), block_map=(), dimensions=levels)
    stored = memoryview(np.ones(outputs * kept, np.float32).tobytes())
    return tensor(index, (outputs, 1, 1, 12), "float32", stored=stored, sparsity=layout)


def tensor(
    index: int,
    shape: tuple[int, ...],
    dtype: str = "float32",
    stored: memoryview | None = None,
    sparsity: Sparsity | None = None,
) -> TensorInfo:
    return TensorInfo(
        index=index,
        name=str(index),
        shape=shape,
        shape_signature=shape,
        dtype=dtype,
        is_constant=stored is not None,
        stored=stored,
        sparsity=sparsity,
    )


def network(
    *,
    size: int = 33,
    channels: int = 3,
    start: Options | None = None,
    zeros: float = 0.75,
    is_sparse: bool = True,
    kernel: int = 3,
    middle: str = "RELU",
    end: str = "MEAN",
    dtype: str = "float32",
) -> Model:
    """Return a start, a depthwise and a 1x1 convolution, an operator of one input, and an end."""
    half = (size + 1) // 2
    shape = (1, half, half, 12)
    weights = sparse(5, 12, zeros) if is_sparse else dense(5, (12, 1, 1, 12), zeros)
    tensors = (
        tensor(0, (1, size, size, channels), dtype),
        dense(1, (12, 3, 3, channels)),
        tensor(2, shape, dtype),
        dense(3, (1, kernel, kernel, 12)),
        tensor(4, shape, dtype),
        weights,
        tensor(6, (12, 1, 1, 12)),
        tensor(7, shape, dtype),
        tensor(8, shape, dtype),
        dense(9, (2,), dtype="int32"),
        tensor(10, (1, 12), dtype),
    )
    axes = memoryview(np.array([1, 2], np.int32).tobytes())
    tensors = (*tensors[:9], tensor(9, (2,), "int32", stored=axes), *tensors[10:])
    stride: Options = {"padding": "SAME", "stride_h": 2, "stride_w": 2}
    operators = [
        operator(0, "DENSIFY", (5,), 6, {}),
        operator(1, "CONV_2D", (0, 1), 2, {**stride, **(start or {})}),
        operator(2, "DEPTHWISE_CONV_2D", (2, 3), 4, SAME),
        operator(3, "CONV_2D", (4, 6 if is_sparse else 5), 7, SAME),
        operator(4, middle, (7,), 8, {}),
        operator(5, end, (8, 9), 10, {}),
    ]
    graph = Subgraph(
        name="main",
        tensors=tensors,
        operators=tuple(operators if is_sparse else operators[1:]),
        inputs=(0,),
        outputs=(10,),
    )
    return Model(
        path=Path("made.tflite"),
        size_bytes=0,
        description="",
        min_runtime="",
        subgraphs=(graph,),
        signatures=(),
    )


def operator(
    index: int, name: str, inputs: tuple[int, ...], output: int, options: Options
) -> Operator:
    return Operator(
        index=index, name=name, version=1, inputs=inputs, outputs=(output,), options=options
    )


def test_a_network_that_keeps_all_rules_is_predicted_to_be_taken() -> None:
    assert sparse_path(network()) == TAKEN
    assert sparse_path(network(kernel=5)) == TAKEN
    assert TAKEN.startswith("predicted")


BROKEN: Mapping[str, Model] = {
    "no float32 CONV_2D of 3x3, stride 2, padding 1 on each side": network(size=32),
    "and 3 input channels that a sparse stretch could start with": network(channels=1),
    "stride 2, padding 1": network(start={"stride_h": 1}),
    "no float32 CONV_2D": network(dtype="int8"),
    "padding 1 on each side": network(start={"padding": "VALID"}),
    "50.0% of the weights of its 1x1 convolutions are zero; 2/3 must be": network(zeros=0.5),
    "the weights of CONV_2D (operator 3) are not sparse-encoded": network(is_sparse=False),
    "has a kernel of 7x7; 3x3 and 5x5 are taken": network(kernel=7),
    "SOFTMAX (operator 4) is none of those that a sparse stretch may hold": network(
        middle="SOFTMAX"
    ),
    "it ends in no MEAN over height and width": network(end="ABS"),
}


@pytest.mark.parametrize("said", BROKEN)
def test_what_stops_it_is_named(said: str) -> None:
    told = sparse_path(BROKEN[said])
    assert told.startswith("predicted: not taken; ")
    assert said in told
