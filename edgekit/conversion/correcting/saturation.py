"""Keep -128 out of one factor of every product of two int8 tensors that a model computes.

ARM processors without the dot product instructions, such as the Raspberry Pi 4's, add two products
of int8 in 16 bits: (-128)(-128) twice is 32,768, which wraps around to -32,768. Weights never hold
-128 and are safe; activations do: attention over states that reach their bound was off by its
whole range on tflite-runtime 2.14, without an error, and right everywhere else.

Source: https://github.com/google/gemmlowp/pull/71 and https://github.com/google/gemmlowp/issues/174
on adding in 16 bits, which ruy adopted; that it goes wrong here was measured.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.tflite.editing import code_of, operators_of

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, SubGraphT

LOWEST = -127


def bound_products(schema: ModuleType, model: ModelT) -> bool:
    """Bound one factor of each product by `LOWEST`; return whether there was any product."""
    codes = operators_of(model)
    is_changed = False
    for graph in model.subgraphs:
        for position, op in reversed(list(_products(schema, graph, codes))):
            side = _side(model, graph, op)
            if side is not None:
                is_changed = True
                graph.operators.insert(position, _bounded(schema, model, graph, op, side))
    return is_changed


def _products(
    schema: ModuleType, graph: SubGraphT, codes: list[int]
) -> Iterator[tuple[int, OperatorT]]:
    """Yield the operators that may multiply two computed tensors, with their positions."""
    kinds = (schema.BuiltinOperator.BATCH_MATMUL, schema.BuiltinOperator.FULLY_CONNECTED)
    for position, op in enumerate(graph.operators):
        if codes[op.opcodeIndex] in kinds:
            sides = [graph.tensors[index] for index in op.inputs[:2]]
            if all(side.type == schema.TensorType.INT8 for side in sides):
                yield position, op


def _side(model: ModelT, graph: SubGraphT, op: OperatorT) -> int | None:
    """Return which input to bound: the smaller one; None if one is a constant without -128.

    Where -128 stands for 0, as after a softmax, a bound would change every zero, so the other input
    is preferred. If -128 stands for 0 in both, the smaller one is bounded all the same: an error of
    one step is better than one of the whole range.
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


def _bounded(
    schema: ModuleType, model: ModelT, graph: SubGraphT, op: OperatorT, side: int
) -> OperatorT:
    """Replace an input by a new tensor; return the MAXIMUM that computes it."""
    source = int(op.inputs[side])
    given = graph.tensors[source]
    buffer = schema.BufferT()
    buffer.data = np.array([LOWEST], np.int8).view(np.uint8)
    model.buffers.append(buffer)
    bound, bounded = copy.copy(given), copy.copy(given)
    bound.shape, bound.shapeSignature, bound.buffer = [], None, len(model.buffers) - 1
    bound.name, bounded.name = given.name + b"/lowest", given.name + b"/bounded"
    bounded.buffer = 0
    graph.tensors += [bound, bounded]
    op.inputs[side] = len(graph.tensors) - 1
    maximum = schema.OperatorT()
    maximum.opcodeIndex = code_of(schema, model, schema.BuiltinOperator.MAXIMUM, version=2)
    maximum.inputs, maximum.outputs = [source, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    maximum.builtinOptionsType = schema.BuiltinOptions.MaximumMinimumOptions
    maximum.builtinOptions = schema.MaximumMinimumOptionsT()
    return maximum
