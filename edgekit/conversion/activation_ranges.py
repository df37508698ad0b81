"""Measure activation ranges again: TensorFlow's calibrator takes some from the wrong tensor.

TensorFlow 2.21's interpreter lets operators such as ADD overwrite an input that is not read again,
and its calibrator looks at inputs afterwards. A summand then has the range of the sum: each branch
of a residual network was quantized up to 3.5 times as coarsely as necessary. Here every tensor has
its own memory.

No range is wider than what its readers can tell apart: tanh and sigmoid saturate, and a sum or a
multiple that is cut, by ReLU or at -1 and 1, is the same for everything that lies beyond.

Source for the calibrator's error: https://github.com/tensorflow/tensorflow/issues/127842 (open,
September 2026).
"""

from __future__ import annotations

import math
import warnings
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.conversion.corrections import corrected
from edgekit.core.types import Array, Batch

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, SubGraphT, TensorT

_TANH_SATURATED = math.atanh(1 - 1 / 256)
_SIGMOID_SATURATED = math.log(511)
"""Beyond these, the output is within half a step of 1/128, or of 1/256, of its end: 3.1 and 6.2."""
_EVERYTHING = (-math.inf, math.inf)


def correct_ranges(content: bytes, examples: Batch) -> bytes:
    """Return a calibrated float model with the ranges that its activations have on examples.

    Args:
        content: What TensorFlow's calibrator returns: a `.tflite` whose tensors have `min`, `max`.
        examples: Input name -> `(n, ...)`, the calibration data.
    """
    return bytes(corrected(bytearray(content), [partial(_set_ranges, content, examples)]))


def _set_ranges(content: bytes, examples: Batch, schema: ModuleType, model: ModelT) -> bool:
    graph = model.subgraphs[0]
    writers = [op for op in graph.operators if op.outputs is not None]
    written = [int(k) for op in writers for k in op.outputs]
    concerned = [k for k in written if _is_measured(schema, graph.tensors[k])]
    for k, limits in _measured(content, examples, concerned).items():
        if np.isfinite(limits).all():  # others are for the caller to refuse
            _set_range(graph.tensors[k], *limits)
    useful = _useful(schema, model, graph)
    for k in concerned:
        low, high = _range_of(graph.tensors[k])
        lowest, highest = useful.get(k, _EVERYTHING)
        if low < highest and high > lowest:  # else it is saturated throughout
            _set_range(graph.tensors[k], max(low, lowest), min(high, highest))
    return bool(concerned)


def _is_measured(schema: ModuleType, tensor: TensorT) -> bool:
    """Whether the calibrator gave a tensor a single range, and it is not a state."""
    is_float = tensor.type == schema.TensorType.FLOAT32
    return is_float and not tensor.isVariable and _range_of(tensor) != _EVERYTHING


def _set_range(tensor: TensorT, low: float, high: float) -> None:
    tensor.quantization.min, tensor.quantization.max = [float(low)], [float(high)]


def _measured(content: bytes, examples: Batch, tensors: list[int]) -> dict[int, Array]:
    """Run the examples one by one; return the lowest and highest value of each tensor."""
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks to use LiteRT's, which has no Flex delegate
        interpreter = tf.lite.Interpreter(
            model_content=content,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=(
                tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()
    ranges: dict[int, Array] = {}
    for number in range(len(next(iter(examples.values())))):
        interpreter.reset_all_variables()
        run(**{name: array[number : number + 1] for name, array in examples.items()})
        for k in tensors:
            values = interpreter.get_tensor(k)
            limits = np.array([values.min(), values.max()])
            before = ranges.get(k, limits)
            ranges[k] = np.array([min(before[0], limits[0]), max(before[1], limits[1])])
    return ranges


def _useful(schema: ModuleType, model: ModelT, graph: SubGraphT) -> dict[int, tuple[float, float]]:
    """Return the range of each tensor outside of which no reader can tell values apart."""
    ranges = {int(k): _EVERYTHING for k in graph.outputs}
    for op in reversed([op for op in graph.operators if op.inputs is not None]):
        code = model.operatorCodes[op.opcodeIndex].builtinCode
        cut = _cut(schema, getattr(op.builtinOptions, "fusedActivationFunction", 0))
        for side, k in enumerate(map(int, op.inputs)):
            if code == schema.BuiltinOperator.TANH:
                limits = (-_TANH_SATURATED, _TANH_SATURATED)
            elif code == schema.BuiltinOperator.LOGISTIC:
                limits = (-_SIGMOID_SATURATED, _SIGMOID_SATURATED)
            elif code == schema.BuiltinOperator.RESHAPE and side == 0:
                limits = ranges.get(int(op.outputs[0]), _EVERYTHING)
            elif code == schema.BuiltinOperator.ADD:
                low, high = _range_of(graph.tensors[int(op.inputs[1 - side])])
                limits = (cut[0] - high, cut[1] - low)
            elif code == schema.BuiltinOperator.MUL:
                limits = _divided(cut, _constant(model, graph, int(op.inputs[1 - side])))
            else:
                limits = _EVERYTHING
            before = ranges.get(k, limits)
            ranges[k] = (min(before[0], limits[0]), max(before[1], limits[1]))
    return ranges


def _cut(schema: ModuleType, activation: int) -> tuple[float, float]:
    """Return the limits that an operator's activation function cuts its output at."""
    kinds = schema.ActivationFunctionType
    return {
        kinds.RELU: (0.0, math.inf),
        kinds.RELU6: (0.0, 6.0),
        kinds.RELU_N1_TO_1: (-1.0, 1.0),
    }.get(activation, _EVERYTHING)


def _divided(limits: tuple[float, float], factor: float) -> tuple[float, float]:
    """Return the limits for a number before it is multiplied by a factor; 0 if it is not known."""
    if not factor:
        return _EVERYTHING
    low, high = sorted(limit / factor for limit in limits)
    return low, high


def _constant(model: ModelT, graph: SubGraphT, tensor: int) -> float:
    """Return the single constant that a tensor holds; 0 if it holds anything else."""
    data = model.buffers[graph.tensors[tensor].buffer].data
    is_number = data is not None and len(data) == np.float32().nbytes
    return float(np.frombuffer(bytes(data), np.float32)[0]) if is_number else 0.0


def _range_of(tensor: TensorT) -> tuple[float, float]:
    """Return the range a tensor has so far; everything if that is not known."""
    quantization = tensor.quantization
    if quantization is None or quantization.min is None or len(quantization.min) != 1:
        return _EVERYTHING
    return float(quantization.min[0]), float(quantization.max[0])
