"""Write what was drawn as a `.tflite` file of one operator, with inputs and the true answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgekit.core.types import Array
from edgekit.operators.scale_traits import FIXED_SCALE_16_BITS, FIXED_SCALES
from edgekit.operators.versions import needed_version
from edgekit.tflite.editing import code_of, pack
from edgekit.tflite.reader import read

from .drawn import SCALED, Drawn, Operand, Random, flip

_LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
_FIXED_ZEROS = {"LOGISTIC": -128, "SOFTMAX": -128, "LOG_SOFTMAX": 127}
"""Zero points of int8 outputs whose scale is fixed; of the others 0."""


_OTHER = 1.8
"""How much coarser a scale is that differs where converters write the same one."""


@dataclass(frozen=True)
class Scale:
    """What integers stand for: `scale * (integer - zero)`; one of each for every channel."""

    scale: Array
    zero: int
    dtype: str
    axis: int = -1

    def stored(self, values: Array) -> Array:
        """Return the integers nearest to values."""
        low, high = np.iinfo(self.dtype).min, np.iinfo(self.dtype).max
        integers = np.rint(values / self._along(values)) + self.zero
        return np.asarray(np.clip(integers, low, high).astype(self.dtype))

    def meant(self, integers: Array) -> Array:
        """Return the values that integers stand for."""
        return (integers.astype(np.float64) - self.zero) * self._along(integers)

    def _along(self, values: Array) -> Array:
        if self.axis < 0:
            return np.asarray(self.scale[0])
        return self.scale.reshape([-1 if a == self.axis else 1 for a in range(values.ndim)])


@dataclass(frozen=True)
class Placed:
    """A tensor of the file: its content or only its shape, its type and scale."""

    name: str
    content: Array
    dtype: str
    scale: Scale | None
    constant: bool

    def meant(self) -> Array:
        """Return what it stands for."""
        return self.scale.meant(self.content) if self.scale else self.content


@dataclass(frozen=True)
class Single:
    """A file of one operator.

    Attributes:
        path: Of the file.
        inputs: Arrays in the order of its inputs.
        outputs: In the order of its outputs: the truth, its scale, its type.
        way: Type of the data.
    """

    path: Path
    operator: str
    way: str
    inputs: Sequence[Array]
    outputs: Sequence[tuple[Array, Scale | None, str]]


def write(drawn: Drawn, random: Random, path: Path) -> Single:
    """Draw types and scales, and write a file in the version that they need."""
    way = str(random.choice(list(drawn.types)))
    placed = _placed(drawn, way, random)
    answer = drawn.truth(*(each.meant() for each in placed))
    answers = [answer] if isinstance(answer, np.ndarray | np.generic) else list(answer)
    outputs = []
    for position, truth in enumerate(answers):
        told = drawn.answers[position] if position < len(drawn.answers) else ""
        dtype = told or ("float32" if way == "hybrid" else way)
        scale = _output_scale(drawn, dtype, np.asarray(truth), placed, random)
        outputs.append((_within(np.asarray(truth), scale, dtype), scale, dtype))
    _write(path, drawn, placed, outputs, version=1)
    main = read(path).main
    if needed := needed_version(main.operators[0], main):
        _write(path, drawn, placed, outputs, version=needed)
    inputs = [each.content for each in placed if not each.constant]
    return Single(path, drawn.operator, way, inputs, outputs)


def _placed(drawn: Drawn, way: str, random: Random) -> list[Placed]:
    """Return the operands with their types; those of data that is only moved have one scale."""
    shared: Scale | None = None
    found: list[Placed] = []
    for number, operand in enumerate(drawn.operands):
        dtype, scale = _type_of(operand, way), None
        if drawn.scaled and dtype in SCALED and operand.role != "plain":
            if operand.role == "weights":
                scale = _weight_scale(operand, dtype, way, random)
            elif drawn.moves and shared is not None and flip(random, 0.85):
                scale = shared
            else:
                spread = _spread(drawn) if drawn.moves else operand.values
                spread = spread * (_OTHER if shared else 1.0)
                scale = _data_scale(spread, dtype, random)
                shared = shared or (scale if drawn.moves else None)
        if operand.role == "bias" and way in SCALED:
            scale = _bias_scale(found, way)
        content = scale.stored(operand.values) if scale else _rounded(operand.values, dtype)
        found.append(Placed(f"in{number}", content, dtype, scale, operand.constant))
    return found


def _spread(drawn: Drawn) -> Array:
    data = [each.values.ravel() for each in drawn.operands if each.role == "data"]
    return np.concatenate(data)


def _type_of(operand: Operand, way: str) -> str:
    if operand.role == "plain":
        return operand.values.dtype.name
    if operand.role == "weights":
        return {"hybrid": "int8", "int16": "int8"}.get(way, way)
    if way == "hybrid":
        return "float32"
    if operand.role == "bias":
        return {"int8": "int32", "uint8": "int32", "int16": "int64"}.get(way, way)
    return way


def _rounded(values: Array, dtype: str) -> Array:
    if dtype == "bool":
        return values if values.dtype == bool else values > 0.5
    if dtype in ("int32", "int64", *SCALED):
        values = np.rint(values)
    return values.astype(dtype)


def _data_scale(values: Array, dtype: str, random: Random) -> Scale:
    """Draw a scale that covers values, as a converter chooses it or a little coarser."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    wide = float(random.uniform(1.0, 1.3))
    smallest, largest = _LIMITS[dtype]
    if dtype == "int16":
        scale = max(-low, high, 1e-3) / largest * wide
        return Scale(np.array([scale]), 0 if flip(random, 0.95) else 3, dtype)
    if flip(random, 0.1):  # symmetric, as some quantizers write all data
        scale = max(-low, high, 1e-3) / 127 * wide
        return Scale(np.array([scale]), 128 if dtype == "uint8" else 0, dtype)
    scale = max(high - low, 1e-3) / 255 * wide
    zero = int(np.clip(round(smallest - low / scale), smallest, largest))
    return Scale(np.array([scale]), zero, dtype)


