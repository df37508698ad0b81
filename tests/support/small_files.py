"""Write small `.tflite` files by hand, in milliseconds and without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgekit.tflite.editing import code_of, pack


@dataclass(frozen=True)
class Step:
    """One operator: its name in the schema, names of its tensors, and its options.

    Attributes:
        options: Fields of the options table called `table`, as the schema's objects spell them.
    """

    name: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    table: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True)
class Data:
    """A tensor: shape, type, scale with zero point; constant if it has values.

    Several scales are those along the first axis.
    """

    shape: Sequence[int]
    dtype: str = "float32"
    scale: float | Sequence[float] = 0.0
    zero_point: int = 0
    values: np.ndarray | None = None


def write_file(
    path: Path,
    steps: Sequence[Step],
    tensors: Mapping[str, Data | np.ndarray],
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> Path:
    """Write a file; tensors that are arrays are its constants."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.operatorCodes, model.subgraphs = 3, [], [graph]
    model.buffers = [schema.BufferT()]
    place = {name: index for index, name in enumerate(tensors)}
    graph.tensors = [_tensor(model, name, tensor) for name, tensor in tensors.items()]
    graph.operators = [_operator(model, step, place) for step in steps]
    graph.inputs = [place[name] for name in inputs]
    graph.outputs = [place[name] for name in outputs]
    path.write_bytes(pack(model))
    return path


def _tensor(model: Any, name: str, given: Data | np.ndarray) -> Any:
    if isinstance(given, np.ndarray):
        given = Data(given.shape, given.dtype.name, values=given)
    tensor = schema.TensorT()
    tensor.name, tensor.shape = name, list(given.shape)
    tensor.type = getattr(schema.TensorType, given.dtype.upper())
    if given.values is not None:
        tensor.buffer = len(model.buffers)
        content = np.frombuffer(given.values.astype(given.dtype).tobytes(), np.uint8)
        model.buffers.append(schema.BufferT(data=content))
    if given.scale:
        scales = np.ravel(given.scale).tolist()
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = scales
        tensor.quantization.zeroPoint = [given.zero_point] * len(scales)
    return tensor


def _operator(model: Any, step: Step, place: Mapping[str, int]) -> Any:
    operator = schema.OperatorT()
    code = getattr(schema.BuiltinOperator, step.name)
    operator.opcodeIndex = code_of(schema, model, code, version=step.version)
    operator.inputs = [place[name] for name in step.inputs]
    operator.outputs = [place[name] for name in step.outputs]
    if step.table:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, step.table)
        operator.builtinOptions = getattr(schema, f"{step.table}T")()
        for name, value in step.options.items():
            setattr(operator.builtinOptions, name, value)
    return operator
