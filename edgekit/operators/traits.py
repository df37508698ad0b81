"""What is special about an operator, beyond its types and its rank, and may stop a runtime.

Each trait has a name that completes "With ..." and is measured for itself, by types.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from edgekit.operators.conditions import Condition, View, is_grouped, view_of
from edgekit.operators.scale_traits import SCALE_TRAITS
from edgekit.tflite.model import Model, Operator, Subgraph, TensorInfo

HANDED_THROUGH = "an input that is an output"
"""A trait of a whole file."""

_IMAGES = 4
"""Rank at which the first axis is that of several images."""

_SLIDING = ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D")
_PAIRS = (
    *("ADD", "ATAN2", "DIV", "FLOOR_DIV", "FLOOR_MOD", "LOGICAL_AND", "LOGICAL_OR", "MAXIMUM"),
    *("MINIMUM", "MUL", "POW", "PRELU", "SQUARED_DIFFERENCE", "SUB"),
    *("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"),
)
"""Operators of two operands, one of which may be repeated."""


def traits_of(operator: Operator, subgraph: Subgraph) -> tuple[str, ...]:
    """Return the names of what is special about an operator; () for a plain one."""
    view = view_of(operator, subgraph)
    return tuple(name for name, has in _TRAITS.items() if has(view))


def file_traits(model: Model) -> tuple[str, ...]:
    """Return the names of what is special about a file as a whole."""
    main = model.main
    return (HANDED_THROUGH,) if set(main.inputs) & set(main.outputs) else ()


def _of(*operators: str) -> Condition:
    return lambda view: view.operator.name in operators


def _both(one: Condition, other: Condition) -> Condition:
    return lambda view: one(view) and other(view)


def _kernel(view: View) -> tuple[int, ...]:
    """Return height and width of a kernel or of a pool."""
    if view.operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return view.shape(1)[1:3]
    return _pair(view, "filter_height", "filter_width")


def _reach(view: View) -> tuple[int, ...]:
    """Return height and width of what a window spans."""
    dilation = _pair(view, "dilation_h_factor", "dilation_w_factor")
    return tuple((k - 1) * d + 1 for k, d in zip(_kernel(view), dilation, strict=False))


def _filters_of_a_group(view: View) -> int:
    groups = max(view.shape(0)[3] // max(view.shape(1)[3], 1), 1)
    return view.shape(1)[0] // groups


def _strides(view: View) -> tuple[int, ...]:
    return _pair(view, "stride_h", "stride_w")


def _pair(view: View, *names: str) -> tuple[int, ...]:
    values = (view.option(name) for name in names)
    return tuple(value if isinstance(value, int) else 1 for value in values)


def _has_wide_stride(view: View) -> bool:
    """Whether windows that are centered over the image begin inside of it."""
    spans = zip(view.shape(0)[1:3], _reach(view), _strides(view), strict=False)
    return _kernel(view) != (1, 1) and any(
        (-(-size // stride) - 1) * stride + reach < size for size, reach, stride in spans
    )


def _is_repeated_at_high_rank(view: View) -> bool:
    one, other = view.shape(0), view.shape(1)
    return one != other and max(len(one), len(other)) > _IMAGES


def _shapes(view: View) -> list[tuple[int, ...]]:
    return [view.shape(position) for position in range(len(view.inputs))]


def _constants(view: View) -> list[TensorInfo]:
    return [each for each in view.inputs if each is not None and each.is_constant]


def _size(tensor: TensorInfo) -> int:
    return math.prod(tensor.shape)


def _turns_channels(view: View) -> bool:
    axes, last = view.input(1), len(view.shape(0)) - 1
    if axes is None or axes.stored is None or axes.dtype != "int32" or last < 0:
        return False
    turned = {int(axis) % (last + 1) for axis in np.frombuffer(axes.stored, np.int32)}
    channels = view.shape(0)[last]
    return last > 0 and last in turned and channels > 4 and channels % 4 != 0


def _has_unequal_batches(view: View) -> bool:
    return view.shape(0)[:-2] != view.shape(1)[:-2]


def _two_computed(view: View) -> bool:
    return not any(tensor is None or tensor.is_constant for tensor in view.inputs[:2])


def _ranks_differ(view: View) -> bool:
    return len(view.shape(0)) != len(view.shape(1))


def _has_constants_beside_rows(view: View) -> bool:
    """Whether numbers of the file meet several examples that are no images, each its own."""
    constants = _constants(view)
    data = [each for each in view.inputs[:2] if each is not None and not each.is_constant]
    if not constants or not data or constants[0].shape == ():
        return False
    shape, rank = data[0].shape, len(data[0].shape)
    own = rank < _IMAGES - 1 or (rank == len(constants[0].shape) and constants[0].shape[0] > 1)
    return 0 < rank < _IMAGES and shape[0] > 1 and own


def _is_repeated(view: View, axes: tuple[int, ...]) -> bool:
    """Whether one of two images has length 1 along an axis where the other is longer."""
    one, other = view.shape(0), view.shape(1)
    return len(one) == len(other) == _IMAGES and any(one[axis] != other[axis] for axis in axes)


def _has_several_images(view: View) -> bool:
    tensors = (*view.inputs, *view.outputs)
    return any(
        tensor is not None
        and not tensor.is_constant
        and len(tensor.shape) == _IMAGES
        and tensor.shape[0] > 1
        for tensor in tensors
    )


def _goes_backwards(view: View) -> bool:
    strides = view.input(3)
    if strides is None or strides.stored is None or strides.dtype not in ("int32", "int64"):
        return False
    return bool((np.frombuffer(strides.stored, strides.dtype) < 0).any())


_TRAITS: Mapping[str, Condition] = {
    "groups of 4, 8, 12 or more channels": lambda view: (
        view.operator.name == "CONV_2D" and is_grouped(view) and view.shape(1)[3] % 4 == 0
    ),
    "groups of few or odd filters": lambda view: (
        view.operator.name == "CONV_2D" and is_grouped(view) and _filters_of_a_group(view) % 4 != 0
    ),
    "groups of few or odd channels": lambda view: (
        view.operator.name == "CONV_2D" and is_grouped(view) and view.shape(1)[3] % 4 != 0
    ),
    "a 1x1 kernel and a stride": lambda view: (
        view.operator.name == "CONV_2D" and _kernel(view) == (1, 1) and _strides(view) != (1, 1)
    ),
    "a 1x1 kernel and a depth multiplier": lambda view: (
        view.operator.name == "DEPTHWISE_CONV_2D"
        and _kernel(view) == (1, 1)
        and view.option("depth_multiplier") not in (None, 1)
    ),
    "SAME padding and a stride wider than the kernel": lambda view: (
        view.operator.name in _SLIDING
        and view.option("padding") == "SAME"
        and _has_wide_stride(view)
    ),
    "operands of unequal shapes": _both(
        _of("ATAN2", "SELECT_V2"), lambda view: len(set(_shapes(view))) > 1
    ),
    "operands of unequal ranks": _both(
        _of("ATAN2", "SELECT_V2"), lambda view: len(set(map(len, _shapes(view)))) > 1
    ),
    "a constant of a single number": _both(
        _of("LOGICAL_AND", "LOGICAL_OR"), lambda view: 1 in map(_size, _constants(view))
    ),
    "a constant of lower rank": _both(
        _of("LOGICAL_AND", "LOGICAL_OR"),
        lambda view: bool(_constants(view)) and _ranks_differ(view),
    ),
    "an operand repeated at rank 5 or more": _both(_of(*_PAIRS), _is_repeated_at_high_rank),
    "unequal batches": _both(_of("BATCH_MATMUL"), _has_unequal_batches),
    "unequal batches and a transposed first operand": _both(
        _of("BATCH_MATMUL"),
        lambda view: _has_unequal_batches(view) and bool(view.option("adj_x")),
    ),
    "a transposed first operand": _both(
        _of("BATCH_MATMUL"), lambda view: bool(view.option("adj_x"))
    ),
    "data without a batch axis": _both(
        _of("FULLY_CONNECTED"), lambda view: len(view.shape(0)) == 1
    ),
    "data of rank 3 or more": _both(_of("TOPK_V2"), lambda view: len(view.shape(0)) > 2),
    "data of rank 3 or more that are flattened": _both(
        _of("FULLY_CONNECTED"),
        lambda view: len(view.shape(0)) > 2 and not view.option("keep_num_dims"),
    ),
    "64-bit indices": _both(_of("GATHER"), lambda view: view.type(1) == "int64"),
    "a beta other than 1": _both(_of("SOFTMAX"), lambda view: view.option("beta") != 1.0),
    "an activation of whole numbers": lambda view: (
        view.type(0) in ("int32", "int64")
        and view.option("fused_activation_function") not in (None, "NONE")
    ),
    "a transposed second operand": _both(
        _of("BATCH_MATMUL"), lambda view: bool(view.option("adj_y"))
    ),
    "more than 4 channels, and an odd number of them, turned round": _both(
        _of("REVERSE_V2"), _turns_channels
    ),
    "images added by padding": _both(
        _of("PAD", "PADV2", "MIRROR_PAD"),
        lambda view: view.shape(0)[:1] != (view.outputs[0].shape[:1] if view.outputs[0] else ()),
    ),
    "slopes along a series": _both(
        _of("PRELU"),
        lambda view: len(view.shape(0)) == _IMAGES - 1 and view.shape(1)[:-1] not in ((), (1,)),
    ),
    "SYMMETRIC mode": _both(_of("MIRROR_PAD"), lambda view: view.option("mode") == "SYMMETRIC"),
    "an exclusive sum": _both(_of("CUMSUM"), lambda view: bool(view.option("exclusive"))),
    "an axis taken away": lambda view: bool(
        view.operator.name == "STRIDED_SLICE" and view.option("shrink_axis_mask")
    ),
    "a new axis": lambda view: bool(
        view.operator.name == "STRIDED_SLICE" and view.option("new_axis_mask")
    ),
    "a negative stride": _both(_of("STRIDED_SLICE"), _goes_backwards),
    "one index alone": _both(_of("GATHER"), lambda view: view.shape(1) == ()),
    "a matrix of indices": _both(_of("GATHER"), lambda view: len(view.shape(1)) > 1),
    "a computed number alone": _both(
        _of(*_PAIRS), lambda view: _two_computed(view) and () in (view.shape(0), view.shape(1))
    ),
    "constants beside several rows": _both(_of(*_PAIRS), _has_constants_beside_rows),
    "a computed operand of lower rank": _both(
        _of(*_PAIRS), lambda view: _two_computed(view) and _ranks_differ(view)
    ),
    "a computed operand repeated over the image": _both(
        _of(*_PAIRS), lambda view: _two_computed(view) and _is_repeated(view, (1, 2))
    ),
    "a computed operand repeated over channels": _both(
        _of(*_PAIRS), lambda view: _two_computed(view) and _is_repeated(view, (3,))
    ),
    "several images": _has_several_images,
    **SCALE_TRAITS,
}

DOUBTFUL = {*SCALE_TRAITS, "an operand repeated at rank 5 or more"}
"""Traits that no converter writes; what was not measured with one is unknown on CPUs too."""

REMEDIES: Mapping[str, str] = {
    "a 1x1 kernel and a stride": (
        "Put AveragePooling2D before it and leave the stride out, or use a kernel of 2x2 or more."
    ),
    "a matrix of indices": "Flatten the indices before the look-up, and reshape what it gives.",
    "an axis taken away": "Slice a range of one, as x[:, 0:1], and reshape it.",
    "unequal batches": "Repeat the side that has fewer (keras.ops.repeat) before the product.",
    "several images": "Convert it with a batch of 1.",
    HANDED_THROUGH: "Let the program around it keep that input.",
}
"""What to do about some traits where a runtime refuses them; about others, see the runtime."""