def _weight_scale(operand: Operand, dtype: str, way: str, random: Random) -> Scale:
    values = operand.values
    if dtype == "uint8":
        return _data_scale(values, dtype, random)
    if flip(random, 0.7) and not (way == "hybrid" and flip(random)):
        others = tuple(a for a in range(values.ndim) if a != operand.channels)
        scales = np.maximum(np.abs(values).max(axis=others), 1e-3) / 127
        return Scale(scales, 0, dtype, operand.channels)
    zero = 5 if flip(random, 0.05) else 0
    return Scale(np.array([np.abs(values).max() / 120]), zero, dtype)


def _bias_scale(found: Sequence[Placed], way: str) -> Scale:
    weights = next(each for each in found if each.scale and each.name == "in1")
    data = next(each for each in found if each.scale and each.name != "in1")
    assert weights.scale is not None
    assert data.scale is not None
    axis = 0 if weights.scale.axis >= 0 else -1
    dtype = "int64" if way == "int16" else "int32"
    return Scale(data.scale.scale[0] * weights.scale.scale, 0, dtype, axis)


def _output_scale(
    drawn: Drawn, dtype: str, truth: Array, placed: Sequence[Placed], random: Random
) -> Scale | None:
    if dtype not in SCALED or not drawn.scaled:
        return None
    if drawn.operator in FIXED_SCALES and flip(random, 0.85):
        if dtype == "int16":
            return Scale(np.array([FIXED_SCALE_16_BITS]), 0, dtype)
        zero = _FIXED_ZEROS.get(drawn.operator, 0) + 128 * (dtype == "uint8")
        return Scale(np.array([FIXED_SCALES[drawn.operator]]), zero, dtype)
    first = next((each.scale for each in placed if each.scale), None)
    if drawn.moves and first is not None and first.dtype == dtype:
        return first if flip(random, 0.85) else _data_scale(_OTHER * truth, dtype, random)
    return _data_scale(truth, dtype, random)


def _within(truth: Array, scale: Scale | None, dtype: str) -> Array:
    """Return the truth within the range of what the output's integers stand for."""
    if scale is None:
        return truth.astype(np.float64)
    low, high = (scale.meant(np.array(limit)) for limit in _LIMITS[dtype])
    return np.clip(truth.astype(np.float64), low, high)


def _write(
    path: Path,
    drawn: Drawn,
    placed: Sequence[Placed],
    outputs: Sequence[tuple[Array, Scale | None, str]],
    *,
    version: int,
) -> None:
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.operatorCodes, model.subgraphs = 3, [], [graph]
    model.buffers = [schema.BufferT()]
    graph.tensors = [
        _tensor(model, each.name, each.content, each.dtype, each.scale, each.constant)
        for each in placed
    ]
    graph.tensors += [
        _tensor(model, f"out{number}", truth, dtype, scale, False)
        for number, (truth, scale, dtype) in enumerate(outputs)
    ]
    operator = schema.OperatorT()
    code = getattr(schema.BuiltinOperator, drawn.operator)
    operator.opcodeIndex = code_of(schema, model, code, version=version)
    operator.inputs = list(range(len(placed)))
    operator.outputs = [len(placed) + number for number in range(len(outputs))]
    if drawn.table:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, drawn.table)
        operator.builtinOptions = getattr(schema, f"{drawn.table}T")()
        for name, value in drawn.options.items():
            setattr(operator.builtinOptions, name, value)
    graph.operators = [operator]
    graph.inputs = [number for number, each in enumerate(placed) if not each.constant]
    graph.outputs = list(operator.outputs)
    path.write_bytes(pack(model))


def _tensor(
    model: Any, name: str, content: Array, dtype: str, scale: Scale | None, constant: bool
) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape = name, list(content.shape)
    tensor.type = getattr(schema.TensorType, dtype.upper())
    if constant:
        tensor.buffer = len(model.buffers)
        stored = np.frombuffer(np.ascontiguousarray(content).tobytes(), np.uint8)
        model.buffers.append(schema.BufferT(data=stored))
    if scale:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = [float(number) for number in scale.scale]
        tensor.quantization.zeroPoint = [scale.zero] * len(scale.scale)
        tensor.quantization.quantizedDimension = max(scale.axis, 0)
    return tensor
