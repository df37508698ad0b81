"""Correct what TensorFlow's quantizer leaves wrong: integers that are copied into other units.

TensorFlow 2.21 gives all inputs of a CONCATENATION one scale, and does not see that a REVERSE_V2
before it only copies, nor that a fused LSTM writes its hidden state in the units of that. The
integers then stand for other numbers than they did: a bidirectional LSTM in int8 was off by up to a
quarter, without an error. Here such an operator gets an output in the units it really writes, and a
QUANTIZE behind it turns them into those that were asked for.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from edgekit.tflite.operator_codes import code_of

_LSTM, _REVERSE = "UNIDIRECTIONAL_SEQUENCE_LSTM", "REVERSE_V2"
_STATE = 18
"""Input of a fused LSTM that holds its output of the step before.

Source: tensorflow/lite/kernels/lstm_shared.h; likewise that the fifth intermediate tensor has the
units of the hidden state.
"""


def requantize(schema: Any, model: Any) -> bool:
    """Let every copied integer keep its meaning; return whether one did not."""
    codes = [code.builtinCode for code in model.operatorCodes]
    found = False
    for graph in model.subgraphs:
        for position, true in reversed(list(_faults(schema, graph, codes))):
            found = True
            _correct(schema, model, graph, position, true)
    return found


def _faults(schema: Any, graph: Any, codes: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the positions of operators to correct, each with the tensor whose units it writes."""
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
        right = _units(graph.tensors[true])
        if right and any(_units(graph.tensors[k]) != right for k in concerned):
            yield position, int(true)


def _is_integer(lstm: Any) -> bool:
    """Whether an LSTM has the intermediate tensors that only one of integers needs."""
    return lstm.intermediates is not None and len(lstm.intermediates) == 5


def _units(tensor: Any) -> tuple[list[float], list[int]] | None:
    """Return scale and zero point of a tensor; None if it holds no quantized numbers."""
    found = tensor.quantization
    if found is None or found.scale is None or len(found.scale) == 0:
        return None
    return list(found.scale), list(found.zeroPoint)


def _correct(schema: Any, model: Any, graph: Any, position: int, true: int) -> None:
    """Let an operator write, and an LSTM remember, in the units of the tensor `true`."""
    op, units = graph.operators[position], graph.tensors[true].quantization
    if len(op.inputs) > _STATE:
        graph.tensors[op.inputs[_STATE]].quantization = copy.copy(units)
    asked = int(op.outputs[0])
    if _units(graph.tensors[asked]) == _units(graph.tensors[true]):
        return
    between = copy.copy(graph.tensors[asked])
    between.quantization = copy.copy(units)
    between.name = graph.tensors[asked].name + b"/before_quantize"
    graph.tensors.append(between)
    op.outputs[0] = len(graph.tensors) - 1
    graph.operators.insert(
        position + 1, _quantize(schema, model, source=int(op.outputs[0]), out=asked)
    )


def _quantize(schema: Any, model: Any, *, source: int, out: int) -> Any:
    op = schema.OperatorT()
    op.opcodeIndex = code_of(schema, model, schema.BuiltinOperator.QUANTIZE, version=1)
    op.inputs, op.outputs = [source], [out]
    op.builtinOptionsType = schema.BuiltinOptions.QuantizeOptions
    op.builtinOptions = schema.QuantizeOptionsT()
    return op
