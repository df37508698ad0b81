"""Let residual sums add what they are given, not a copy without its first axis.

TensorFlow 2.21 drops the axis of one example from an operand of a sum, `(1, 32)` to `(32,)`, since
broadcasting brings it back. The GPU accelerator of LiteRT 2.3 then answers zeros in int8.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from edgekit.tflite.editing import operators_of

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, SubGraphT, TensorT

_BROADCASTING = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")


def keep_leading_ones(schema: ModuleType, model: ModelT) -> bool:
    """Take such copies out of a model; return whether there were any."""
    codes = operators_of(model)
    broadcasting = {getattr(schema.BuiltinOperator, name) for name in _BROADCASTING}
    is_changed = False
    for graph in model.subgraphs:
        copies = {
            int(op.outputs[0]): op
            for op in graph.operators
            if codes[op.opcodeIndex] == schema.BuiltinOperator.RESHAPE
            and _drops_leading_ones(graph, op)
        }
        for op in graph.operators:
            if codes[op.opcodeIndex] in broadcasting and _widen(graph, op, copies):
                is_changed = True
        _remove_unread(graph, copies)
    return is_changed


def _drops_leading_ones(graph: SubGraphT, reshape: OperatorT) -> bool:
    """Whether a RESHAPE keeps everything but axes of one in front."""
    given, made = (graph.tensors[k] for k in (reshape.inputs[0], reshape.outputs[0]))
    before, after = _shape(given), _shape(made)
    ones = len(before) - len(after)
    return ones > 0 and before == [1] * ones + after


def _shape(tensor: TensorT) -> list[int]:
    return [] if tensor.shape is None else list(map(int, tensor.shape))


def _widen(graph: SubGraphT, op: OperatorT, copies: dict[int, OperatorT]) -> bool:
    """Let an operator read what a copy was made of; return whether it read a copy."""
    inputs, is_changed = [int(k) for k in op.inputs], False
    rank = len(_shape(graph.tensors[op.outputs[0]]))
    for position, index in enumerate(inputs):
        source = int(copies[index].inputs[0]) if index in copies else -1
        if source >= 0 and len(_shape(graph.tensors[source])) <= rank:  # the answer's rank stays
            inputs[position], is_changed = source, True
    op.inputs = inputs
    return is_changed


def _remove_unread(graph: SubGraphT, copies: dict[int, OperatorT]) -> None:
    read = {int(k) for op in graph.operators for k in op.inputs} | set(map(int, graph.outputs))
    unread = [id(op) for made, op in copies.items() if made not in read]
    graph.operators = [op for op in graph.operators if id(op) not in unread]
