"""What the Edge TPU rules look at: plain facts of an operator, wherever they come from.

The rules judge these values and not a file, so that a published compilation result that kept no
more than types and shapes can be judged by the same code as a `.tflite`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from edgekit.core.types import Array
from edgekit.operators.versions import needed_version
from edgekit.tflite.reader import Model, Operator, TensorInfo, constant

Verdict = Literal["yes", "no", "unknown"]

_RECURRENT = ("UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM")


def _no_values() -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class TensorFacts:
    """A tensor as an operator sees it.

    Attributes:
        dtype: Lower-case name, such as `int8`.
        is_quantized: Whether it has a scale; assumed where the source does not say.
        zero_point: The stored number that means 0.0.
        values: Returns a constant's stored numbers, or None if they are not known.
    """

    shape: tuple[int, ...]
    dtype: str
    is_constant: bool = False
    is_variable: bool = False
    is_quantized: bool = True
    is_sparse: bool = False
    zero_point: int = 0
    values: Callable[[], Array | None] = field(default=_no_values, repr=False, compare=False)

    @property
    def is_8_bit(self) -> bool:
        """Whether the Edge TPU can compute with it: quantized, with 8 bits."""
        return self.dtype in ("int8", "uint8") and self.is_quantized


@dataclass(frozen=True, kw_only=True)
class OperatorFacts:
    """An operator of the main subgraph.

    Attributes:
        version: The version written in the file.
        needed_version: The version its types and options need; None when not known.
        inputs: None where an optional input is absent.
        options: As `edgekit.tflite.reader.Operator.options`; an option that is not known is absent.
        depends_on: Indices of the operators whose outputs it reads.
    """

    index: int
    name: str
    version: int
    inputs: tuple[TensorFacts | None, ...]
    outputs: tuple[TensorFacts, ...]
    needed_version: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    depends_on: tuple[int, ...] = ()

    @property
    def data(self) -> tuple[TensorFacts, ...]:
        """Inputs and outputs it computes with: no shapes, axes, biases or recurrent state."""
        inputs = self.inputs[:1] if self.name in _RECURRENT else self.inputs
        return (*(t for t in inputs if t is not None and _is_data(t)), *self.outputs)

    def input(self, position: int) -> TensorFacts | None:
        """Return the input at `position`, or None if it is absent."""
        return self.inputs[position] if position < len(self.inputs) else None

    def numbers(self, position: int) -> tuple[int, ...] | None:
        """Return the integers of a constant input such as axes; None when not known."""
        tensor = self.input(position)
        values = tensor.values() if tensor is not None and tensor.is_constant else None
        if values is None or values.dtype.kind not in "iu":
            return None
        return tuple(int(value) for value in values.ravel())


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What the rules say of one operator, with the reason, where it is written, and a remedy."""

    verdict: Verdict
    reason: str = ""
    source: str = ""
    fix: str = ""


def is_one_vector(shape: tuple[int, ...]) -> bool:
    """Whether no axis but the innermost is longer than 1."""
    return math.prod(shape[:-1]) == 1


def facts_of(model: Model) -> tuple[OperatorFacts, ...]:
    """Return the facts of the main subgraph's operators, in the order of execution."""
    graph = model.main
    producers = {tensor: op.index for op in graph.operators for tensor in op.outputs}
    tensors = tuple(_tensor(model, tensor) for tensor in graph.tensors)
    return tuple(
        OperatorFacts(
            index=op.index,
            name=op.name,
            version=op.version,
            needed_version=needed_version(op, graph),
            inputs=tuple(tensors[i] if i >= 0 else None for i in op.inputs),
            outputs=tuple(tensors[i] for i in op.outputs if i >= 0),
            options=op.options,
            depends_on=_earlier(op, producers),
        )
        for op in graph.operators
    )


def _earlier(op: Operator, producers: Mapping[int, int]) -> tuple[int, ...]:
    # A variable may be written after it is read, for the next invocation: that is no dependence.
    indices = {producers[i] for i in op.inputs if i in producers}
    return tuple(sorted(index for index in indices if index < op.index))


def _tensor(model: Model, tensor: TensorInfo) -> TensorFacts:
    return TensorFacts(
        shape=tensor.shape,
        dtype=tensor.dtype,
        is_constant=tensor.is_constant,
        is_variable=tensor.is_variable,
        is_quantized=bool(tensor.scales),
        is_sparse=tensor.is_sparse,
        zero_point=tensor.zero_points[0] if tensor.zero_points else 0,
        values=lambda: constant(model, tensor),
    )


def _is_data(tensor: TensorFacts) -> bool:
    # Integer constants of 32 and 64 bits are shapes, axes and biases, never data.
    return not tensor.is_variable and not (
        tensor.is_constant and tensor.dtype in ("int32", "int64")
    )
