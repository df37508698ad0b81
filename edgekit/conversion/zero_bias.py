"""Give int8 dense layers without a bias a bias of zeros.

On ARM, tflite-runtime 2.14 ends with a segmentation fault at an int8 FULLY_CONNECTED that has no
bias and more than one row; with a bias of zeros it runs, and gives the same answers everywhere.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, TensorT


def add_zero_biases(schema: ModuleType, model: ModelT) -> bool:
    """Add the bias wherever it is missing; return whether any was."""
    codes = [code.builtinCode for code in model.operatorCodes]
    is_changed = False
    for graph in model.subgraphs:
        made: dict[tuple[int, float], int] = {}  # an unrolled layer needs one for all its steps
        for op in graph.operators:
            if codes[op.opcodeIndex] != schema.BuiltinOperator.FULLY_CONNECTED:
                continue
            given, weights = (graph.tensors[index] for index in op.inputs[:2])
            kinds = {given.type, weights.type}
            if kinds == {schema.TensorType.INT8} and len([k for k in op.inputs if k >= 0]) == 2:
                is_changed = True
                same = int(op.inputs[1]), float(given.quantization.scale[0])
                if same not in made:
                    graph.tensors.append(_zeros(schema, model, given, weights))
                    made[same] = len(graph.tensors) - 1
                op.inputs = [*op.inputs[:2], made[same]]
    return is_changed


def _zeros(schema: ModuleType, model: ModelT, given: TensorT, weights: TensorT) -> TensorT:
    """Return a bias for these weights, with the scale of the operator's sums."""
    buffer = schema.BufferT()
    buffer.data = np.zeros(int(weights.shape[0]), np.int32).view(np.uint8)
    model.buffers.append(buffer)
    quantization = schema.QuantizationParametersT()
    scale = given.quantization.scale[0]
    quantization.scale = [float(scale * s) for s in weights.quantization.scale]
    quantization.zeroPoint = [0] * len(quantization.scale)
    bias = schema.TensorT()
    bias.name, bias.type = weights.name + b"/zero_bias", schema.TensorType.INT32
    bias.shape, bias.buffer = [int(weights.shape[0])], len(model.buffers) - 1
    bias.quantization = quantization
    return bias
