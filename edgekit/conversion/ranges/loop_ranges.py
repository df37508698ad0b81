"""Quantize the products inside a loop: their ranges, and how to calibrate around a WHILE.

TensorFlow's quantizer takes a loop's body as it takes the main graph, if its tensors have ranges;
its calibrator crashes before. Here the calibrator gets the model without its loops, whose results
enter as inputs.

In a body only the products with weights become int8. What lies between them stays float32: rounding
the state in every step would add up over a sequence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from edgekit.conversion.ranges.activation_ranges import within
from edgekit.conversion.ranges.loop_values import LoopRunner, alone
from edgekit.conversion.ranges.measured_values import (
    Seen,
    Values,
    look,
    one_by_one,
    over_all,
)
from edgekit.conversion.ranges.useful_ranges import EVERYTHING, limit_to_useful
from edgekit.core.types import Array, Batch
from edgekit.tflite.editing import bodies_of, loops_of, operators_of, pack, unpack

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, QuantizationParametersT

_PRODUCTS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D")
_WEIGHTS = 1
"""Input of a product that holds its weights."""


def calibrate_around(
    content: bytes, examples: Batch, calibrate: Callable[[bytes, Iterator[list[Array]]], bytes]
) -> bytes:
    """Return a model whose main graph has the calibrator's ranges, loops or not.

    Args:
        content: A float `.tflite`.
        examples: Input name -> `(n, ...)`.
        calibrate: Takes a model without loops, and values in the order of its inputs.
    """
    model, runner = unpack(content), LoopRunner(content)
    results = _results(model)
    values = (
        [*runner.inputs(example), *(runner.run(example)[0, k][0] for k in results)]
        for example in one_by_one(examples)
    )
    calibrated = unpack(calibrate(_cut(content, results), values)).subgraphs[0]
    for tensor, like in zip(model.subgraphs[0].tensors, calibrated.tensors, strict=True):
        tensor.quantization = like.quantization
    for k in set(results) & {int(k) for k in model.subgraphs[0].outputs}:
        tensor = model.subgraphs[0].tensors[k]
        if tensor.quantization is None or tensor.quantization.min is None:  # no operator reads it
            tensor.quantization = _range(0.0, 0.0)  # to be measured like the others
    return bytes(pack(model))


def _range(low: float, high: float) -> QuantizationParametersT:
    from ai_edge_litert import schema_py_generated as schema

    quantization = schema.QuantizationParametersT()
    quantization.min, quantization.max = [low], [high]
    return quantization


def _cut(content: bytes, results: list[int]) -> bytes:
    """Return the main graph of a model without its loops, whose results are inputs instead."""
    model = unpack(content)
    graph, loops = model.subgraphs[0], list(loops_of(model, 0))
    model.subgraphs, model.signatureDefs = [graph], None
    graph.operators = [op for op in graph.operators if op not in loops]
    graph.inputs = np.array([*graph.inputs, *results], np.int32)
    # The calibrator refuses a model that lists operators which it does not use.
    used = sorted({op.opcodeIndex for op in graph.operators})
    model.operatorCodes = [model.operatorCodes[k] for k in used]
    for op in graph.operators:
        op.opcodeIndex = used.index(op.opcodeIndex)
    return bytes(pack(model))


def _results(model: ModelT) -> list[int]:
    """Return the results of the main graph's loops that are read."""
    graph = model.subgraphs[0]
    read = {int(k) for op in graph.operators for k in op.inputs} | {int(k) for k in graph.outputs}
    return [int(k) for op in loops_of(model, 0) for k in op.outputs if int(k) in read]


def set_loop_ranges(content: bytes, examples: Batch, *, levels: int) -> bytes:
    """Return a float model in whose loops the products have ranges, measured on examples.

    Args:
        content: A float `.tflite`; only graphs other than its main one change.
        examples: Input name -> `(n, ...)`.
        levels: How many numbers a quantized activation can hold.
    """
    from ai_edge_litert import schema_py_generated as schema

    model, held = unpack(content), _held(content, examples)
    for body in bodies_of(model):
        values, graph = held.get(body, {}), model.subgraphs[body]
        useful = limit_to_useful(schema, alone(content, body), values, levels=levels)
        for op in _products(model, body):
            ends = int(op.inputs[0]), int(op.outputs[0])
            if all(k in values and values[k].least < np.inf for k in ends):  # zeros have no steps
                for k in ends:
                    low, high = within(values[k], useful.get(k, EVERYTHING))
                    graph.tensors[k].quantization = _range(low, high)
    return bytes(pack(model))


def float_nodes(content: bytes) -> list[str]:
    """Return the names of what stays float32 in the loops of a calibrated model."""
    model, names = unpack(content), []
    for body in bodies_of(model):
        graph = model.subgraphs[body]
        ranged = [op for op in _products(model, body) if graph.tensors[op.outputs[0]].quantization]
        others = [op for op in graph.operators or [] if op not in ranged]
        names += [graph.tensors[k].name.decode() for op in others for k in op.outputs]
    return names


def _held(content: bytes, examples: Batch) -> dict[int, dict[int, Values]]:
    """Return what was held over all examples and turns: graph -> tensor -> values."""
    runner = LoopRunner(content)
    seen: dict[tuple[int, int], list[Seen]] = defaultdict(list)
    for example in one_by_one(examples):
        for place, arrays in runner.run(example).items():
            if place[0] and arrays[0].dtype == np.float32:
                alike = len({array.shape for array in arrays}) == 1
                seen[place] += [look(np.stack(arrays))] if alike else map(look, arrays)
    held: dict[int, dict[int, Values]] = defaultdict(dict)
    for (graph, tensor), each in seen.items():
        held[graph][tensor] = over_all(each)
    return held


def _products(model: ModelT, graph: int) -> Iterator[OperatorT]:
    """Yield the operators of a graph that multiply by constant weights."""
    from ai_edge_litert import schema_py_generated as schema

    kinds = {getattr(schema.BuiltinOperator, name) for name in _PRODUCTS}
    codes, parts = operators_of(model), model.subgraphs[graph]
    for op in parts.operators or []:
        if codes[op.opcodeIndex] in kinds:
            weights = model.buffers[parts.tensors[op.inputs[_WEIGHTS]].buffer].data
            if weights is not None and len(weights):
                yield op
