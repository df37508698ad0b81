"""Correct errors of TensorFlow's quantizer: integers of a scale that their reader does not expect.

TensorFlow 2.21 gives all inputs of a CONCATENATION one scale. It ignores that a REVERSE_V2 before
it only copies, and that a fused LSTM writes its output with the scale of its hidden state. The
integers then stand for other numbers than before: a bidirectional LSTM in int8 was off by up to a
quarter, without an error. Here such an operator gets an output with the scale it really writes,
followed by a QUANTIZE to the scale that was asked for.

It also gives an LSTM's cell state a scale that no runtime can compute with, where it stays small.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.tflite.editing import code_of, operators_of

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, SubGraphT, TensorT

_LSTM, _REVERSE = "UNIDIRECTIONAL_SEQUENCE_LSTM", "REVERSE_V2"
_STATE = 18
"""Input of a fused LSTM that holds its output of the previous step.

Source: tensorflow/lite/kernels/lstm_shared.h; it also says that the fifth intermediate tensor has
the scale of the hidden state.
"""
_CELL = 19
"""Input of a fused LSTM that holds its cell state, in 16 bits."""
_SMALLEST_CELL_SCALE = 2.0**-15
"""Scale at which the 16 bits of a cell state hold -1..1.

Source: tensorflow/lite/kernels/internal/reference/portable_tensor_utils.cc, PortableApplyTanh: it
takes 0 to 6 bits before the point, and does nothing, without an error, for any other number.
"""


def requantize(schema: ModuleType, model: ModelT) -> bool:
    """Let every copied integer keep its meaning; return whether any had lost it."""
    codes = operators_of(model)
    is_changed = False
    for graph in model.subgraphs:
        for position, true in reversed(list(_faults(schema, graph, codes))):
            is_changed = True
            _correct(schema, model, graph, position, true)
    return is_changed


def widen_cell_states(schema: ModuleType, model: ModelT) -> bool:
    """Let a cell state of an integer LSTM hold at least -1..1; return whether any did not.

    TensorFlow 2.21 takes the scale from the largest cell state seen. Where that is below 0.5, the
    scale is smaller than the kernel's tanh takes: it then writes nothing, and the operator answers
    what lay in its memory. An LSTM that reads another one's output has such small states.
    """
    kind = getattr(schema.BuiltinOperator, _LSTM)
    codes = operators_of(model)
    is_changed = False
    for graph in model.subgraphs:
        for op in graph.operators:
            if codes[op.opcodeIndex] != kind or not _is_integer(op):
                continue
            cell = graph.tensors[op.inputs[_CELL]]
            scaling = _scaling(cell)
            if scaling and scaling[0][0] < _SMALLEST_CELL_SCALE:
                is_changed = True
                cell.quantization = copy.copy(cell.quantization)
                cell.quantization.scale = [_SMALLEST_CELL_SCALE]
    return is_changed


def requantize_one_hot(schema: ModuleType, model: ModelT) -> bool:
    """Give both constants of each ONE_HOT the scale of its output; return whether any lacked it.

    ONE_HOT only copies them. TensorFlow 2.21 quantizes each with a scale of its own: zero, in
    steps of 4e-9, then stood for anything but zero.
    """
    kind = schema.BuiltinOperator.ONE_HOT
    codes = operators_of(model)
    is_changed = False
    for graph in model.subgraphs:
        for op in [op for op in graph.operators if codes[op.opcodeIndex] == kind]:
            right = _scaling(graph.tensors[op.outputs[0]])
            for side in (2, 3):
                data = model.buffers[graph.tensors[op.inputs[side]].buffer].data
                given = _scaling(graph.tensors[op.inputs[side]])
                if right and given and given != right and data is not None and len(data):
                    is_changed = True
                    op.inputs[side] = _with_scale(
                        schema, model, graph, constant=int(op.inputs[side]), like=op.outputs[0]
                    )
    return is_changed


def _with_scale(
    schema: ModuleType, model: ModelT, graph: SubGraphT, *, constant: int, like: int
) -> int:
    """Append a copy of a quantized constant with the scale of another tensor; return its index."""
    given, wanted = graph.tensors[constant], graph.tensors[like]
    dtype = np.int8 if given.type == schema.TensorType.INT8 else np.int16
    integers = np.frombuffer(bytes(bytearray(model.buffers[given.buffer].data)), dtype)
    (scale, zero), (step, start) = (
        (tensor.quantization.scale[0], tensor.quantization.zeroPoint[0])
        for tensor in (given, wanted)
    )
    numbers = (integers.astype(np.float64) - zero) * scale
    limits = np.iinfo(dtype)
    again = np.clip(np.round(numbers / step) + start, limits.min, limits.max)
    buffer, tensor = schema.BufferT(), copy.copy(given)
    buffer.data = np.frombuffer(again.astype(dtype).tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor.buffer, tensor.name = len(model.buffers) - 1, given.name + b"/requantized"
    tensor.quantization = copy.copy(wanted.quantization)
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _faults(schema: ModuleType, graph: SubGraphT, codes: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the positions of operators to correct, each with the tensor whose scale it writes."""
    for position, op in enumerate(graph.operators):
        code = codes[op.opcodeIndex]
        concerned = [] if op.outputs is None else list(op.outputs[:1])
        if code == getattr(schema.BuiltinOperator, _REVERSE):
            true = op.inputs[0]
        elif code == getattr(schema.BuiltinOperator, _LSTM) and _is_integer(op):
            true = op.intermediates[4]
            concerned.append(op.inputs[_STATE])
        else:
            continue
        right = _scaling(graph.tensors[true])
        if right and any(_scaling(graph.tensors[k]) != right for k in concerned):
            yield position, int(true)


