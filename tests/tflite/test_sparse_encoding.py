"""Weights stored sparsely as TensorFlow stores them: same layout, same answers, fewer bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import TensorInfo, constant, read
from edgekit.tflite.sparse.encoding import sparse_encoded, sparse_encoded_bytes
from edgekit.verbs.inspect import inspect
from tests.support.paths import GOLDEN

PRUNED = GOLDEN / "pruned.tflite"
OF_TENSORFLOW = GOLDEN / "sparse.tflite"
"""The same network, stored sparsely by TensorFlow's converter."""


def sparse_tensor(path: Path) -> TensorInfo:
    return next(tensor for tensor in read(path).main.tensors if tensor.is_sparse)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    encoded = sparse_encoded(PRUNED.read_bytes())
    assert encoded
    path = tmp_path / "ours.tflite"
    path.write_bytes(encoded)
    return path


def test_the_layout_is_that_of_tensorflow(ours: Path) -> None:
    mine, theirs = sparse_tensor(ours), sparse_tensor(OF_TENSORFLOW)
    assert mine.stored == theirs.stored
    assert mine.sparsity
    assert theirs.sparsity
    assert mine.sparsity.traversal_order == theirs.sparsity.traversal_order
    for one, other in zip(mine.sparsity.dimensions, theirs.sparsity.dimensions, strict=True):
        for field in ("size", "segments", "indices"):
            a, b = getattr(one, field), getattr(other, field)
            assert np.asarray(a).dtype == np.asarray(b).dtype
            np.testing.assert_array_equal(a, b)
    names = [[op.name for op in read(path).main.operators] for path in (ours, OF_TENSORFLOW)]
    assert names[0] == names[1]


def test_the_size_is_that_of_tensorflow_but_for_names(ours: Path) -> None:
    told = sparse_encoded_bytes(PRUNED.read_bytes())
    assert told == ours.stat().st_size
    assert abs(told - OF_TENSORFLOW.stat().st_size) <= 32
    assert inspect(PRUNED).sparse_bytes == told
    assert inspect(OF_TENSORFLOW).sparse_bytes == OF_TENSORFLOW.stat().st_size


def test_the_answers_are_the_same_bytes(ours: Path) -> None:
    batch = random_batch(PRUNED, 8)
    answers = []
    for path in (PRUNED, ours):
        with open_session(path, runtime="litert") as run:
            answers.append(run(batch)["scores"].tobytes())
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["float32", "int8", "float16", "no_operators", "loop"])
def test_a_file_of_few_zeros_is_left_alone(name: str) -> None:
    file = GOLDEN / f"{name}.tflite"
    assert sparse_encoded(file.read_bytes()) is None
    found = inspect(file)
    assert (found.sparse_bytes, found.xnnpack_sparse_path) == (None, "")


def edited(edit: Callable[[Any, Any], None]) -> bytes:
    model = unpack(PRUNED.read_bytes())
    (weights,) = [each for each in model.subgraphs[0].tensors if list(each.shape) == [16, 32]]
    edit(model, weights)
    return bytes(pack(model))


def test_coordinates_take_two_bytes_where_one_is_too_few(tmp_path: Path) -> None:
    def widen(model: Any, weights: Any) -> None:
        values = np.zeros((16, 512), np.float32)
        values[:, ::3] = np.arange(1, 172)
        weights.shape = [16, 512]
        model.buffers[weights.buffer].data = np.frombuffer(values.tobytes(), np.uint8)

    (tmp_path / "wide.tflite").write_bytes(sparse_encoded(edited(widen)) or b"")
    tensor = sparse_tensor(tmp_path / "wide.tflite")
    assert tensor.sparsity
    last = tensor.sparsity.dimensions[-1]
    assert last.indices is not None
    assert last.segments is not None
    assert [each.dtype.name for each in (last.indices, last.segments)] == ["uint16", "uint16"]
    values = constant(read(tmp_path / "wide.tflite"), tensor)
    assert values is not None
    np.testing.assert_array_equal(values[3, ::3], np.arange(1, 172))


def test_a_zero_that_stands_for_another_number_is_kept() -> None:
    from ai_edge_litert.schema_py_generated import QuantizationParametersT

    def shift(model: Any, weights: Any) -> None:
        weights.quantization = QuantizationParametersT()
        weights.quantization.zeroPoint = np.array([3])

    assert sparse_encoded(edited(shift)) is None
