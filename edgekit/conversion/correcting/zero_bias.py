"""Give int8 dense layers without a bias a bias of zeros.

On ARM, tflite-runtime 2.14 ends with a segmentation fault at an int8 FULLY_CONNECTED that has no
bias and more than one row; with a bias of zeros it runs, and gives the same answers everywhere.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.tflite.editing import operators_of

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, TensorT


def add_zero_biases(schema: ModuleType, model: ModelT) -> bool:
    """Add the bias wherever it is missing; return whether any was."""
    codes = operators_of(model)
    is_changed = False
    for graph in model.subgraphs:
        made: dict[tuple[int, float], int] = {}  # an unrolled layer needs one for all its steps
        for op in graph.operators:
            if codes[op.opcodeIndex] != schema.BuiltinOperator.FULLY_CONNECTED:
                continue
            given, weights = (graph.tensors[index] for index in op.inputs[:2])
            kinds = {given.type, weights.type}
            is_bare = kinds == {schema.TensorType.INT8} and sum(k >= 0 for k in op.inputs) == 2
            if is_bare and np.prod(given.shape, dtype=int) > weights.shape[-1]:
                is_changed = True
                same = int(op.inputs[1]), float(given.quantization.scale[0])
                if same not in made:
                    graph.tensors.append(_zeros(schema, model, given, weights))
                    made[same] = len(graph.tensors) - 1
                op.inputs = [*op.inputs[:2], made[same]]
    return is_changed


def _zeros(schema: ModuleType, model: ModelT, given: TensorT, weights: TensorT) -> TensorT:
    """Return a bias for these weights.

    Zeros have any scale. With one for each channel, kernels read that of the weights only: the
    bias repeats it, so that both are stored once. A lone one is checked, and is that of the sums.
    """
    buffer = schema.BufferT()
    buffer.data = np.zeros(int(weights.shape[0]), np.int32).view(np.uint8)
    model.buffers.append(buffer)
    quantization = schema.QuantizationParametersT()
    scales = [float(scale) for scale in weights.quantization.scale]
    sums = float(given.quantization.scale[0] * scales[0])
    quantization.scale = scales if len(scales) > 1 else [sums]
    quantization.zeroPoint = [0] * len(quantization.scale)
    bias = schema.TensorT()
    bias.name, bias.type = weights.name + b"/zero_bias", schema.TensorType.INT32
    bias.shape, bias.buffer = [int(weights.shape[0])], len(model.buffers) - 1
    bias.quantization = quantization
    return bias
