"""Correct a `.tflite` that TensorFlow wrote: what is wrong in it, and what only wastes space."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgekit.conversion.correcting.leading_ones import keep_leading_ones
from edgekit.conversion.correcting.loop_products import widen_loop_products
from edgekit.conversion.correcting.requantization import (
    requantize,
    requantize_one_hot,
    widen_cell_states,
)
from edgekit.conversion.correcting.saturation import bound_products
from edgekit.conversion.correcting.small_weights import quantize_small_weights
from edgekit.conversion.correcting.tied_weights import tie_weights
from edgekit.conversion.correcting.zero_bias import add_zero_biases
from edgekit.tflite import slimming
from edgekit.tflite.editing import code_of, operators_of, pack, unpack

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, SubGraphT

Correction: TypeAlias = "Callable[[ModuleType, ModelT], bool]"
"""`(schema, unpacked model)` -> whether it changed the model; `schema` is the generated
module `ai_edge_litert.schema_py_generated`."""


def separate_outputs(schema: ModuleType, model: ModelT) -> bool:
    """Give every output a tensor of its own; return whether two shared one.

    A GRU that returns its output and its state returns the same numbers twice. TensorFlow 2.21
    quantizes both to one tensor, and interpreters then lose the name of one of them.
    """
    graph, taken, is_changed = model.subgraphs[0], set[int](), False
    for position, tensor in enumerate(map(int, graph.outputs)):
        if tensor in taken:
            is_changed = True
            graph.operators.append(_copy(schema, model, graph, tensor))
            graph.outputs[position] = len(graph.tensors) - 1
            _rename(model, tensor, taken=len(graph.tensors) - 1)
        taken.add(tensor)
    return is_changed


def _copy(schema: ModuleType, model: ModelT, graph: SubGraphT, tensor: int) -> OperatorT:
    """Append a tensor like the given one; return the operator that writes it."""
    same = copy.copy(graph.tensors[tensor])
    same.name, same.buffer = same.name + b"/again", 0
    (writer,) = [op for op in graph.operators if tensor in op.outputs] or [None]
    codes = operators_of(model)
    if writer and codes[writer.opcodeIndex] == schema.BuiltinOperator.DEQUANTIZE:
        graph.tensors.append(same)
        writer = copy.copy(writer)
        writer.outputs = [len(graph.tensors) - 1]
        return writer
    shape = np.asarray(same.shape, np.int32)
    buffer, wanted = schema.BufferT(), schema.TensorT()
    buffer.data = np.frombuffer(shape.tobytes(), np.uint8)
    model.buffers.append(buffer)
    wanted.name, wanted.type = same.name + b"/shape", schema.TensorType.INT32
    wanted.shape, wanted.buffer = [len(shape)], len(model.buffers) - 1
    graph.tensors += [wanted, same]
    op = schema.OperatorT()
    op.opcodeIndex = code_of(schema, model, schema.BuiltinOperator.RESHAPE, version=1)
    op.inputs, op.outputs = [tensor, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    op.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    op.builtinOptions = schema.ReshapeOptionsT()
    op.builtinOptions.newShape = [int(size) for size in shape]
    return op


def _rename(model: ModelT, tensor: int, *, taken: int) -> None:
    """Let the last name of an output stand for another tensor."""
    for signature in model.signatureDefs or []:
        named = [output for output in signature.outputs if output.tensorIndex == tensor]
        if len(named) > 1:
            named[-1].tensorIndex = taken


CORRECTIONS: tuple[Correction, ...] = (
    separate_outputs,
    keep_leading_ones,
    requantize,
    widen_cell_states,
    requantize_one_hot,
    tie_weights,
    widen_loop_products,
    bound_products,
    add_zero_biases,
    quantize_small_weights,
)


def apply_corrections(data: bytearray) -> bytearray:
    """Return the file corrected, and without what no interpreter reads.

    It may share vectors between tables, so nothing in it can be changed in place.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(data)
    for correct in CORRECTIONS:
        correct(schema, model)
    slimming.slim(model)
    return slimming.pack(model)


def corrected(data: bytearray, corrections: Iterable[Correction]) -> bytearray:
    """Return a file after corrections, applied in order; `data` itself if none changed it."""
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(data)
    changed = [correct(schema, model) for correct in corrections]
    if not any(changed):
        return data
    return pack(model)
