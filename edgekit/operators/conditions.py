"""Conditions on an operator's types, shapes and options, from which the version rules are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgekit.tflite.reader import Operator, Subgraph, TensorInfo


@dataclass(frozen=True)
class View:
    """An operator with its tensors; absent optional inputs are None."""

    operator: Operator
    inputs: tuple[TensorInfo | None, ...]
    outputs: tuple[TensorInfo | None, ...]

    def input(self, position: int) -> TensorInfo | None:
        """Return an input; None if it is absent."""
        return self.inputs[position] if position < len(self.inputs) else None

    def type(self, position: int) -> str:
        """Return the type of an input; "" if it is absent."""
        tensor = self.input(position)
        return tensor.dtype if tensor else ""

    def shape(self, position: int) -> tuple[int, ...]:
        """Return the shape of an input; () if it is absent."""
        tensor = self.input(position)
        return tensor.shape if tensor else ()

    @property
    def output(self) -> str:
        """Type of the first output; "" if there is none."""
        return self.outputs[0].dtype if self.outputs and self.outputs[0] else ""

    @property
    def types(self) -> frozenset[str]:
        """Types of all operands."""
        return frozenset(tensor.dtype for tensor in (*self.inputs, *self.outputs) if tensor)

    def option(self, name: str) -> object:
        """Return an option; None if the file does not give it."""
        return self.operator.options.get(name)


Condition = Callable[[View], bool]


def view_of(operator: Operator, subgraph: Subgraph) -> View:
    """Return an operator together with its tensors."""

    def tensors(indices: tuple[int, ...]) -> tuple[TensorInfo | None, ...]:
        return tuple(subgraph.tensors[index] if index >= 0 else None for index in indices)

    return View(operator, tensors(operator.inputs), tensors(operator.outputs))


def input_is(position: int, *types: str) -> Condition:
    """Whether an input has one of these types."""
    return lambda view: view.type(position) in types


def both_are(*types: str) -> Condition:
    """Whether the first input and the first output have one of these types."""
    return lambda view: view.type(0) in types and view.output in types


def weights_are(activations: str, weights: str) -> Condition:
    """Whether activations, input 1 and output have these types."""
    expected = (activations, weights, activations)
    return lambda view: (view.type(0), view.type(1), view.output) == expected


def option_is(name: str, *values: object) -> Condition:
    """Whether an option has one of these values; without any, whether it is set at all."""
    return lambda view: view.option(name) in values if values else bool(view.option(name))


def option_is_not(name: str, value: object) -> Condition:
    """Whether an option is given and has another value."""
    return lambda view: view.option(name) not in (None, value)


def rank_over(limit: int, position: int = 0) -> Condition:
    """Whether an input has more dimensions than `limit`."""
    return lambda view: len(view.shape(position)) > limit


def broadcast_over(limit: int) -> Condition:
    """Whether two inputs have different shapes, and one of them a rank over `limit`."""
    return lambda view: (
        view.shape(0) != view.shape(1) and max(len(view.shape(0)), len(view.shape(1))) > limit
    )


def every(*conditions: Condition) -> Condition:
    """Whether all of the conditions hold."""
    return lambda view: all(condition(view) for condition in conditions)


def is_quantized(position: int) -> Condition:
    """Whether an input has a scale."""

    def condition(view: View) -> bool:
        tensor = view.input(position)
        return bool(tensor and tensor.scales)

    return condition


def negated(condition: Condition) -> Condition:
    """Whether the condition does not hold."""
    return lambda view: not condition(view)


def is_per_channel(position: int, axis: int) -> Condition:
    """Whether an input has several scales, one for each index along `axis`."""

    def condition(view: View) -> bool:
        tensor = view.input(position)
        if tensor is None or len(tensor.scales) < 2 or axis >= len(tensor.shape):
            return False
        return len(tensor.scales) == tensor.shape[axis]

    return condition


def has_several_scales(position: int) -> Condition:
    """Whether an input has more than one scale."""

    def condition(view: View) -> bool:
        tensor = view.input(position)
        return bool(tensor and len(tensor.scales) > 1)

    return condition


def output_is_per_channel(view: View) -> bool:
    """Whether the first output has more than one scale."""
    return bool(view.outputs and view.outputs[0] and len(view.outputs[0].scales) > 1)


def is_grouped(view: View) -> bool:
    """Whether each filter sees only some of the channels."""
    image, filters = view.shape(0), view.shape(1)
    return len(image) == 4 and len(filters) == 4 and image[3] != filters[3]


def has_sparse_weights(view: View) -> bool:
    """Whether input 1 is stored sparsely."""
    tensor = view.input(1)
    return bool(tensor and tensor.is_sparse)


def product_grows(view: View) -> bool:
    """Whether a quantized product's scale is at least that of its result."""
    tensors = (view.input(0), view.input(1), view.outputs[0] if view.outputs else None)
    if not all(tensor and tensor.scales for tensor in tensors):
        return False
    first, second, result = (tensor.scales[0] for tensor in tensors if tensor)
    return bool(first * second / result >= 1.0) if result else False


def has_narrow_bias(view: View) -> bool:
    """Whether the bias of a 16-bit operator has another type than int64, which it always had."""
    return view.option("quantized_bias_type") not in (None, "float32", "int64")