def _is_integer(lstm: OperatorT) -> bool:
    """Whether an LSTM has the intermediate tensors that only an integer one needs."""
    return lstm.intermediates is not None and len(lstm.intermediates) == 5


def _scaling(tensor: TensorT) -> tuple[list[float], list[int]] | None:
    """Return scale and zero point of a tensor; None if it holds no quantized numbers."""
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or len(quantization.scale) == 0:
        return None
    return list(quantization.scale), list(quantization.zeroPoint)


def _correct(schema: ModuleType, model: ModelT, graph: SubGraphT, position: int, true: int) -> None:
    """Let an operator write, and an LSTM keep its state, with the scale of the tensor `true`."""
    op, quantization = graph.operators[position], graph.tensors[true].quantization
    if len(op.inputs) > _STATE:
        graph.tensors[op.inputs[_STATE]].quantization = copy.copy(quantization)
    insert_quantize(schema, model, graph, position, like=true)


def insert_quantize(
    schema: ModuleType, model: ModelT, graph: SubGraphT, position: int, *, like: int
) -> None:
    """Let an operator write with the scale of the tensor `like`, and bring that to its own.

    Args:
        schema: `ai_edge_litert.schema_py_generated`.
        model: Unpacked.
        graph: One of its graphs.
        position: Of the operator, which only copies integers.
        like: A tensor with the scale that the operator really writes.
    """
    op, asked = graph.operators[position], int(graph.operators[position].outputs[0])
    if _scaling(graph.tensors[asked]) == _scaling(graph.tensors[like]):
        return
    between = copy.copy(graph.tensors[asked])
    between.quantization = copy.copy(graph.tensors[like].quantization)
    between.name = graph.tensors[asked].name + b"/before_quantize"
    graph.tensors.append(between)
    op.outputs[0] = len(graph.tensors) - 1
    graph.operators.insert(
        position + 1, _quantize(schema, model, source=int(op.outputs[0]), out=asked)
    )


def _quantize(schema: ModuleType, model: ModelT, *, source: int, out: int) -> OperatorT:
    op = schema.OperatorT()
    op.opcodeIndex = code_of(schema, model, schema.BuiltinOperator.QUANTIZE, version=1)
    op.inputs, op.outputs = [source], [out]
    op.builtinOptionsType = schema.BuiltinOptions.QuantizeOptions
    op.builtinOptions = schema.QuantizeOptionsT()
    return op
