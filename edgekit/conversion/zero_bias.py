"""Give dense layers of integers a bias of zeros where they have none.

On ARM tflite-runtime 2.14 ends by a segmentation fault at a FULLY_CONNECTED of int8 that has no
bias and more than one row; with a bias of zeros it runs, and answers the same everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def add_zero_biases(schema: Any, model: Any) -> bool:
    """Add the bias wherever it is missing; return whether one was."""
    codes = [code.builtinCode for code in model.operatorCodes]
    found = False
    for graph in model.subgraphs:
        made: dict[tuple[int, float], int] = {}  # an unrolled layer needs one for all its steps
        for op in graph.operators:
            if codes[op.opcodeIndex] != schema.BuiltinOperator.FULLY_CONNECTED:
                continue
            given, weights = (graph.tensors[index] for index in op.inputs[:2])
            kinds = {given.type, weights.type}
            if kinds == {schema.TensorType.INT8} and len([k for k in op.inputs if k >= 0]) == 2:
                found = True
                same = int(op.inputs[1]), float(given.quantization.scale[0])
                if same not in made:
                    graph.tensors.append(_zeros(schema, model, given, weights))
                    made[same] = len(graph.tensors) - 1
                op.inputs = [*op.inputs[:2], made[same]]
    return found


def _zeros(schema: Any, model: Any, given: Any, weights: Any) -> Any:
    """Return a bias for these weights, in the units that the operator adds up in."""
    buffer = schema.BufferT()
    buffer.data = np.zeros(int(weights.shape[0]), np.int32).view(np.uint8)
    model.buffers.append(buffer)
    units = schema.QuantizationParametersT()
    units.scale = [float(given.quantization.scale[0] * s) for s in weights.quantization.scale]
    units.zeroPoint = [0] * len(units.scale)
    bias = schema.TensorT()
    bias.name, bias.type = weights.name + b"/zero_bias", schema.TensorType.INT32
    bias.shape, bias.buffer = [int(weights.shape[0])], len(model.buffers) - 1
    bias.quantization = units
    return bias
