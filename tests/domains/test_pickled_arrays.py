"""Pickles of arrays are read; pickles of anything else do nothing."""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadData
from edgekit.domains.upstream import pickled_arrays
from edgekit.domains.upstream.graphs import planetoid
from edgekit.domains.upstream.pickled_arrays import Sparse
from tests.support.upstream import graph_pickles, tar_gz

OLD_ARRAY = (
    b"cnumpy.core.multiarray\n_reconstruct\np1\n(cnumpy\nndarray\np2\n(I0\ntp3\nS'b'\np4\ntp5\nRp6\n"
    b"(I1\n(I2\ntp7\ncnumpy\ndtype\np8\n(S'i4'\np9\nI0\nI1\ntp10\nRp11\n(I3\nS'<'\np12\nNNNI-1\n"
    b"I-1\nI0\ntp13\nbI00\nS'\\x01\\x00\\x00\\x00\\xff\\x00\\x00\\x00'\np14\ntp15\nb."
)
"""What Python 2 wrote of the array [1, 255], protocol 0."""


class Acts:
    """Writes a file when it is read."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2])
@pytest.mark.parametrize("kind", ["i4", "i8", "f4", "f8", ">f4", "u1", "b1"])
def test_arrays_are_read(protocol: int, kind: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(kind)
    for each in (array, np.asfortranarray(array), array[0]):
        value = pickled_arrays.read(pickle.dumps(each, protocol=protocol), "x")
        assert isinstance(value, np.ndarray)
        assert value.dtype == each.dtype
        assert (value == each).all()
        assert value.shape == each.shape


def test_arrays_of_python_2_are_read() -> None:
    value = pickled_arrays.read(OLD_ARRAY, "x")
    assert isinstance(value, np.ndarray)
    assert value.tolist() == [1, 255]


@pytest.mark.parametrize("protocol", [0, 2])
def test_sparse_matrices_and_dictionaries_are_read(protocol: int) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(np.array([[0, 2, 0], [3, 0, 4]], np.float32))
    value = pickled_arrays.read(pickle.dumps(matrix, protocol=protocol), "x")
    assert isinstance(value, Sparse)
    assert value.shape == (2, 3)
    assert value.indptr.tolist() == [0, 1, 3]
    assert value.indices.tolist() == [1, 0, 2]
    assert value.values.tolist() == [2, 3, 4]
    links = defaultdict(list, {0: [1, 2], 1: [0]})
    assert pickled_arrays.read(pickle.dumps(links, protocol=protocol), "x") == links


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_is_called(tmp_path: Path, protocol: int) -> None:
    import os

    things: tuple[object, ...] = (
        Acts(os.mkdir, str(tmp_path / "made")),
        Acts(eval, f"open({str(tmp_path / 'made')!r}, 'w')"),
        Acts(getattr, os, "system") if protocol == 4 else Acts(exec, "import os"),
        [np.zeros(2), Acts(os.mkdir, str(tmp_path / "made"))],
        defaultdict(OrderedDict),
        Path("x"),
        np.array([Path("x")], object),
        {1, 2}.union,
    )
    for thing in things:
        try:
            data = pickle.dumps(thing, protocol=protocol)
        except TypeError:  # a module cannot be pickled
            continue
        with pytest.raises(BadData, match=r"no pickle of arrays.*get another copy"):
            pickled_arrays.read(data, "x")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        OLD_ARRAY[:-20],
        OLD_ARRAY.replace(b"(I2\n", b"(I3\n"),
        OLD_ARRAY.replace(b"(I2\n", b"(I-2\n"),
        OLD_ARRAY.replace(b"(I2\n", b"(I9999999999999\n"),
        OLD_ARRAY.replace(b"S'i4'", b"S'O8'"),
        OLD_ARRAY.replace(b"S'i4'", b"S'V4'"),
        OLD_ARRAY.replace(b"S'<'", b"S'x'"),
        OLD_ARRAY.replace(b"cnumpy\nndarray", b"cnumpy\nload"),
        OLD_ARRAY.replace(b"cnumpy\ndtype", b"cnumpy\nmemmap"),
        b"cnumpy\nndarray\n.",
        b"Ptext\n.",
        b"\x80\x02\x82\x01.",
        b"I1\n.",
    ],
)
def test_a_broken_pickle_is_refused(data: bytes) -> None:
    with pytest.raises(BadData, match=r"'x' (is no pickle|holds no array)"):
        pickled_arrays.read(data, "x")


def test_a_matrix_that_points_outside_itself_is_refused() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    for name, value in (("indices", [0, 7]), ("indptr", [0, 1, 9]), ("_shape", (2, 1))):
        matrix = sparse.csr_matrix(np.eye(2, dtype=np.float32))
        setattr(matrix, name, np.array(value, np.int32) if isinstance(value, list) else value)
        with pytest.raises(BadData, match="points outside itself"):
            pickled_arrays.read(pickle.dumps(matrix, protocol=2), "x")


@given(st.binary(max_size=100), st.integers(0, len(OLD_ARRAY)))
def test_any_other_bytes_are_refused_in_a_sentence(noise: bytes, place: int) -> None:
    data = OLD_ARRAY[:place] + noise + OLD_ARRAY[place + len(noise) :]
    try:
        pickled_arrays.read(data, "x")
    except BadData as error:
        assert "'x'" in str(error)  # noqa: PT017  (valid bytes are allowed to pass)


def test_a_graph_that_is_not_as_published_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("scipy.sparse")
    empty = np.zeros((0, 2), np.int32)
    arrays = {
        "feature_indptr": np.arange(7, dtype=np.int32),
        "feature_indices": np.zeros(6, np.int32),
        "feature_values": np.ones(6, np.float32),
        "feature_shape": np.array([6, 3]),
        "labels": np.array([0, 1, 0, 1, 0, 1], np.int8),
        "edges": empty,
        "train_index": np.arange(2),
        "test_index": np.arange(4, 6),
    }
    parts = graph_pickles(arrays)
    for spoilt in (
        {"graph": parts["y"]},
        {"allx": parts["graph"]},
        {"ty": parts["y"][:-10]},
        {"test.index": b"4\n99999999999\n"},
        {"test.index": b"-1\n5\n"},
        {"test.index": b"4\n"},
        {"test.index": b"four"},
        {"test.index": b""},
    ):
        prefix = "gcn-0/gcn/data/ind.cora."
        (tmp_path / "x.tar.gz").write_bytes(
            tar_gz({prefix + name: data for name, data in (parts | spoilt).items()})
        )
        with pytest.raises(BadData, match=r"get another copy"):
            planetoid([tmp_path / "x.tar.gz"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar.gz"]
