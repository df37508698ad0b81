"""Store the weights of a `.tflite` sparsely: what it would weigh if zeros were left out.

As TensorFlow's converter does with `tf.lite.Optimize.EXPERIMENTAL_SPARSITY` for weights whose zeros
form no blocks: all dimensions of a tensor but the last are stored in full, the last as the
coordinates of what is not zero, and a DENSIFY operator before the operator that multiplies with it.
A row of `n` values of which `k` are not zero takes `k` values, `k` coordinates and one end of
`k`'s; coordinates and ends have the fewest of 1, 2 or 4 bytes that hold the largest of a tensor. So
an int8 tensor gets smaller only if fewer than half of its values are not zero, and a float32 one
below about four fifths.

Source: tensorflow/compiler/mlir/lite/transforms/dense_to_sparse_pass.cc, which also says which
tensors: of 2 or 4 dimensions, at least 30 % zeros.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array
from edgekit.tflite.editing import code_of, operators_of, pack, unpack

if TYPE_CHECKING:
    from ai_edge_litert import schema_py_generated as schema

LEAST_ZEROS = 0.3
"""Share of a tensor's values that must be zero for the converter to store it sparsely."""

_OUTSIDE = 1
"""A buffer with a larger offset lies behind the model."""


def sparse_encoded_bytes(content: bytes) -> int | None:
    """Return the size of a file if its weights were stored sparsely; None if none would be.

    Both forms are really written, by the same writer, and their difference is added to the file's
    own size.

    Args:
        content: Of a file that `edgekit.tflite.reader.read` has taken.
    """
    if (encoded := sparse_encoded(content)) is None:
        return None
    return len(content) + len(encoded) - len(pack(unpack(content)))


def sparse_encoded(content: bytes) -> bytes | None:
    """Return a file with its weights stored sparsely; None if none have enough zeros."""
    model = unpack(content)
    if any(buffer.offset > _OUTSIDE for buffer in model.buffers):
        return None
    changed = [_encode_graph(model, graph) for graph in model.subgraphs]
    return bytes(pack(model)) if any(changed) else None


def _encode_graph(model: schema.ModelT, graph: schema.SubGraphT) -> bool:
    """Store the weights of a graph sparsely; return whether there were any to be."""
    from ai_edge_litert import schema_py_generated as schema

    densifying = []
    for index in list(_weights(model, graph)):
        tensor = graph.tensors[index]
        values = _values(model, tensor)
        if values is None or np.count_nonzero(values == 0) < max(LEAST_ZEROS * values.size, 1):
            continue
        dense = copy.copy(tensor)
        dense.buffer = 0
        tensor.name = bytes(tensor.name or b"") + b"/sparse"
        _store(model, tensor, values)
        for operator in graph.operators or []:
            operator.inputs = [
                len(graph.tensors) if each == index else int(each)
                for each in _indices(operator.inputs)
            ]
        graph.tensors.append(dense)
        densify = schema.OperatorT()
        densify.opcodeIndex = code_of(schema, model, schema.BuiltinOperator.DENSIFY, version=1)
        densify.inputs, densify.outputs = [index], [len(graph.tensors) - 1]
        densify.builtinOptionsType = schema.BuiltinOptions.DensifyOptions
        densify.builtinOptions = schema.DensifyOptionsT()
        densifying.append(densify)
    graph.operators = [*densifying, *(graph.operators or [])]
    return bool(densifying)


