"""Ranges of activations, measured anew: TensorFlow's calibrator takes some from the wrong tensor.

TensorFlow 2.21's interpreter lets operators such as ADD write over an input that nobody reads
again, and its calibrator looks at inputs afterwards. What was added then has the range of the sum:
each branch of a residual network came out up to 3.5 times as coarse as it had to be. Here every
tensor has memory of its own.

What only a tanh or a sigmoid reads gets no wider range than these can tell apart in int8.

Source of the first: https://github.com/tensorflow/tensorflow/issues/127842 (open, September 2026).
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from edgekit.types import Array, Batch

_SATURATED_AT = {"TANH": math.atanh(1 - 1 / 256), "LOGISTIC": math.log(511)}
"""Where the output is half a step of 1/128, or of 1/256, from its end: 3.1 and 6.2."""


def correct(content: bytes, examples: Batch) -> bytes:
    """Return a calibrated float model with the ranges that its activations have on examples.

    Args:
        content: What TensorFlow's calibrator answers, a `.tflite` whose tensors have `min`, `max`.
        examples: Input name -> `(n, ...)`, the calibration data.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    graph = model.subgraphs[0]
    written = [int(k) for op in graph.operators for k in op.outputs]
    concerned = [k for k in written if _is_measured(schema, graph.tensors[k])]
    for k, limits in _measured(content, examples, concerned).items():
        if np.isfinite(limits).all():  # what is not is for the caller to refuse
            _set_range(graph.tensors[k], *limits)
    for k, limit in _read_by_saturating(schema, model, graph).items():
        if k in concerned:
            found = graph.tensors[k].quantization
            _set_range(graph.tensors[k], max(found.min[0], -limit), min(found.max[0], limit))
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _is_measured(schema: Any, tensor: Any) -> bool:
    """Whether the calibrator gave a tensor one range, which is not that of a state."""
    found = tensor.quantization
    return (
        tensor.type == schema.TensorType.FLOAT32
        and not tensor.isVariable
        and found is not None
        and found.min is not None
        and len(found.min) == 1
    )


def _set_range(tensor: Any, low: float, high: float) -> None:
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
    found: dict[int, Array] = {}
    for number in range(len(next(iter(examples.values())))):
        interpreter.reset_all_variables()
        run(**{name: array[number : number + 1] for name, array in examples.items()})
        for k in tensors:
            values = interpreter.get_tensor(k)
            limits = np.array([values.min(), values.max()])
            before = found.get(k, limits)
            found[k] = np.array([min(before[0], limits[0]), max(before[1], limits[1])])
    return found


def _read_by_saturating(schema: Any, model: Any, graph: Any) -> dict[int, float]:
    """Return the tensors that only tanh or sigmoid read, and what these tell apart at most."""
    limits = {getattr(schema.BuiltinOperator, name): at for name, at in _SATURATED_AT.items()}
    found: dict[int, float] = {int(k): math.inf for k in graph.outputs}
    for op in graph.operators:
        limit = limits.get(model.operatorCodes[op.opcodeIndex].builtinCode, math.inf)
        for k in op.inputs:
            found[int(k)] = max(found.get(int(k), 0.0), limit)
    return {k: limit for k, limit in found.items() if math.isfinite(limit)}
