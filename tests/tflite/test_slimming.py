"""Equal things are stored once, nothing that is computed changes, readers see the same."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from edgekit.tflite.bounds import check_bounds, has_unknown_fields
from edgekit.tflite.editing import unpack
from edgekit.tflite.reader import ports, read
from edgekit.tflite.sharing import SharingBuilder
from edgekit.tflite.slimming import pack, slim
from tests.support.paths import GOLDEN

FILES = sorted(GOLDEN.glob("*.tflite"))


def plain(value: object) -> object:
    """Return unpacked objects as values that can be compared."""
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in (value.tolist() if hasattr(value, "tolist") else value)]
    if hasattr(value, "__dict__"):
        return {name: plain(item) for name, item in vars(value).items()}
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sharing_changes_nothing_that_a_reader_sees(path: Path) -> None:
    before = path.read_bytes()
    after = pack(unpack(before))
    check_bounds(bytes(after))
    assert plain(unpack(after)) == plain(unpack(before))
    assert len(after) < len(before)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_slimming_keeps_operators_weights_scales_and_ports(path: Path, tmp_path: Path) -> None:
    model = unpack(path.read_bytes())
    slim(model)
    out = tmp_path / "slim.tflite"
    out.write_bytes(pack(model))
    before, after = read(path), read(out)
    assert [g.operators for g in after.subgraphs] == [g.operators for g in before.subgraphs]
    assert (after.signatures, ports(after)) == (before.signatures, ports(before))
    for old_graph, new_graph in zip(before.subgraphs, after.subgraphs, strict=True):
        for old, new in zip(old_graph.tensors, new_graph.tensors, strict=True):
            assert (new.shape, new.shape_signature, new.dtype) == (
                old.shape,
                old.shape_signature,
                old.dtype,
            )
            assert (new.scales, new.zero_points, new.quantized_dimension) == (
                old.scales,
                old.zero_points,
                old.quantized_dimension,
            )
            assert bytes(new.stored or b"") == bytes(old.stored or b"")
    again = unpack(out.read_bytes())
    slim(again)
    assert len(pack(again)) == out.stat().st_size


def test_zero_points_of_all_tensors_are_stored_once() -> None:
    model = unpack((GOLDEN / "int8.tflite").read_bytes())
    tensors = model.subgraphs[0].tensors
    zeros = schema.QuantizationParametersT()
    zeros.scale, zeros.zeroPoint = np.ones(999, np.float32), np.zeros(999, np.int64)
    for tensor in tensors:
        tensor.quantization = zeros
    content = pack(model)
    assert 999 * 12 < len(content) < 2 * 999 * 12


@pytest.mark.parametrize("first", [0, 1])
def test_a_whole_number_is_not_the_float_that_equals_it(first: int) -> None:
    """A softmax of beta 1.0 once read the axis 1 of a concatenation."""
    model = unpack((GOLDEN / "float32.tflite").read_bytes())
    softmax, concatenation = schema.SoftmaxOptionsT(), schema.ConcatenationOptionsT()
    softmax.beta, concatenation.axis = 1.0, 1
    operators = model.subgraphs[0].operators[:2]
    kinds = schema.BuiltinOptions
    options = [(kinds.SoftmaxOptions, softmax), (kinds.ConcatenationOptions, concatenation)]
    if first:
        options.reverse()
    for operator, (kind, value) in zip(operators, options, strict=True):
        operator.builtinOptionsType, operator.builtinOptions = kind, value
    model.subgraphs[0].operators = operators
    again = unpack(pack(model)).subgraphs[0].operators
    assert [vars(op.builtinOptions) for op in again] == [vars(value) for _, value in options]


def test_contents_of_buffers_are_aligned() -> None:
    content = bytes(pack(unpack((GOLDEN / "float32.tflite").read_bytes())))
    root = schema.Model.GetRootAs(content, 0)
    for index in range(root.BuffersLength()):
        buffer = root.Buffers(index)
        if length := buffer.DataLength():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            assert start % min(16, 1 << (length.bit_length() - 1)) == 0


values = st.recursive(
    st.binary(max_size=40) | st.lists(st.integers(-(2**31), 2**31 - 1), max_size=6),
    lambda children: st.lists(children, min_size=1, max_size=4),
    max_leaves=20,
)


def written(builder: flatbuffers.Builder, value: object) -> int:
    """Write bytes as a text, whole numbers as a vector, other lists as tables of their items."""
    if isinstance(value, bytes):
        return int(builder.CreateString(value))
    assert isinstance(value, list)
    if all(isinstance(item, int) for item in value):
        return int(builder.CreateNumpyVector(np.array(value, np.int32)))
    offsets = [written(builder, item) for item in value]
    builder.StartObject(len(offsets))
    for slot, offset in enumerate(offsets):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return int(builder.EndObject())


def read_back(data: bytes, at: int, like: object) -> object:
    """Read what `written` wrote at a position, in the form of `like`."""

    def number(position: int) -> int:
        return int.from_bytes(data[position : position + 4], "little", signed=True)

    if isinstance(like, bytes):
        return data[at + 4 : at + 4 + number(at)]
    assert isinstance(like, list)
    if all(isinstance(item, int) for item in like):
        return np.frombuffer(data, np.int32, number(at), at + 4).tolist()
    table = flatbuffers.table.Table(data, at)
    items = []
    for slot, item in enumerate(like):
        field = at + table.Offset(4 + 2 * slot)
        items.append(read_back(data, field + number(field), item))
    return items


@given(value=values)
def test_what_is_written_with_sharing_reads_as_what_was_given(value: object) -> None:
    twice = [value, value]
    shared, repeating = SharingBuilder(), flatbuffers.Builder()
    for builder in (shared, repeating):
        builder.Finish(written(builder, twice))
    data = bytes(shared.Output())
    assert read_back(data, int.from_bytes(data[:4], "little"), twice) == twice
    assert len(data) <= len(repeating.Output())


def test_a_field_of_a_newer_schema_is_seen() -> None:
    assert not any(has_unknown_fields(path.read_bytes()) for path in FILES)
    builder = flatbuffers.Builder()
    builder.StartObject(30)
    builder.PrependInt32Slot(29, 7, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TFL3")
    assert has_unknown_fields(bytes(builder.Output()))
