"""Find the range of each tensor outside of which no operator that reads it can tell values apart.

tanh and sigmoid saturate; a sum or a multiple that is cut, by ReLU or at -1 and 1, is the same for
everything that lies beyond; and softmax answers zero for what lies far below the largest value of
its row. Attention is masked with numbers such as -1e9 or -2e38, which are far below: they need no
steps, and where they are constants of the model, a number that does the same takes their place.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgekit.conversion.ranges.measured_values import Values
from edgekit.core.types import Array

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorT, SubGraphT

Limits: TypeAlias = tuple[float, float]
_TANH_SATURATED = math.atanh(1 - 1 / 256)
_SIGMOID_SATURATED = math.log(511)
"""Beyond these, the output is within half a step of 1/128, or of 1/256, of its end: 3.1 and 6.2."""
EVERYTHING: Limits = (-math.inf, math.inf)

COPIES = (
    "BROADCAST_TO",
    "CONCATENATION",
    "EXPAND_DIMS",
    "GATHER",
    "MAXIMUM",
    "MINIMUM",
    "PACK",
    "REDUCE_MAX",
    "RESHAPE",
    "REVERSE_V2",
    "SELECT",
    "SELECT_V2",
    "SLICE",
    "SPLIT",
    "SQUEEZE",
    "STRIDED_SLICE",
    "TILE",
    "TRANSPOSE",
    "UNPACK",
)
"""Operators whose outputs hold only values of their inputs: what is cut off after them may as well
be cut off before."""


def limit_to_useful(
    schema: ModuleType, model: ModelT, values: Mapping[int, Values], *, levels: int
) -> dict[int, Limits]:
    """Bring constants within what their readers tell apart; return those limits for all tensors.

    Args:
        schema: `ai_edge_litert.schema_py_generated`.
        model: A float model; its first graph is looked at, and gets constants.
        values: What `edgekit.conversion.ranges.measured_values.measure` saw in that graph.
        levels: How many numbers a quantized activation can hold.
    """
    return _Search(schema, model, values, levels).run()


class _Search:
    """One pass over a graph, from its outputs to its inputs."""

    def __init__(
        self, schema: ModuleType, model: ModelT, values: Mapping[int, Values], levels: int
    ) -> None:
        self._kinds, self._levels = schema.BuiltinOperator, levels
        self._activations = schema.ActivationFunctionType
        self._float = schema.TensorType.FLOAT32
        self._new_buffer = schema.BufferT
        self._model, self._graph = model, model.subgraphs[0]
        self._values = values
        self._limits: dict[int, Limits] = {}

    def run(self) -> dict[int, Limits]:
        graph: SubGraphT = self._graph
        self._limits = {int(k): EVERYTHING for k in graph.outputs}
        for op in reversed([op for op in graph.operators if op.inputs is not None]):
            rule = self._rule(op)
            for side, k in enumerate(map(int, op.inputs)):
                limits = rule(op, side) if k >= 0 else EVERYTHING
                self._limits[k] = _union(self._limits.get(k, limits), limits)
        return self._limits

    def _rule(self, op: OperatorT) -> Callable[[OperatorT, int], Limits]:
        kinds, code = self._kinds, self._model.operatorCodes[op.opcodeIndex].builtinCode
        rules = {
            kinds.TANH: lambda op, side: (-_TANH_SATURATED, _TANH_SATURATED),
            kinds.LOGISTIC: lambda op, side: (-_SIGMOID_SATURATED, _SIGMOID_SATURATED),
            kinds.ADD: self._of_summand,
            kinds.SUB: self._of_difference,
            kinds.MUL: self._of_factor,
            kinds.NEG: lambda op, side: _negative(self._after(op)),
            kinds.EXP: self._of_exponent,
            kinds.SOFTMAX: self._of_scores,
            **{getattr(kinds, name): self._of_copied for name in COPIES},
        }
        return rules.get(code, lambda op, side: EVERYTHING)

    def _of_scores(self, op: OperatorT, side: int) -> Limits:
        k = int(op.inputs[side])
        floor = self._values[k].floor if k in self._values else -math.inf
        below = self._indistinct(int(self._graph.tensors[k].shape[-1]))
        return (floor - below / (op.builtinOptions.beta or 1.0), math.inf)

    def _of_exponent(self, op: OperatorT, side: int) -> Limits:
        high = self._range(int(op.outputs[0]))[1]
        if not 0 < high < math.inf:
            return EVERYTHING
        return (math.log(high) - self._indistinct(int(self._shape(op)[-1])), math.inf)

    def _indistinct(self, count: int) -> float:
        """Return how far below the largest of a row its values may all be cut off.

        There `count` of them together are less than half a step of 1 / `levels` of their sum: 10.4
        for 64 scores in int8, 16 for 16 bits.
        """
        return math.log(2 * self._levels * max(count, 1))

    def _of_copied(self, op: OperatorT, side: int) -> Limits:
        return self._moved(op, side, self._after(op))

    def _of_summand(self, op: OperatorT, side: int) -> Limits:
        (lowest, highest), (low, high) = self._after(op), self._other(op, side)
        return self._moved(op, side, (lowest - high, highest - low))

    def _of_difference(self, op: OperatorT, side: int) -> Limits:
        (lowest, highest), (low, high) = self._after(op), self._other(op, side)
        limits = (low - highest, high - lowest) if side else (lowest + low, highest + high)
        return self._moved(op, side, limits)

    def _of_factor(self, op: OperatorT, side: int) -> Limits:
        """Return the limits of a factor, if the other one is a single constant.

        A constant is brought within the limits first, by what the other factor held: a mask of 0
        and 1 may be multiplied by -20 as well as by -1e9.
        """
        k, other = int(op.inputs[side]), int(op.inputs[1 - side])
        after = self._after(op)
        if self._constant(k) is not None:
            factor = self._values.get(other)
            if factor and factor.least < math.inf and (factor.low >= 0 or factor.high <= 0):
                sign = 1 if factor.low >= 0 else -1
                self._moved(op, side, _divided(after, sign * factor.least))
            return EVERYTHING
        if self._constant(other) is None:
            return EVERYTHING
        self._of_factor(op, 1 - side)
        constant = self._constant(int(op.inputs[1 - side]))
        if constant is None or constant.size != 1:
            return EVERYTHING
        return _divided(after, float(constant[0]))

    def _moved(self, op: OperatorT, side: int, limits: Limits) -> Limits:
        """Return the limits of an input; if it is a constant beyond them, bring it within."""
        k, (lowest, highest) = int(op.inputs[side]), limits
        constant = self._constant(k)
        if constant is None or not lowest < highest:
            return limits
        if constant.min() < lowest or constant.max() > highest:
            op.inputs[side] = self._new_constant(k, np.clip(constant, lowest, highest))
        return limits

    def _new_constant(self, like: int, values: Array) -> int:
        buffer, tensor = self._new_buffer(), copy.copy(self._graph.tensors[like])
        buffer.data = np.frombuffer(values.astype(np.float32).tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        tensor.buffer = len(self._model.buffers) - 1
        tensor.name += b"/within"
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _constant(self, tensor: int) -> Array | None:
        """Return the floats of a constant tensor, flat; None if it is no such tensor."""
        data = self._model.buffers[self._graph.tensors[tensor].buffer].data
        is_float = self._graph.tensors[tensor].type == self._float
        if not is_float or data is None or len(data) == 0:
            return None
        return np.frombuffer(bytes(bytearray(data)), np.float32)

    def _after(self, op: OperatorT) -> Limits:
        """Return the limits of what an operator computes, its activation function included."""
        limits = [self._limits.get(int(k), EVERYTHING) for k in op.outputs]
        low, high = min(low for low, _ in limits), max(high for _, high in limits)
        cut = self._cut(getattr(op.builtinOptions, "fusedActivationFunction", 0))
        return (max(low, cut[0]), min(high, cut[1])) if cut[0] < high and low < cut[1] else cut

    def _cut(self, activation: int) -> Limits:
        kinds = self._activations
        return {
            kinds.RELU: (0.0, math.inf),
            kinds.RELU6: (0.0, 6.0),
            kinds.RELU_N1_TO_1: (-1.0, 1.0),
        }.get(activation, EVERYTHING)

    def _other(self, op: OperatorT, side: int) -> Limits:
        """Return the range of the other one of two inputs."""
        return self._range(int(op.inputs[1 - side]))

    def _range(self, tensor: int) -> Limits:
        constant, values = self._constant(tensor), self._values.get(tensor)
        if constant is not None:
            return float(constant.min()), float(constant.max())
        if values is None or math.isnan(values.low):
            return EVERYTHING
        return values.low, values.high

    def _shape(self, op: OperatorT) -> list[int]:
        shape = self._graph.tensors[int(op.outputs[0])].shape
        return [1] if shape is None or len(shape) == 0 else list(shape)


def _union(one: Limits, other: Limits) -> Limits:
    return min(one[0], other[0]), max(one[1], other[1])


def _negative(limits: Limits) -> Limits:
    return -limits[1], -limits[0]


def _divided(limits: Limits, factor: float) -> Limits:
    """Return the limits for a number before it is multiplied by a factor; 0 if it is not known."""
    if not factor:
        return EVERYTHING
    low, high = sorted(limit / factor for limit in limits)
    return low, high
