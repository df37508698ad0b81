"""What numbers a file's inputs expect, told by the operators that read them first.

A picture in 0..255, quantized to int8 behind a float input, is hardly tried by numbers in 0..1; and
word numbers must be rows of the table in which they are looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from edgekit.core.types import Array
from edgekit.tflite.model import Model, Operator, TensorInfo
from edgekit.tflite.reader import constant

_SAME_VALUES = (
    *("CAST", "CONCATENATION", "DEQUANTIZE", "EXPAND_DIMS", "PACK", "RESHAPE", "REVERSE_V2"),
    *("SLICE", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE", "UNPACK"),
)
"""Operators whose results are values of their inputs."""

_TABLES: Mapping[str, tuple[int, int]] = {"GATHER": (1, 0), "EMBEDDING_LOOKUP": (0, 1)}
"""Operators that look rows up -> which input holds their numbers, and which the rows."""

_SPREAD = 2.0
"""What is normalized channel by channel lies between so many standard deviations, nearly all."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Limits of an input's numbers, both included; arrays hold one for each channel.

    Attributes:
        whole: Whether they are whole numbers, such as those of words.
    """

    low: Array | float
    high: Array | float
    whole: bool = False


def expected_ranges(model: Model) -> dict[int, Range]:
    """Return tensor index of an input -> what its first readers expect, where they tell.

    Rows looked up give the numbers of rows there are; a QUANTIZE what it can tell apart; a scale
    and an offset of constants 0..1, or -1..1 where there is an offset, as of a Rescaling layer, and
    two standard deviations around the mean where each channel has its own, as of a Normalization
    layer.
    """
    ranges = {}
    for index in model.main.inputs:
        rows = min(_rows(model, index), default=0)
        found = Range(low=0, high=rows - 1, whole=True) if rows else _range(model, index)
        if found:
            ranges[index] = found
    return ranges


def _readers(model: Model, index: int) -> list[Operator]:
    """Return what reads a tensor; a damaged file may have operators that write nothing."""
    return [op for op in model.main.operators if index in op.inputs and op.outputs]


def _rows(model: Model, index: int) -> Iterator[int]:
    """Give the numbers of rows of every table in which a tensor's values are looked up."""
    tensors, seen, todo = model.main.tensors, {index}, [index]
    while todo:
        current = todo.pop()
        for operator in _readers(model, current):
            numbers, table = _TABLES.get(operator.name, (-1, 0))
            complete = numbers >= 0 and max(numbers, table) < len(operator.inputs)
            if complete and operator.inputs[numbers] == current and operator.inputs[table] >= 0:
                axis = operator.options.get("axis", 0)
                shape = tensors[operator.inputs[table]].shape
                if isinstance(axis, int) and -len(shape) <= axis < len(shape):
                    yield shape[axis]
            elif operator.name in _SAME_VALUES:
                todo += [made for made in operator.outputs if made not in seen]
                seen.update(operator.outputs)


def _range(model: Model, index: int) -> Range | None:
    """Follow a float through a scale and an offset up to where its limits are known."""
    tensors = model.main.tensors
    if not tensors[index].dtype.startswith("float"):
        return None
    channels = tensors[index].shape[-1:]
    factor: Array = np.ones(())
    offset: Array = np.zeros(())
    for _ in model.main.operators:  # a damaged file may go round in circles
        readers = _readers(model, index)
        if len(readers) != 1:
            break
        (operator,) = readers
        if operator.name == "QUANTIZE":
            written = tensors[operator.outputs[0]]
            if not written.scales or written.dtype not in ("int8", "uint8", "int16", "int32"):
                break
            low, high = _representable(written)
            return _before(factor, offset, low, high)
        if operator.name not in _SAME_VALUES:
            step = _affine(model, operator, index)
            if step is None or not {np.shape(part) for part in step} <= {(), channels}:
                break
            factor, offset = factor * step[0], offset * step[0] + step[1]
        index = operator.outputs[0]
    if np.size(factor) > 1 or np.size(offset) > 1:
        return _before(factor, offset, -_SPREAD, _SPREAD)
    if factor == 1 and offset == 0:
        return None
    return _before(factor, offset, -1.0 if offset else 0.0, 1.0)


def _affine(model: Model, operator: Operator, index: int) -> tuple[Array, Array] | None:
    """Return factor and offset of an operator that multiplies or adds a constant; else None."""
    if operator.name not in ("ADD", "SUB", "MUL", "DIV") or len(operator.inputs) != 2:
        return None
    is_first = operator.inputs[0] == index
    value = _constant(model, operator.inputs[1 if is_first else 0])
    if value is None or value.dtype.kind != "f" or value.size not in {1, *value.shape[-1:]}:
        return None
    value = value.astype(np.float64).reshape(-1 if value.size > 1 else ())
    one, zero = np.ones(()), np.zeros(())
    if operator.name == "MUL":
        return value, zero
    if operator.name == "DIV":
        return (1 / value, zero) if is_first and np.all(value) else None
    if operator.name == "ADD":
        return one, value
    return (one, -value) if is_first else (-one, value)


def _constant(model: Model, index: int) -> Array | None:
    """Return a constant, also one that is stored as float16."""
    for operator in model.main.operators:
        if operator.name == "DEQUANTIZE" and index in operator.outputs and operator.inputs:
            index = operator.inputs[0]
    return constant(model, model.main.tensors[index]) if index >= 0 else None


def _representable(tensor: TensorInfo) -> tuple[float, float]:
    limits = np.iinfo(tensor.dtype)
    scale, zero = tensor.scales[0], tensor.zero_points[0]
    return scale * (int(limits.min) - zero), scale * (int(limits.max) - zero)


def _before(factor: Array, offset: Array, low: float, high: float) -> Range | None:
    """Return what becomes `low` and `high` when it is scaled and moved."""
    if not np.all(factor) or not (np.isfinite(factor).all() and np.isfinite(offset).all()):
        return None
    ends = (low - offset) / factor, (high - offset) / factor
    return Range(low=np.minimum(*ends), high=np.maximum(*ends))
