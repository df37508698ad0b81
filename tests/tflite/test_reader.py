"""Reading `.tflite` files: what is in them, and that damaged ones are refused in one sentence."""

from __future__ import annotations

import contextlib
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.core.errors import BadModelFile, NotFound
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.input_ranges import expected_ranges
from edgekit.tflite.reader import Model, constant, ports, read
from tests.support.paths import GOLDEN

ALL = sorted(GOLDEN.glob("*.tflite"))
SHARED_FOLDER = [HealthCheck.function_scoped_fixture]
EXTREMES = [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", bytes(4)]


def edited(name: str, edit: Callable[[Any], None]) -> bytes:
    """Return a golden file after `edit` has changed its tables."""
    model = unpack((GOLDEN / f"{name}.tflite").read_bytes())
    edit(model)
    return bytes(pack(model))


def read_bytes(content: bytes) -> Model:
    """Read a model; its constants stay readable when the file is gone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        return read(path)


def refusal(folder: Path, content: bytes) -> str:
    """Return the sentence a file is refused with."""
    path = folder / "damaged.tflite"
    path.write_bytes(content)
    start = time.monotonic()
    with pytest.raises(BadModelFile) as caught:
        read(path)
    assert time.monotonic() - start < 5
    assert "damaged.tflite" in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_operators_and_options_have_the_names_of_the_schema() -> None:
    model = read(GOLDEN / "float32.tflite")
    names = [operator.name for operator in model.main.operators]
    assert names == ["CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"]
    convolution = model.main.operators[0]
    assert convolution.options["padding"] == "SAME"
    assert convolution.options["fused_activation_function"] == "RELU"
    assert convolution.options["dilation_w_factor"] == 1
    assert [model.main.tensors[i].shape for i in convolution.inputs] == [
        (1, 8, 8, 1),
        (4, 3, 3, 1),
        (4,),
    ]


def test_ports_are_named_by_the_signature_and_tell_the_quantization() -> None:
    inputs, outputs = ports(read(GOLDEN / "float32.tflite"))
    assert [(p.name, p.shape, p.dtype, p.scale) for p in inputs] == [
        ("image", (1, 8, 8, 1), "float32", 0.0)
    ]
    assert [p.name for p in outputs] == ["scores"]

    def integer_ports(model: Any) -> None:
        subgraph = model.subgraphs[0]
        subgraph.inputs = subgraph.operators[0].outputs
        model.signatureDefs = []

    model = read_bytes(edited("int8", integer_ports))
    (port,), _ = ports(model)
    assert port.dtype == "int8"
    assert port.scale == pytest.approx(1 / 255, rel=0.05)
    assert port.zero_point == -128
    assert port.name == model.main.tensors[port.index].name


def test_weights_quantized_per_channel_have_one_scale_a_channel() -> None:
    model = read(GOLDEN / "int8.tflite")
    convolution = next(o for o in model.main.operators if o.name == "CONV_2D")
    weights = model.main.tensors[convolution.inputs[1]]
    assert weights.dtype == "int8"
    assert len(weights.scales) == len(weights.zero_points) == weights.shape[0] == 4
    assert weights.quantized_dimension == 0
    assert weights.num_bytes == 36


def test_a_constant_has_its_values_and_an_activation_has_none() -> None:
    model = read(GOLDEN / "dynamic_shape.tflite")
    dense = model.main.operators[0]
    values = constant(model, model.main.tensors[dense.inputs[1]])
    assert values is not None
    np.testing.assert_array_equal(values, np.ones((2, 4), np.float32))
    assert constant(model, model.main.tensors[dense.inputs[0]]) is None


def test_a_sparsely_stored_constant_comes_back_dense() -> None:
    """`pruned` and `sparse` are the same network, stored in two ways."""
    dense_model, sparse_model = read(GOLDEN / "pruned.tflite"), read(GOLDEN / "sparse.tflite")
    stored = next(t for t in sparse_model.main.tensors if t.is_sparse)
    dense = next(t for t in dense_model.main.tensors if t.is_constant and t.shape == (16, 32))
    expected, found = constant(dense_model, dense), constant(sparse_model, stored)
    assert expected is not None
    assert found is not None
    assert stored.num_bytes < expected.nbytes
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("dtype", "packed", "expected"),
    [
        ("INT4", [0x21, 0x8F], [[1, 2], [-1, -8]]),
        ("UINT4", [0x21, 0x8F], [[1, 2], [15, 8]]),
        ("INT2", [0b11100100], [[0, 1], [-2, -1]]),
    ],
)
def test_small_integers_are_unpacked_lowest_bits_first(
    dtype: str, packed: list[int], expected: list[list[int]]
) -> None:
    def put(model: Any) -> None:
        tensor = schema.TensorT(
            shape=[2, 2], type=getattr(schema.TensorType, dtype), buffer=len(model.buffers)
        )
        model.buffers.append(schema.BufferT(data=packed))
        model.subgraphs[0].tensors.append(tensor)

    model = read_bytes(edited("float32", put))
    np.testing.assert_array_equal(constant(model, model.main.tensors[-1]), expected)


def test_values_stored_behind_the_tables_are_found() -> None:
    """Files over 2 GB keep them there."""
    placeholder = 0x123456789A

    def move(model: Any) -> None:
        tensor = schema.TensorT(shape=[3], type=schema.TensorType.FLOAT32)
        tensor.buffer = len(model.buffers)
        model.buffers.append(schema.BufferT(offset=placeholder, size=12))
        model.subgraphs[0].tensors.append(tensor)

    content = edited("float32", move)
    values = np.array([1.5, 2.5, 3.5], np.float32).tobytes()
    content = content.replace(struct.pack("<Q", placeholder), struct.pack("<Q", len(content)))
    model = read_bytes(content + values)
    np.testing.assert_array_equal(constant(model, model.main.tensors[-1]), [1.5, 2.5, 3.5])


def test_custom_operators_and_called_subgraphs_areread_bytes() -> None:
    assert read(GOLDEN / "custom.tflite").main.operators[-1].name == "CUSTOM:Mystery"
    loop = read(GOLDEN / "loop.tflite")
    assert len(loop.subgraphs) == 3
    assert loop.main.operators[0].options["body_subgraph_index"] == 2


def test_a_shape_that_is_not_fixed_is_told() -> None:
    model = read(GOLDEN / "dynamic_shape.tflite")
    assert model.main.tensors[model.main.inputs[0]].shape_signature == (-1, 4)
    assert model.main.tensors[model.main.inputs[0]].shape == (1, 4)


def test_what_is_not_there_or_not_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no file '.*absent\.tflite'; give the path"):
        read(tmp_path / "absent.tflite")
    with pytest.raises(BadModelFile, match="is not a file"):
        read(tmp_path)


def test_what_is_not_a_model_is_refused(tmp_path: Path) -> None:
    assert "it is empty" in refusal(tmp_path, b"")
    assert "lacks the mark 'TFL3'" in refusal(tmp_path, b"conv, relu, dense\n" * 100)
    assert "lacks the mark 'TFL3'" in refusal(tmp_path, b"TF")
    assert "point past its end" in refusal(tmp_path, b"\x08\0\0\0TFL3")


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_file_cut_short_is_refused_wherever_it_is_cut(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    for part in (0.05, 0.25, 0.5, 0.75, 0.9):
        sentence = refusal(tmp_path, content[: int(len(content) * part)])
        assert "Convert or copy the file again" in sentence


def _out_of_range(what: str, model: Any) -> None:
    subgraph = model.subgraphs[0]
    if what == "tensor":
        subgraph.operators[0].inputs = [0, 1, 999]
    elif what == "negative":
        subgraph.operators[0].inputs = [-2]
    elif what == "buffer":
        subgraph.tensors[0].buffer = 999
    elif what == "operator code":
        subgraph.operators[0].opcodeIndex = 99
    elif what == "unknown operator":
        model.operatorCodes[0].builtinCode = 9999
    elif what == "unknown type":
        subgraph.tensors[0].type = 77
    elif what == "output":
        subgraph.outputs = [999]
    elif what == "signature":
        model.signatureDefs[0].inputs[0].tensorIndex = 999
    elif what == "external offset":
        model.buffers[-1].data, model.buffers[-1].offset = None, 1 << 40
    elif what == "no subgraph":
        model.subgraphs = []


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("tensor", "operator 0 (CONV_2D) refers to tensor 999"),
        ("negative", "refers to tensor -2"),
        ("buffer", "refers to buffer 999"),
        ("operator code", "operator 0 refers to code 99"),
        ("unknown operator", "operator code 9999 is not in the schema"),
        ("unknown type", "tensor 0 has type 77"),
        ("output", "a subgraph refers to tensor 999"),
        ("signature", "signature 'serving_default' refers to tensor 999"),
        ("external offset", "point past its end"),
        ("no subgraph", "it has no subgraph"),
    ],
)
def test_references_to_what_is_not_there_are_refused(what: str, says: str, tmp_path: Path) -> None:
    assert says in refusal(tmp_path, edited("float32", lambda model: _out_of_range(what, model)))


def test_circles_are_refused(tmp_path: Path) -> None:
    def reads_its_own_result(model: Any) -> None:
        first = model.subgraphs[0].operators[0]
        first.inputs = [int(first.outputs[0]), *first.inputs[1:]]

    def calls_itself(model: Any) -> None:
        model.subgraphs[0].operators[0].builtinOptions.bodySubgraphIndex = 0

    assert "before it is made" in refusal(tmp_path, edited("float32", reads_its_own_result))
    assert "calls itself" in refusal(tmp_path, edited("loop", calls_itself))


def test_a_constant_that_does_not_fill_its_shape_is_refused(tmp_path: Path) -> None:
    def grow(model: Any) -> None:
        bias = model.subgraphs[0].operators[0].inputs[2]
        model.subgraphs[0].tensors[bias].shape = [100_000_000]

    says = refusal(tmp_path, edited("float32", grow))
    assert "needs 400,000,000 bytes and holds 16" in says


def test_a_scale_that_is_no_number_is_refused(tmp_path: Path) -> None:
    def spoil(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            if tensor.quantization is not None:
                tensor.quantization.scale = [float("nan")]
                tensor.quantization.zeroPoint = [0]

    assert "a scale that is no number" in refusal(tmp_path, edited("int8", spoil))


def test_an_absurd_vector_length_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    content = bytearray((GOLDEN / "float32.tflite").read_bytes())
    counts = [i for i in range(8, len(content) - 4, 4) if content[i : i + 4] == b"\x04\0\0\0"]
    assert counts
    for at in counts:
        damaged = content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :]
        (tmp_path / "model.tflite").write_bytes(damaged)
        start = time.monotonic()
        with contextlib.suppress(BadModelFile):
            read(tmp_path / "model.tflite")
        assert time.monotonic() - start < 1


def test_tables_that_all_point_at_each_other_are_refused_in_time(tmp_path: Path) -> None:
    """A vector of a million tables that are one table, which holds the same again."""
    count = 150_000
    subgraph = struct.pack("<4HiI", 6, 8, 4, 0, 8, 0)
    vtable = struct.pack("<5H", 10, 8, 0, 0, 4)
    root = struct.pack("<iI", len(vtable) + 2, 4) + struct.pack("<I", count)
    start = 8 + len(vtable) + 2
    vector_at = start + 12
    target = vector_at + 4 * count + 8
    offsets = b"".join(struct.pack("<I", target - (vector_at + 4 * i)) for i in range(count))
    content = struct.pack("<I", start) + b"TFL3" + vtable + b"\0\0" + root + offsets + subgraph
    assert "more than 100,000 tables" in refusal(tmp_path, content)


@settings(
    max_examples=300, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(ALL),
    cut=st.floats(0.0, 1.0),
    edits=st.lists(
        st.tuples(
            st.floats(0.0, 0.999),
            st.one_of(
                st.binary(min_size=1, max_size=4),
                st.sampled_from(
                    [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", bytes(4)]
                ),
            ),
        ),
        max_size=6,
    ),
    keep_whole=st.booleans(),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    path: Path,
    cut: float,
    edits: list[tuple[float, bytes]],
    keep_whole: bool,
    tmp_path: Path,
) -> None:
    content = bytearray(path.read_bytes())
    for place, new in edits:
        at = int(place * len(content))
        content[at : at + len(new)] = new
    if not keep_whole:
        content = content[: int(cut * len(content))]
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(content)
    with contextlib.suppress(BadModelFile):
        model = read(damaged)
        ports(model)
        expected_ranges(model)
        for subgraph in model.subgraphs:
            for tensor in subgraph.tensors:
                constant(model, tensor)


@given(content=st.binary(max_size=300))
@settings(suppress_health_check=SHARED_FOLDER)
def test_random_bytes_are_refused(content: bytes, tmp_path: Path) -> None:
    refusal(tmp_path, content)
    refusal(tmp_path, content[:4] + b"TFL3" + content[4:])


@pytest.mark.parametrize(
    ("file", "step"),
    [("int8", 1 / 256), ("int16x8", 1 / 32768), ("float32", 0.0), ("dynamic_int8", 0.0)],
)
def test_a_float_output_computed_in_integers_has_their_step(file: str, step: float) -> None:
    _, outputs = ports(read(GOLDEN / f"{file}.tflite"))
    assert [(port.scale, port.step) for port in outputs] == [(0.0, step)]