def _weights(model: schema.ModelT, graph: schema.SubGraphT) -> Iterator[int]:
    """Yield the tensors that convolutions and dense layers multiply with, once each.

    Those of float16 go through a DEQUANTIZE.
    """
    from ai_edge_litert.schema_py_generated import BuiltinOperator as Builtin

    weighted = {Builtin.CONV_2D, Builtin.DEPTHWISE_CONV_2D, Builtin.FULLY_CONNECTED}
    weighted.add(Builtin.TRANSPOSE_CONV)
    codes = operators_of(model)
    operators = graph.operators or []
    unpacked = {
        output: read
        for each in operators
        if codes[each.opcodeIndex] == Builtin.DEQUANTIZE
        for output, read in zip(_indices(each.outputs), _indices(each.inputs), strict=False)
    }
    used = [
        index
        for each in operators
        if codes[each.opcodeIndex] in weighted
        for index in _indices(each.inputs)[1:2]
    ]
    yield from dict.fromkeys(unpacked.get(index, index) for index in used if index >= 0)


def _indices(vector: Iterable[int] | None) -> list[int]:
    """Return the tensors that an operator names; files may leave an empty list out."""
    return [] if vector is None else [int(each) for each in vector]


def _values(model: schema.ModelT, tensor: schema.TensorT) -> Array | None:
    """Return the values of a constant that may be stored sparsely; None for any other tensor."""
    from ai_edge_litert.schema_py_generated import TensorType

    kinds = {TensorType.FLOAT32: "f4", TensorType.FLOAT16: "f2", TensorType.INT8: "i1"}
    data, shape = model.buffers[tensor.buffer].data, _indices(tensor.shape)
    kind = kinds.get(tensor.type)
    if data is None or kind is None or tensor.sparsity is not None or len(shape) not in (2, 4):
        return None
    zero_points = tensor.quantization.zeroPoint if tensor.quantization else None
    if zero_points is not None and np.any(zero_points):  # a stored 0 stands for another number
        return None
    content = bytes(bytearray(data))
    if len(content) != math.prod(shape) * np.dtype(kind).itemsize:
        return None
    values = np.frombuffer(content, kind)
    return values.reshape(shape)


def _store(model: schema.ModelT, tensor: schema.TensorT, values: Array) -> None:
    """Let a tensor hold only what is not zero, in a buffer of its own."""
    from ai_edge_litert import schema_py_generated as schema

    rows = values.reshape(-1, values.shape[-1])
    kept = rows != 0
    ends = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    levels = [_dense(schema.DimensionMetadataT(), int(size)) for size in values.shape[:-1]]
    last = schema.DimensionMetadataT()
    last.format = schema.DimensionType.SPARSE_CSR
    last.arraySegmentsType, last.arraySegments = _vector(ends)
    last.arrayIndicesType, last.arrayIndices = _vector(np.nonzero(kept)[1])
    tensor.sparsity = schema.SparsityParametersT()
    tensor.sparsity.traversalOrder = np.arange(values.ndim, dtype=np.int32)
    tensor.sparsity.blockMap = np.zeros(0, np.int32)
    tensor.sparsity.dimMetadata = [*levels, last]
    if sum(each.buffer == tensor.buffer for g in model.subgraphs for each in g.tensors) == 1:
        model.buffers[tensor.buffer].data = None  # nobody else reads it
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(rows[kept].tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor.buffer = len(model.buffers) - 1


def _dense(level: schema.DimensionMetadataT, size: int) -> schema.DimensionMetadataT:
    level.format, level.denseSize = 0, size  # DimensionType.DENSE
    return level


def _vector(
    numbers: Array,
) -> tuple[int, schema.Uint8VectorT | schema.Uint16VectorT | schema.Int32VectorT]:
    """Return whole numbers in the fewest bytes that hold the largest, and their type's number."""
    from ai_edge_litert import schema_py_generated as schema

    largest = int(numbers.max(initial=0))
    kinds = schema.SparseIndexVector
    if largest <= np.iinfo(np.uint8).max:
        number, vector, kind = kinds.Uint8Vector, schema.Uint8VectorT(), "u1"
    elif largest <= np.iinfo(np.uint16).max:
        number, vector, kind = kinds.Uint16Vector, schema.Uint16VectorT(), "u2"
    else:
        number, vector, kind = kinds.Int32Vector, schema.Int32VectorT(), "i4"
    vector.values = numbers.astype(kind)
    return number, vector
