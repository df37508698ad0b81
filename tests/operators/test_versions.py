"""The version an operator needs follows from its types and options, not from what a file claims."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.operators.version_rules import RULES
from edgekit.operators.versions import minimum_runtime, needed_version, release_with
from edgekit.tflite.model import BITS
from edgekit.tflite.reader import Operator, Subgraph, TensorInfo, read
from tests.support.paths import GOLDEN

IMAGE = (1, 8, 8, 4)
FILTERS = (16, 3, 3, 4)


def tensor(
    dtype: str, shape: tuple[int, ...] = IMAGE, *, scales: int = 0, axis: int = 0
) -> TensorInfo:
    """Return a tensor with as many scales."""
    return TensorInfo(
        index=0,
        name="",
        shape=shape,
        shape_signature=shape,
        dtype=dtype,
        scales=(0.5,) * scales,
        zero_points=(0,) * scales,
        quantized_dimension=axis,
    )


def needs(
    name: str, inputs: list[TensorInfo | None], output: TensorInfo, **options: Any
) -> int | None:
    """Return the version that an operator with these operands needs."""
    present = [found for found in inputs if found is not None]
    places = iter(range(len(present)))
    operator = Operator(
        index=0,
        name=name,
        version=1,
        inputs=tuple(-1 if found is None else next(places) for found in inputs),
        outputs=(len(present),),
        options=options,
    )
    subgraph = Subgraph(
        name="", tensors=(*present, output), operators=(operator,), inputs=(), outputs=()
    )
    return needed_version(operator, subgraph)


FLOAT, INT8, INT16 = tensor("float32"), tensor("int8", scales=1), tensor("int16", scales=1)
PER_CHANNEL = tensor("int8", FILTERS, scales=16)
PER_TENSOR = tensor("int8", FILTERS, scales=1)
DENSE = tensor("int8", (16, 8), scales=1)
DENSE_PER_CHANNEL = tensor("int8", (16, 8), scales=16)
DEPTHWISE = tensor("int8", (1, 3, 3, 4), scales=4, axis=3)


@pytest.mark.parametrize(
    ("name", "inputs", "output", "options", "expected"),
    [
        ("CONV_2D", [FLOAT, tensor("float32", FILTERS)], FLOAT, {}, 1),
        ("CONV_2D", [FLOAT, PER_TENSOR, FLOAT], FLOAT, {}, 2),
        ("CONV_2D", [FLOAT, PER_CHANNEL, FLOAT], FLOAT, {}, 5),
        ("CONV_2D", [INT8, PER_CHANNEL, None], INT8, {}, 3),
        ("CONV_2D", [INT8, tensor("int4", FILTERS, scales=16)], INT8, {}, 7),
        ("CONV_2D", [FLOAT, tensor("int4", FILTERS, scales=16)], FLOAT, {}, 8),
        ("FULLY_CONNECTED", [FLOAT, tensor("int4", (16, 8), scales=16)], FLOAT, {}, 12),
        ("FULLY_CONNECTED", [FLOAT, tensor("int4", (16, 8))], FLOAT, {}, 14),
        ("CONV_2D", [FLOAT, tensor("float32", (16, 3, 3, 2))], FLOAT, {}, 6),
        ("CONV_2D", [INT16, PER_CHANNEL], INT16, {"quantized_bias_type": "int64"}, 4),
        ("CONV_2D", [INT16, PER_CHANNEL], INT16, {"quantized_bias_type": "int32"}, 8),
        ("DEPTHWISE_CONV_2D", [FLOAT, DEPTHWISE], FLOAT, {}, 6),
        ("DEPTHWISE_CONV_2D", [FLOAT, FLOAT], FLOAT, {"dilation_w_factor": 2}, 2),
        ("FULLY_CONNECTED", [FLOAT, tensor("float32", (16, 8)), None], FLOAT, {}, 1),
        ("FULLY_CONNECTED", [FLOAT, DENSE, None], FLOAT, {}, 3),
        ("FULLY_CONNECTED", [FLOAT, DENSE, None], FLOAT, {"asymmetric_quantize_inputs": True}, 9),
        ("FULLY_CONNECTED", [FLOAT, DENSE_PER_CHANNEL, None], FLOAT, {}, 12),
        ("FULLY_CONNECTED", [INT8, DENSE_PER_CHANNEL, None], INT8, {}, 4),
        ("FULLY_CONNECTED", [INT8, DENSE, None], INT8, {"keep_num_dims": True}, 5),
        ("FULLY_CONNECTED", [INT8, DENSE], INT8, {}, 6),
        ("FULLY_CONNECTED", [INT8, tensor("int2", (16, 8), scales=1)], INT8, {}, 14),
        ("ADD", [FLOAT, FLOAT], FLOAT, {}, 1),
        ("ADD", [INT8, INT8], INT8, {}, 2),
        ("ADD", [INT16, INT16], INT16, {"pot_scale_int16": False}, 3),
        ("ADD", [tensor("int64"), tensor("int64")], tensor("int64"), {}, 4),
        ("ADD", [tensor("int16"), tensor("int16")], tensor("int16"), {}, 5),
        ("MUL", [INT8, INT8], tensor("int8", scales=1), {}, 2),
        ("SUB", [tensor("float32", (1,) * 5), FLOAT], FLOAT, {}, 3),
        ("TRANSPOSE", [tensor("float32", (1,) * 6)], FLOAT, {}, 6),
        ("RESIZE_BILINEAR", [INT8], INT8, {"half_pixel_centers": True}, 3),
        ("TRANSPOSE_CONV", [None, PER_CHANNEL, INT8, INT8], INT8, {}, 3),
        ("BATCH_MATMUL", [FLOAT, DENSE], FLOAT, {"asymmetric_quantize_inputs": True}, 4),
        ("SPLIT", [tensor("int32"), INT8], INT8, {}, 2),
        ("BROADCAST_TO", [FLOAT], FLOAT, {}, 2),
        ("CAST", [tensor("bfloat16")], FLOAT, {}, 7),
        ("RESHAPE", [FLOAT], FLOAT, {}, 1),
        ("RESHAPE", [tensor("int4")], tensor("int4"), {}, None),
        ("STABLEHLO_TANH", [FLOAT], FLOAT, {}, None),
        ("CUSTOM:Mystery", [FLOAT], FLOAT, {}, None),
    ],
)
def test_types_and_options_decide(
    name: str,
    inputs: list[TensorInfo | None],
    output: TensorInfo,
    options: dict[str, Any],
    expected: int | None,
) -> None:
    assert needs(name, inputs, output, **options) == expected


@pytest.mark.parametrize("name", ["float32", "float16", "int8", "dynamic_int8", "pruned", "loop"])
def test_what_tensorflow_writes_is_what_is_needed(name: str) -> None:
    model = read(GOLDEN / f"{name}.tflite")
    for subgraph in model.subgraphs:
        for operator in subgraph.operators:
            assert needed_version(operator, subgraph) == operator.version, operator.name


def test_a_quantizer_that_claims_version_1_is_found_out() -> None:
    main = read(GOLDEN / "wrong_version.tflite").main
    found = {o.name: (o.version, needed_version(o, main)) for o in main.operators}
    assert found == {"CONV_2D": (1, 5), "RESHAPE": (1, 1), "FULLY_CONNECTED": (1, 12)}


def test_the_minimum_runtime_is_the_newest_that_any_operator_needs() -> None:
    assert release_with("FULLY_CONNECTED", 12) == "2.17.0"
    assert release_with("FULLY_CONNECTED", 99) is None
    assert minimum_runtime(read(GOLDEN / "dynamic_int8.tflite")) == ("2.4.0", ())
    assert minimum_runtime(read(GOLDEN / "wrong_version.tflite")) == ("2.17.0", ())


def test_releases_are_ordered_as_numbers_and_unknown_operators_are_named() -> None:
    """1.14 is newer than 1.6; what a custom operator needs is not known."""
    assert minimum_runtime(read(GOLDEN / "int8.tflite")) == ("1.14.0", ())
    assert minimum_runtime(read(GOLDEN / "custom.tflite")) == ("1.6.0", ("CUSTOM:Mystery",))
    assert minimum_runtime(read(GOLDEN / "no_operators.tflite")) == ("", ())


@given(
    name=st.sampled_from(sorted(RULES)),
    dtypes=st.lists(st.sampled_from([None, *BITS, "string"]), max_size=5),
    shapes=st.lists(st.lists(st.integers(0, 4), max_size=6), min_size=6, max_size=6),
    scales=st.integers(0, 4),
)
def test_no_operands_are_too_odd_for_a_rule(
    name: str, dtypes: list[str | None], shapes: list[list[int]], scales: int
) -> None:
    """A damaged file may give an operator any number of inputs of any shape."""
    inputs = [
        None if dtype is None else tensor(dtype, tuple(shape), scales=scales)
        for dtype, shape in zip(dtypes, shapes, strict=False)
    ]
    found = needs(name, inputs, tensor("float32", tuple(shapes[5]), scales=scales))
    assert found is None or 1 <= found <= 14
