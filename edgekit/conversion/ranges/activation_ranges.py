"""Measure activation ranges again: TensorFlow's calibrator takes some from the wrong tensor.

TensorFlow 2.21's calibrator looks at inputs of operators that may have overwritten them. A summand
then has the range of the sum: each branch of a residual network was quantized up to 3.5 times as
coarsely as necessary.

Floats that become integers, such as words for an Embedding, get steps of exactly 1. No other range
is wider than what its readers can tell apart; see
`edgekit.conversion.ranges.useful_ranges`.

Source for the calibrator's error: https://github.com/tensorflow/tensorflow/issues/127842 (open,
September 2026).
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.conversion.correcting.corrections import corrected
from edgekit.conversion.ranges.chosen_ranges import chosen
from edgekit.conversion.ranges.measured_values import Values, measure
from edgekit.conversion.ranges.useful_ranges import COPIES, EVERYTHING, Limits, limit_to_useful
from edgekit.core.types import Batch
from edgekit.core.variant import AS_USUAL, Quantization

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, TensorT


def correct_ranges(
    content: bytes, examples: Batch, *, levels: int = 256, quantization: Quantization = AS_USUAL
) -> bytes:
    """Return a calibrated float model with the ranges that its activations have on examples.

    Args:
        content: What TensorFlow's calibrator returns: a `.tflite` whose tensors have `min`, `max`.
        examples: Input name -> `(n, ...)`, the calibration data.
        levels: How many numbers a quantized activation can hold: 256 for int8.
        quantization: How the ranges are chosen, if not to hold every value.
    """
    correct = partial(_set_ranges, content, examples, levels, quantization)
    return bytes(corrected(bytearray(content), [correct]))


def _set_ranges(
    content: bytes,
    examples: Batch,
    levels: int,
    quantization: Quantization,
    schema: ModuleType,
    model: ModelT,
) -> bool:
    graph = model.subgraphs[0]
    writers = [op for op in graph.operators if op.outputs is not None]
    written = [int(k) for op in writers for k in op.outputs]
    concerned = [k for k in written if _is_measured(schema, graph.tensors[k])]
    given = [int(k) for k in graph.inputs if _is_measured(schema, graph.tensors[int(k)])]
    values = measure(content, examples, concerned + given)
    useful = limit_to_useful(schema, model, values, levels=levels)
    counting = _made_integers(schema, model)
    cut = chosen(content, examples, values, quantization, levels=levels)
    for k in concerned + given:
        held = values[k] if k in counting else cut[k]
        low, high = within(held, useful.get(k, EVERYTHING))
        if k in counting and values[k].whole and high - min(low, 0) < levels:
            low = min(low, 0.0)
            high = low + levels - 1  # steps of exactly 1
        if np.isfinite([low, high]).all():  # others are for the caller to refuse
            graph.tensors[k].quantization.min = [low]
            graph.tensors[k].quantization.max = [high]
    return bool(concerned)


def within(values: Values, useful: Limits) -> tuple[float, float]:
    """Return the range of what a tensor held, as far as its readers can tell values apart."""
    (low, high), (lowest, highest) = (values.low, values.high), useful
    if lowest < highest and high > lowest:  # else it is saturated throughout
        return max(low, lowest), min(high, highest)
    return low, high


def _made_integers(schema: ModuleType, model: ModelT) -> set[int]:
    """Return the tensors whose floats become integers, such as words for an Embedding."""
    graph, kinds, integers = model.subgraphs[0], schema.BuiltinOperator, set[int]()
    whole = (schema.TensorType.INT32, schema.TensorType.INT64)
    for op in reversed([op for op in graph.operators if op.inputs is not None]):
        code, out = model.operatorCodes[op.opcodeIndex].builtinCode, int(op.outputs[0])
        is_cast = code == kinds.CAST and graph.tensors[out].type in whole
        if is_cast or (out in integers and code in {getattr(kinds, name) for name in COPIES}):
            integers |= {int(k) for k in op.inputs if k >= 0}
    return integers


def _is_measured(schema: ModuleType, tensor: TensorT) -> bool:
    """Whether the calibrator gave a tensor a single range, and it is not a state."""
    quantization = tensor.quantization
    if quantization is None or quantization.min is None or len(quantization.min) != 1:
        return False
    return tensor.type == schema.TensorType.FLOAT32 and not tensor.isVariable
