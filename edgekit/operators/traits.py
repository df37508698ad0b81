"""What is special about an operator, beyond its types and its rank, and may stop a runtime.

Each trait has a name that completes "With ..." and is measured for itself, by types.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit.operators.conditions import Condition, View, is_grouped, view_of
from edgekit.tflite.model import Model, Operator, Subgraph

HANDED_THROUGH = "an input that is an output"
"""A trait of a whole file."""

_IMAGES = 4
"""Rank at which the first axis is that of several images."""

FIXED_SCALES: Mapping[str, float] = {
    "L2_NORMALIZATION": 1 / 128,
    "LOGISTIC": 1 / 256,
    "LOG_SOFTMAX": 16 / 256,
    "SOFTMAX": 1 / 256,
    "TANH": 1 / 128,
}
"""Scale that converters give the 8-bit output of an operator whose range is known."""

_SLIDING = ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D")
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
"""Operators whose second input are weights."""

_PAIRS = (
    *("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "POW", "SQUARED_DIFFERENCE", "SUB"),
    *("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"),
)
"""Operators of two operands, one of which may be repeated."""

ARITHMETIC = (
    *("ADD", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "ELU"),
    *("FULLY_CONNECTED", "GELU", "HARD_SWISH", "L2_NORMALIZATION", "LEAKY_RELU", "LOGISTIC"),
    *("LOG_SOFTMAX", "MEAN", "MUL", "PRELU", "REDUCE_PROD", "RELU", "RELU6", "RSQRT", "SOFTMAX"),
    *("SQUARED_DIFFERENCE", "SUB", "SUM", "TANH", "TRANSPOSE_CONV"),
)
"""Operators that compute with the numbers for which integers stand."""

MOVES_VALUES = (
    *("BATCH_TO_SPACE_ND", "CONCATENATION", "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER"),
    *("GATHER_ND", "MAX_POOL_2D", "MIRROR_PAD", "PACK", "PAD", "PADV2", "RESHAPE"),
    *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SLICE", "SPACE_TO_BATCH_ND"),
    *("SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TILE", "TRANSPOSE"),
    *("UNPACK", "AVERAGE_POOL_2D", "MAXIMUM", "MINIMUM", "BROADCAST_TO"),
)
"""Operators whose integers usually stand for the same numbers before and after."""


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


def _strides(view: View) -> tuple[int, ...]:
    return _pair(view, "stride_h", "stride_w")


def _pair(view: View, *names: str) -> tuple[int, ...]:
    values = (view.option(name) for name in names)
    return tuple(value if isinstance(value, int) else 1 for value in values)


def _has_wide_stride(view: View) -> bool:
    """Whether some of the input is never read; with SAME, a part of it is cut off."""
    kernel = _kernel(view)
    return kernel != (1, 1) and any(s > k for s, k in zip(_strides(view), kernel, strict=False))


def _has_unequal_batches(view: View) -> bool:
    return view.shape(0)[:-2] != view.shape(1)[:-2]


def _two_computed(view: View) -> bool:
    return not any(tensor is None or tensor.is_constant for tensor in view.inputs[:2])


def _ranks_differ(view: View) -> bool:
    return len(view.shape(0)) != len(view.shape(1))


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


def _has_other_scale(view: View) -> bool:
    output = view.outputs[0] if view.outputs else None
    if output is None or output.dtype not in ("int8", "uint8") or len(output.scales) != 1:
        return False
    fixed = FIXED_SCALES[view.operator.name]
    return abs(output.scales[0] / fixed - 1) > 1e-3


def _changes_scale(view: View) -> bool:
    """Whether integers stand for other numbers after than before, though they are only moved."""
    scaled = [
        (tensor.scales[0], tensor.zero_points[0])
        for tensor in (*view.inputs, *view.outputs)
        if tensor is not None and len(tensor.scales) == 1 and tensor.dtype in _INTEGERS
    ]
    return len(set(scaled)) > 1


_INTEGERS = ("int8", "uint8", "int16")


def _weights_are_moved(view: View) -> bool:
    weights = view.input(1)
    return weights is not None and weights.dtype == "int8" and any(weights.zero_points)


def _data_lack_scales(view: View) -> bool:
    data = (view.input(0), *view.outputs)
    return any(
        tensor is not None and tensor.dtype in ("int8", "uint8") and not any(tensor.scales)
        for tensor in data
    )


def _weights_lack_scales(view: View) -> bool:
    data, weights = view.input(0), view.input(1)
    quantized = data is not None and bool(data.scales)
    return weights is not None and weights.dtype == "int8" and quantized and not weights.scales


_TRAITS: Mapping[str, Condition] = {
    "groups of 4, 8, 12 or more channels": lambda view: (
        view.operator.name == "CONV_2D" and is_grouped(view) and view.shape(1)[3] % 4 == 0
    ),
    "groups of few or odd channels": lambda view: (
        view.operator.name == "CONV_2D" and is_grouped(view) and view.shape(1)[3] % 4 != 0
    ),
    "a 1x1 kernel and a stride": lambda view: (
        view.operator.name == "CONV_2D" and _kernel(view) == (1, 1) and _strides(view) != (1, 1)
    ),
    "SAME padding and a stride wider than the kernel": lambda view: (
        view.operator.name in _SLIDING
        and view.option("padding") == "SAME"
        and _has_wide_stride(view)
    ),
    "unequal batches": _both(_of("BATCH_MATMUL"), _has_unequal_batches),
    "an axis taken away": lambda view: bool(
        view.operator.name == "STRIDED_SLICE" and view.option("shrink_axis_mask")
    ),
    "a new axis": lambda view: bool(
        view.operator.name == "STRIDED_SLICE" and view.option("new_axis_mask")
    ),
    "a negative stride": _both(_of("STRIDED_SLICE"), _goes_backwards),
    "one index alone": _both(_of("GATHER"), lambda view: view.shape(1) == ()),
    "a matrix of indices": _both(_of("GATHER"), lambda view: len(view.shape(1)) > 1),
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
    "an output scale of its own": _both(_of(*FIXED_SCALES), _has_other_scale),
    "another scale after than before": _both(_of(*MOVES_VALUES), _changes_scale),
    "a zero point of weights": _both(_of(*WEIGHTED), _weights_are_moved),
    "weights without a scale": _both(_of(*WEIGHTED), _weights_lack_scales),
    "integers without a scale": _both(_of(*ARITHMETIC), _data_lack_scales),
}

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
