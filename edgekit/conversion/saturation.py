"""Keep -128 out of one side of every product of two int8 tensors that a model computes.

ARM processors without the dot product instructions, such as the Raspberry Pi 4's, add two products
of int8 in 16 bits: (-128)(-128) twice is 32,768, which wraps around to -32,768. Weights never hold
-128, so that never happens to them; activations do: attention over states that reach their bound
was off by all of its range on tflite-runtime 2.14, without an error, and right everywhere else.

Source: https://github.com/google/gemmlowp/pull/71 and https://github.com/google/gemmlowp/issues/174
on adding in 16 bits, which ruy took over; that it goes wrong here was measured.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgekit.tflite.operator_codes import code_of

LOWEST = -127


def narrow(schema: Any, model: Any) -> bool:
    """Bound one side of each product by `LOWEST`; return whether there was any."""
    codes = [code.builtinCode for code in model.operatorCodes]
    found = False
    for graph in model.subgraphs:
        for position, op in reversed(list(_products(schema, graph, codes))):
            side = _side(model, graph, op)
            if side is not None:
                found = True
                graph.operators.insert(position, _bounded(schema, model, graph, op, side))
    return found


def _products(schema: Any, graph: Any, codes: list[int]) -> Iterator[tuple[int, Any]]:
    """Yield position and operator of what may multiply two computed tensors."""
    kinds = (schema.BuiltinOperator.BATCH_MATMUL, schema.BuiltinOperator.FULLY_CONNECTED)
    for position, op in enumerate(graph.operators):
        if codes[op.opcodeIndex] in kinds:
            sides = [graph.tensors[index] for index in op.inputs[:2]]
            if all(side.type == schema.TensorType.INT8 for side in sides):
                yield position, op


def _side(model: Any, graph: Any, op: Any) -> int | None:
    """Return which input to bound: the smaller one; None if a constant already is.

    Where -128 stands for 0, as behind a softmax, a bound would turn all zeros into something. If it
    does on both sides, the smaller one it is all the same: rather a step than all of the range.
    """
    tensors = [graph.tensors[k] for k in op.inputs[:2]]
    for tensor in tensors:
        data = model.buffers[tensor.buffer].data
        if data is not None and len(data):
            values = np.frombuffer(bytes(bytearray(data)), np.int8)
            if values.min() >= LOWEST:
                return None
    zeros = [int(tensor.quantization.zeroPoint[0]) == LOWEST - 1 for tensor in tensors]
    return min((0, 1), key=lambda side: (zeros[side], np.prod(tensors[side].shape)))


def _bounded(schema: Any, model: Any, graph: Any, op: Any, side: int) -> Any:
    """Put a new tensor in the place of an input; return the MAXIMUM that computes it."""
    source = int(op.inputs[side])
    given = graph.tensors[source]
    buffer = schema.BufferT()
    buffer.data = np.array([LOWEST], np.int8).view(np.uint8)
    model.buffers.append(buffer)
    bound, narrowed = copy.copy(given), copy.copy(given)
    bound.shape, bound.shapeSignature, bound.buffer = [], None, len(model.buffers) - 1
    bound.name, narrowed.name = given.name + b"/lowest", given.name + b"/narrowed"
    narrowed.buffer = 0
    graph.tensors += [bound, narrowed]
    op.inputs[side] = len(graph.tensors) - 1
    maximum = schema.OperatorT()
    maximum.opcodeIndex = code_of(schema, model, schema.BuiltinOperator.MAXIMUM, version=2)
    maximum.inputs, maximum.outputs = [source, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    maximum.builtinOptionsType = schema.BuiltinOptions.MaximumMinimumOptions
    maximum.builtinOptions = schema.MaximumMinimumOptionsT()
    return maximum
