"""Store once the weights that an embedding and a dense layer share.

A language model often reads its words from the table that it also scores words with. TensorFlow
2.21 quantizes the table twice in int8: with one scale for GATHER, which only copies, and with a
scale per row for FULLY_CONNECTED. In a small GPT-2 these were 0.8 of 2.5 MB. Besides, the range of
the former is that of the words calibrated on, and others were cut. Here both hold one table with
one scale, as in dynamic_int8.

Source: Press & Wolf, Using the Output Embedding to Improve Language Models, 2017,
https://arxiv.org/abs/1608.05859.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.conversion.correcting.requantization import insert_quantize
from edgekit.core.types import Array
from edgekit.tflite.editing import operators_of

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, SubGraphT, TensorT

_LARGEST = 127
"""Of an int8 weight: kernels expect weights without a zero point."""


def tie_weights(schema: ModuleType, model: ModelT) -> bool:
    """Give a GATHER and a FULLY_CONNECTED of the same weights the same integers.

    Returns:
        Whether any were given. Both tensors stay; a file stores equal contents once.
    """
    is_changed = False
    for graph in model.subgraphs:
        lookups = _operators(schema, model, graph, "GATHER")
        for dense in _operators(schema, model, graph, "FULLY_CONNECTED"):
            own = [int(k) for k in dense.inputs[1:] if k >= 0]
            for table in sorted({int(op.inputs[0]) for op in lookups}):
                others = len(_readers(graph, table)) - sum(op.inputs[0] == table for op in lookups)
                if others or any(len(_readers(graph, k)) > 1 for k in own):
                    continue  # others would read other numbers
                if _are_same(schema, model, graph.tensors[table], graph.tensors[own[0]]):
                    _tie(schema, model, graph, table, dense)
                    is_changed = True
    return is_changed


def _operators(schema: ModuleType, model: ModelT, graph: SubGraphT, name: str) -> list[OperatorT]:
    codes, kind = operators_of(model), getattr(schema.BuiltinOperator, name)
    return [op for op in graph.operators or [] if codes[op.opcodeIndex] == kind]


def _readers(graph: SubGraphT, tensor: int) -> list[int]:
    """Return the positions of the operators that read a tensor."""
    return [position for position, op in enumerate(graph.operators) if tensor in op.inputs]


def _are_same(schema: ModuleType, model: ModelT, table: TensorT, weights: TensorT) -> bool:
    """Whether a table with one scale, and weights with many, were quantized from equal floats."""
    for tensor in (table, weights):
        data = model.buffers[tensor.buffer].data
        if tensor.type != schema.TensorType.INT8 or data is None or len(data) == 0:
            return False
    scales = table.quantization.scale, weights.quantization.scale
    if list(table.shape) != list(weights.shape) or len(scales[0]) != 1 or len(scales[1]) == 1:
        return False
    # The table has the range of words that were calibrated on: others are cut at its ends.
    ends = (np.array([-128, 127]) - table.quantization.zeroPoint[0]) * scales[0][0]
    apart = abs(_floats(model, table) - np.clip(_floats(model, weights), *ends))
    # Rounding moves each by up to half a step, and the ends of a range by up to half more.
    return bool((apart <= np.asarray(scales[1])[:, None] + scales[0][0]).all())


def _floats(model: ModelT, tensor: TensorT) -> Array:
    integers = _contents(model, tensor, np.int8).reshape(tensor.shape).astype(np.float64)
    scales, zeros = (
        np.asarray(each)[:, None]
        for each in (tensor.quantization.scale, tensor.quantization.zeroPoint)
    )
    floats: Array = (integers - zeros) * scales
    return floats


def _contents(model: ModelT, tensor: TensorT, dtype: type) -> Array:
    return np.frombuffer(bytes(bytearray(model.buffers[tensor.buffer].data)), dtype)


def _tie(schema: ModuleType, model: ModelT, graph: SubGraphT, table: int, dense: OperatorT) -> None:
    given, weights, *biases = (graph.tensors[int(k)] for k in dense.inputs if k >= 0)
    floats, before = _floats(model, weights), np.asarray(weights.quantization.scale)
    scale = float(np.float32(abs(floats).max() / _LARGEST))
    for bias in biases:
        sums = np.round(_contents(model, bias, np.int32) * (before / scale)).astype(np.int32)
        _put(schema, model, bias, sums, float(given.quantization.scale[0]) * scale)
    integers = np.round(floats / scale).astype(np.int8)
    for tensor in (weights, graph.tensors[table]):
        _put(schema, model, tensor, integers, scale)
    for position in reversed(_readers(graph, table)):
        insert_quantize(schema, model, graph, position, like=table)


def _put(schema: ModuleType, model: ModelT, tensor: TensorT, values: Array, scale: float) -> None:
    """Give a tensor other contents, with one scale."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor.buffer = len(model.buffers) - 1
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [0]
