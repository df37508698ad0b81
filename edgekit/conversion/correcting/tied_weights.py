"""Store once the weights that an embedding and a dense layer share.

A language model often reads its words from the table that it also scores words with. TensorFlow
2.21 quantizes the table twice in int8: with one scale for GATHER, which only copies, and with a
scale per row for FULLY_CONNECTED. In a small GPT-2 these were 0.8 of 2.5 MB. Besides, the range of
the former is that of the words calibrated on, and others were cut. Here both read one table with
one scale, as in dynamic_int8.

Source: Press & Wolf, Using the Output Embedding to Improve Language Models, 2017,
https://arxiv.org/abs/1608.05859.
"""

from __future__ import annotations

import copy
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
    """Let each FULLY_CONNECTED read the table of a GATHER that holds the same weights."""
    is_changed = False
    for graph in model.subgraphs:
        for lookup in _operators(schema, model, graph, "GATHER"):
            for dense in _operators(schema, model, graph, "FULLY_CONNECTED"):
                if _are_same(schema, model, graph, int(lookup.inputs[0]), dense):
                    _tie(schema, model, graph, lookup, dense)
                    is_changed = True
                    break
    return is_changed


def _operators(schema: ModuleType, model: ModelT, graph: SubGraphT, name: str) -> list[OperatorT]:
    codes, kind = operators_of(model), getattr(schema.BuiltinOperator, name)
    return [op for op in graph.operators or [] if codes[op.opcodeIndex] == kind]


def _are_same(
    schema: ModuleType, model: ModelT, graph: SubGraphT, table: int, dense: OperatorT
) -> bool:
    """Whether a table with one scale, and weights with many, were quantized from equal floats."""
    one, many = graph.tensors[table], graph.tensors[int(dense.inputs[1])]
    for tensor in (one, many):
        data = model.buffers[tensor.buffer].data
        if tensor.type != schema.TensorType.INT8 or data is None or len(data) == 0:
            return False
    if list(one.shape) != list(many.shape) or len(one.quantization.scale) != 1:
        return False
    if len(many.quantization.scale) != many.shape[0] or many.shape[0] == 1:
        return False
    steps = np.asarray(many.quantization.scale)[:, None] + one.quantization.scale[0]
    table_floats = _floats(model, one)
    # The table has the range of words that were calibrated on: others are cut at its ends.
    ends = (np.array([-128, 127]) - one.quantization.zeroPoint[0]) * one.quantization.scale[0]
    # Rounding moves each by up to half a step, and the ends of a range by up to half more.
    return bool((abs(table_floats - np.clip(_floats(model, many), *ends)) <= steps).all())


def _floats(model: ModelT, tensor: TensorT) -> Array:
    data = bytes(bytearray(model.buffers[tensor.buffer].data))
    numbers = np.frombuffer(data, np.int8).reshape(tensor.shape).astype(np.float64)
    scales = np.asarray(tensor.quantization.scale)[:, None]
    floats: Array = (numbers - np.asarray(tensor.quantization.zeroPoint)[:, None]) * scales
    return floats


def _tie(
    schema: ModuleType, model: ModelT, graph: SubGraphT, lookup: OperatorT, dense: OperatorT
) -> None:
    replaced = [
        (int(lookup.inputs[0]), 1),
        *((int(k), side) for side, k in enumerate(dense.inputs)),
    ]
    weights = graph.tensors[int(dense.inputs[1])]
    floats, before = _floats(model, weights), np.asarray(weights.quantization.scale)
    scale = float(np.float32(abs(floats).max() / _LARGEST))
    integers = np.round(floats / scale).astype(np.int8)
    tied = _constant(schema, model, graph, weights, integers, scale)
    if len(dense.inputs) > 2 and dense.inputs[2] >= 0:
        bias = graph.tensors[int(dense.inputs[2])]
        entering = float(graph.tensors[int(dense.inputs[0])].quantization.scale[0])
        given = np.frombuffer(bytes(bytearray(model.buffers[bias.buffer].data)), np.int32)
        again = np.round(given * (before / scale)).astype(np.int32)
        dense.inputs[2] = _constant(schema, model, graph, bias, again, entering * scale)
    dense.inputs[1] = lookup.inputs[0] = tied
    position = next(k for k, op in enumerate(graph.operators) if op is lookup)
    insert_quantize(schema, model, graph, position, like=tied)
    read = {int(k) for op in graph.operators for k in op.inputs}
    for tensor, side in replaced:
        if tensor >= 0 and tensor not in read:  # its contents go, since nobody refers to them
            graph.tensors[tensor] = copy.copy(graph.tensors[int(dense.inputs[side])])


def _constant(
    schema: ModuleType,
    model: ModelT,
    graph: SubGraphT,
    like: TensorT,
    values: Array,
    scale: float,
) -> int:
    """Append a constant with one scale; return its index."""
    buffer, tensor = schema.BufferT(), copy.copy(like)
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor.buffer, tensor.name = len(model.buffers) - 1, like.name + b"/tied"
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [0]
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1
