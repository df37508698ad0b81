from __future__ import annotations

import ast
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from edgekit.core.types import Array
from edgekit.running import worker

DTYPES = st.sampled_from(["bool", "int8", "uint8", "int16", "int32", "int64", "float16", "float32"])
ARRAYS = st.dictionaries(
    st.text(max_size=8),
    DTYPES.flatmap(
        lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    max_size=3,
)
HEADERS = st.dictionaries(
    st.text(max_size=8).filter(lambda key: key != "arrays"),
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    max_size=4,
)


def packed(header: dict[str, object], arrays: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    worker.write_message(stream, header, arrays)
    return stream.getvalue()


@settings(deadline=None)
@given(HEADERS, ARRAYS)
def test_a_message_arrives_as_it_was_sent(
    header: dict[str, object], arrays: dict[str, Array]
) -> None:
    stream = io.BytesIO(packed(header, arrays) * 2)
    for _ in range(2):
        message = worker.read_message(stream)
        assert message is not None
        found_header, found = message
        assert found_header == header
        assert list(found) == list(arrays)
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            assert found[name].tobytes() == array.tobytes()
    assert worker.read_message(stream) is None


def test_arrays_of_any_layout_arrive_and_can_be_written_to() -> None:
    array = np.arange(24, dtype=">i4").reshape(2, 3, 4).transpose(2, 0, 1)[::2]
    message = worker.read_message(io.BytesIO(packed({}, {"a": array})))
    assert message is not None
    np.testing.assert_array_equal(message[1]["a"], array)
    message[1]["a"][:] = 0


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=64))
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(worker.ProtocolError):
        worker.read_message(io.BytesIO(data))


@settings(deadline=None)
@given(ARRAYS, st.data())
def test_a_cut_message_is_refused(arrays: dict[str, Array], data: st.DataObject) -> None:
    whole = packed({"command": "x"}, arrays)
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(worker.ProtocolError):
        worker.read_message(io.BytesIO(whole[:cut]))


@pytest.mark.parametrize(
    "listed",
    [
        [["a", "float32", [1 << 40]]],
        [["a", "float32", [1 << 20, 1 << 20, 1 << 30]]],
        [["a", "object", [1]]],
        [["a", "f4,f4", [1]]],
        [["a", "nonsense", [1]]],
        [["a", "float32", [-1]]],
        [["a", "float32", [True]]],
        [["a", "float32", 3]],
        [["a", "float32"]],
        7,
        None,
    ],
)
def test_a_header_that_promises_too_much_or_nonsense_is_refused(listed: object) -> None:
    text = json.dumps({"arrays": listed}).encode()
    with pytest.raises(worker.ProtocolError):
        worker.read_message(io.BytesIO(worker.MARK + len(text).to_bytes(4, "big") + text))


def test_a_header_of_a_gigabyte_is_refused_before_it_is_read() -> None:
    with pytest.raises(worker.ProtocolError, match="header of 1073741824 bytes"):
        worker.read_message(io.BytesIO(worker.MARK + (1 << 30).to_bytes(4, "big")))


@pytest.mark.parametrize("array", [np.array([{}], object), np.array(["text"]), np.array([b"x"])])
def test_only_numbers_cross(array: Array) -> None:
    with pytest.raises(worker.ProtocolError, match="allowed are numbers and bool"):
        packed({}, {"a": array})


def test_the_worker_is_one_short_file_for_python_3_8_and_numpy() -> None:
    source = Path(worker.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {*sys.stdlib_module_names, "numpy"}
    assert len(source.splitlines()) < 300


def test_the_bootstrap_is_one_line_without_shell_surprises() -> None:
    assert "\n" not in worker.BOOTSTRAP
    assert "$" not in worker.BOOTSTRAP
    ast.parse(worker.BOOTSTRAP, feature_version=(3, 8))
