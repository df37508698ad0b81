"""Put operators that only copy before the CONCATENATION that reads the same tensor.

TensorFlow 2.21's quantizer leaves in float32 what reads a copy, such as the first step of a
sequence, where a CONCATENATION of the whole stands before that copy: in `translate_seq2seq`'s
encoder two dense layers with 295 of 994 kB. The order of operators is free otherwise.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from edgekit.conversion.ranges.useful_ranges import COPIES
from edgekit.tflite.editing import operators_of

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT

_JOIN = "CONCATENATION"


def put_copies_first(schema: ModuleType, model: ModelT) -> bool:
    """Move such operators of the main graph; return whether any was moved."""
    graph, codes, kinds = model.subgraphs[0], operators_of(model), schema.BuiltinOperator
    copies = {getattr(kinds, name) for name in COPIES if name != _JOIN}
    ordered: list[OperatorT] = []
    waiting = list(graph.operators)
    while waiting:
        following = waiting[0]
        if codes[following.opcodeIndex] == getattr(kinds, _JOIN):
            unwritten = {int(k) for op in waiting for k in op.outputs}
            joined = _inputs(following)
            ready = (
                op
                for op in waiting
                if codes[op.opcodeIndex] in copies
                and _inputs(op) & joined
                and not _inputs(op) & unwritten
            )
            following = next(ready, following)
        waiting.remove(following)
        ordered.append(following)
    is_changed = any(one is not other for one, other in zip(ordered, graph.operators, strict=True))
    graph.operators = ordered
    return is_changed


def _inputs(op: OperatorT) -> set[int]:
    return set() if op.inputs is None else {int(k) for k in op.inputs if k >= 0}
