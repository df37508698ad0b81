"""Files can be unpacked, changed and packed; what is not changed stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit.tflite.editing import code_of, pack, unpack
from edgekit.tflite.reader import read
from tests.support.paths import GOLDEN


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.tflite")), ids=lambda path: path.stem)
def test_a_file_that_is_unpacked_and_packed_holds_the_same(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(pack(unpack(path.read_bytes())))
    before, after = read(path), read(copy)
    assert after == replace(before, path=copy, size_bytes=after.size_bytes)
    for one, other in zip(before.main.tensors, after.main.tensors, strict=True):
        assert bytes(one.stored or b"") == bytes(other.stored or b"")


def test_what_is_unpacked_can_be_written_to() -> None:
    content = (GOLDEN / "float32.tflite").read_bytes()
    model = unpack(content)
    buffer = next(buffer for buffer in model.buffers if buffer.data is not None)
    buffer.data[:] = 0
    assert pack(model) != content


def test_an_operators_code_is_found_or_added() -> None:
    model = unpack((GOLDEN / "float32.tflite").read_bytes())
    codes = model.operatorCodes
    first, count = codes[0], len(codes)
    assert code_of(schema, model, first.builtinCode, version=first.version) == 0
    assert len(codes) == count
    assert code_of(schema, model, first.builtinCode, version=9) == count
    assert codes[count].version == 9
    number = schema.BuiltinOperator.GELU
    assert number > 127
    assert code_of(schema, model, number, version=1) == count + 1
    assert (codes[-1].builtinCode, codes[-1].deprecatedBuiltinCode) == (number, 127)
