"""Read arrays that Python 2 pickled, and nothing else.

A pickle names functions to call. Here it may name only what arrays, sparse matrices and plain
containers are made of, and none of these is the real one: NumPy sees numbers that were checked.
"""

from __future__ import annotations

import io
import math
import pickle
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array


@dataclass(frozen=True, kw_only=True)
class Sparse:
    """A sparse matrix by rows: row k holds `values[indptr[k]:indptr[k + 1]]` in those columns.

    Attributes:
        shape: Rows and columns.
        indptr: `(rows + 1,)`, where each row begins.
        indices: `(entries,)`, columns.
        values: `(entries,)`.
    """

    shape: tuple[int, int]
    indptr: Array
    indices: Array
    values: Array


Pickled = dict[object, object] | list[object] | Array | Sparse


def read(data: bytes, name: str) -> Pickled:
    """Return the array, sparse matrix, dictionary or list that was pickled.

    Raises:
        BadData: It is broken, or holds anything else.
    """
    try:
        value = _plain(_Reader(io.BytesIO(data), encoding="latin1").load())
    except Exception as error:  # hostile bytes raise whatever they like
        raise BadData(
            f"'{name}' is no pickle of arrays ({error or type(error).__name__}); get another copy."
        ) from error
    if not isinstance(value, dict | list | np.ndarray | Sparse):
        raise BadData(f"'{name}' holds no array, matrix, dictionary or list; get another copy.")
    return value


class _Type:
    """Stands for `numpy.dtype`: a kind of number."""

    def __init__(self, code: str, *_: object) -> None:
        if code not in {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1"}:
            raise pickle.UnpicklingError(f"the type '{code}' is no plain number")
        self.code, self.order = code, "<"

    def __setstate__(self, state: tuple[object, ...]) -> None:
        if state[1] not in ("<", ">", "|"):
            raise pickle.UnpicklingError("a type has no byte order")
        self.order = str(state[1])


class _Array:
    """Stands for `numpy.ndarray`."""

    value: Array | None = None

    def __setstate__(self, state: tuple[object, ...]) -> None:
        _, shape, kind, by_columns, data = state
        if not isinstance(kind, _Type) or not isinstance(shape, tuple):
            raise pickle.UnpicklingError("an array has no shape or type")
        raw = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(raw, bytes) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise pickle.UnpicklingError("an array is made of something else than numbers")
        numbers = np.frombuffer(raw, np.dtype(kind.order + kind.code))
        if numbers.size != math.prod(shape):
            raise pickle.UnpicklingError("an array has not as many numbers as its shape")
        self.value = numbers.reshape(shape, order="F" if by_columns else "C")


class _Matrix:
    """Stands for `scipy.sparse.csr_matrix`."""

    state: dict[str, object]

    def __setstate__(self, state: dict[str, object]) -> None:
        self.state = state


def _empty_array(*_: object) -> _Array:
    return _Array()


def _empty_matrix(*_: object) -> _Matrix:
    return _Matrix()


def _encoded(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the encoding '{encoding}' is not one of arrays")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("scipy.sparse.csr", "csr_matrix"): _Matrix,
    ("scipy.sparse._csr", "csr_matrix"): _Matrix,
    ("collections", "defaultdict"): defaultdict,
    ("builtins", "list"): list,
    ("builtins", "object"): object,
    ("copyreg", "_reconstructor"): _empty_matrix,
    ("_codecs", "encode"): _encoded,
}
"""Where a pickle says a thing is from, and its name -> what stands for it."""

_PYTHON_3 = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""Module of Python 2 -> the same in Python 3."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., object]:
        module = _PYTHON_3.get(module, module)
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no array needs")
        return _ALLOWED[module, name]


def _plain(value: object) -> object:
    """Return a value with the arrays that its stand-ins hold."""
    if isinstance(value, _Array):
        if value.value is None:
            raise pickle.UnpicklingError("an array is empty")
        return value.value
    if not isinstance(value, _Matrix):
        return value
    state = value.state
    shape = state.get("_shape")
    parts = [_plain(state.get(key)) for key in ("indptr", "indices", "data")]
    arrays = [part for part in parts if isinstance(part, np.ndarray) and part.ndim == 1]
    if len(arrays) != 3 or not isinstance(shape, tuple) or len(shape) != 2:
        raise pickle.UnpicklingError("a sparse matrix lacks its arrays or its shape")
    indptr, indices, values = arrays
    whole = (
        len(indptr) == shape[0] + 1
        and indptr[0] == 0
        and indptr[-1] == len(indices) == len(values)
        and bool((np.diff(indptr) >= 0).all())
        and bool(((indices >= 0) & (indices < shape[1])).all())
    )
    if not whole:
        raise pickle.UnpicklingError("a sparse matrix points outside itself")
    return Sparse(shape=(shape[0], shape[1]), indptr=indptr, indices=indices, values=values)
