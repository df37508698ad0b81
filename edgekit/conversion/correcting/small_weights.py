"""Give small dense layers of a dynamic-range file int8 weights too.

TensorFlow leaves weights of fewer than 1,024 values in float32. In a dense layer that runs once for
each answer, such as the last one of a classifier, int8 saves three of four bytes and costs no time
(image_cnn: 1.4 of 78 kB, latency within 2 % on tflite-runtime 2.14 and LiteRT 2.3). Small
convolutions stay as they are: in int8, image_cnn took 1.14 times as long, and the depthwise ones of
keywords_cnn 3 (LiteRT) to 8 (tflite-runtime) times.
"""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.tflite.editing import code_of, operators_of

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, SubGraphT, TensorT

_VERSION = 9
"""Of FULLY_CONNECTED with an input whose zero point is found anew in each run."""

_MOST_VALUES = 1024
"""From here on TensorFlow quantizes itself, where it can."""


def quantize_small_weights(schema: ModuleType, model: ModelT) -> bool:
    """Quantize float weights of small dense layers in a dynamic-range file; return whether any was.

    A file with a fused LSTM is left alone: LiteRT 2.3 on x86 took up to three times as long for one
    of 32 units when an int8 dense layer ended the run before.
    """
    codes = operators_of(model)
    kinds = {
        (codes[op.opcodeIndex], *_types(graph, op))
        for graph in model.subgraphs
        for op in graph.operators
    }
    numbers, types = schema.BuiltinOperator, schema.TensorType
    hybrid = any(kind[1:3] == (types.FLOAT32, types.INT8) for kind in kinds)
    if not hybrid or any(kind[0] == numbers.UNIDIRECTIONAL_SEQUENCE_LSTM for kind in kinds):
        return False
    return any([_quantize(schema, model, graph) for graph in model.subgraphs])


def _types(graph: SubGraphT, op: OperatorT) -> list[int]:
    """Return the types of an operator's first two inputs."""
    return [graph.tensors[index].type if index >= 0 else -1 for index in op.inputs[:2]]


def _quantize(schema: ModuleType, model: ModelT, graph: SubGraphT) -> bool:
    codes, types = operators_of(model), schema.TensorType
    readers = Counter(int(index) for op in graph.operators for index in op.inputs)
    is_changed = False
    for op in graph.operators:
        if codes[op.opcodeIndex] != schema.BuiltinOperator.FULLY_CONNECTED:
            continue
        given, weights = (graph.tensors[index] for index in op.inputs[:2])
        values = _values(model, weights)
        if _types(graph, op) != [types.FLOAT32] * 2 or not 0 < values.size < _MOST_VALUES:
            continue
        is_once = np.prod(given.shape, dtype=int) == weights.shape[-1]
        if not is_once or readers[int(op.inputs[1])] > 1 or not np.isfinite(values).all():
            continue
        _write(schema, model, weights, values)
        op.opcodeIndex = code_of(schema, model, codes[op.opcodeIndex], version=_VERSION)
        op.builtinOptions.asymmetricQuantizeInputs = True
        is_changed = True
    return is_changed


def _values(model: ModelT, tensor: TensorT) -> np.ndarray:
    """Return a constant's floats, or nothing for what is no dense float constant."""
    data = model.buffers[tensor.buffer].data
    if data is None or tensor.sparsity is not None or len(data) % 4:
        return np.zeros(0, np.float32)
    return np.frombuffer(bytes(data), np.float32)


def _write(schema: ModuleType, model: ModelT, tensor: TensorT, values: np.ndarray) -> None:
    """Store a tensor as int8 with one scale; its zero point is 0, as the kernels want it."""
    largest = float(np.abs(values).max())
    scale = largest / 127 if largest else 1.0
    buffer, quantization = schema.BufferT(), schema.QuantizationParametersT()
    buffer.data = np.round(values / scale).astype(np.int8).view(np.uint8)
    model.buffers.append(buffer)
    quantization.scale, quantization.zeroPoint = [scale], [0]
    tensor.type, tensor.buffer = schema.TensorType.INT8, len(model.buffers) - 1
    tensor.quantization = quantization
