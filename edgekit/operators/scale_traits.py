"""What is special about the scales and zero points of an operator's integers."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.operators.conditions import Condition, View
from edgekit.tflite.model import TensorInfo

FIXED_SCALES: Mapping[str, float] = {
    "L2_NORMALIZATION": 1 / 128,
    "LOGISTIC": 1 / 256,
    "LOG_SOFTMAX": 16 / 256,
    "SOFTMAX": 1 / 256,
    "TANH": 1 / 128,
}
"""Scale that converters give the 8-bit output of an operator whose range is known."""

FIXED_SCALE_16_BITS = 1 / 32768
"""The same for 16 bits; L2_NORMALIZATION and LOG_SOFTMAX are not written so."""

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
"""Operators whose second input are weights."""

ARITHMETIC = (
    *("ADD", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "ELU"),
    *("FULLY_CONNECTED", "GELU", "HARD_SWISH", "L2_NORMALIZATION", "LEAKY_RELU", "LOGISTIC"),
    *("LOG_SOFTMAX", "MEAN", "MUL", "PRELU", "REDUCE_PROD", "RELU", "RELU6", "RSQRT", "SOFTMAX"),
    *("SQUARED_DIFFERENCE", "SUB", "SUM", "TANH", "TRANSPOSE_CONV"),
)
"""Operators that compute with the numbers for which integers stand."""

MOVES_VALUES = (
    *("BATCH_TO_SPACE_ND", "CONCATENATION", "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER"),
    *("GATHER_ND", "MAX_POOL_2D", "MIRROR_PAD", "PACK", "PAD", "PADV2", "REDUCE_MAX"),
    *("REDUCE_MIN", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2"),
    *("SELECT_V2", "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUEEZE"),
    *("STRIDED_SLICE", "TILE", "TOPK_V2", "TRANSPOSE", "UNPACK", "AVERAGE_POOL_2D", "MAXIMUM"),
    *("MINIMUM", "BROADCAST_TO"),
)
"""Operators whose integers usually stand for the same numbers before and after."""

_BYTES = ("int8", "uint8")
_INTEGERS = (*_BYTES, "int16")


def _data(view: View) -> list[TensorInfo]:
    """Return all tensors of an operator that are there."""
    return [tensor for tensor in (*view.inputs, *view.outputs) if tensor is not None]


def has_other_scale(view: View) -> bool:
    """Whether an output's scale is not the one that its operator always has."""
    output = view.outputs[0] if view.outputs else None
    fixed = FIXED_SCALES.get(view.operator.name)
    if fixed is None or output is None or len(output.scales) != 1:
        return False
    if output.dtype not in _INTEGERS:
        return False
    wanted = FIXED_SCALE_16_BITS if output.dtype == "int16" else fixed
    return abs(output.scales[0] / wanted - 1) > 1e-3


def changes_scale(view: View) -> bool:
    """Whether integers stand for other numbers after than before, though they are only moved.

    Sums are asked too: in 16 bits kernels only move them, as it were.
    """
    scaled = [
        (tensor.scales[0], tensor.zero_points[0])
        for tensor in _data(view)
        if len(tensor.scales) == 1 and tensor.dtype in _INTEGERS
    ]
    return view.operator.name in (*MOVES_VALUES, "SUM") and len(set(scaled)) > 1


def _is_weighted(view: View) -> bool:
    return view.operator.name in WEIGHTED


def _weights_are_moved(view: View) -> bool:
    weights = view.input(1)
    return (
        _is_weighted(view)
        and weights is not None
        and weights.dtype == "int8"
        and any(weights.zero_points)
    )


def _data_are_moved(view: View) -> bool:
    return any(tensor.dtype == "int16" and any(tensor.zero_points) for tensor in _data(view))


def _data_lack_scales(view: View) -> bool:
    data = (view.input(0), *view.outputs)
    return view.operator.name in ARITHMETIC and any(
        tensor is not None and tensor.dtype in _BYTES and not any(tensor.scales) for tensor in data
    )


def _weights_lack_scales(view: View) -> bool:
    data, weights = view.input(0), view.input(1)
    quantized = data is not None and bool(data.scales)
    return (
        _is_weighted(view)
        and weights is not None
        and weights.dtype == "int8"
        and quantized
        and not weights.scales
    )


def _weights_share_a_scale(view: View) -> bool:
    """Whether 8-bit weights of a depthwise layer of float data have no scale for each channel."""
    weights = view.input(1)
    return (
        view.operator.name == "DEPTHWISE_CONV_2D"
        and view.type(0) == "float32"
        and weights is not None
        and weights.dtype == "int8"
        and len(weights.scales) == 1 < weights.shape[-1]
    )


def _rows_have_scales(view: View) -> bool:
    """Whether a dense layer of 16-bit series, with a bias, has a scale for each row of weights."""
    weights = view.input(1)
    return (
        view.operator.name == "FULLY_CONNECTED"
        and view.type(0) == "int16"
        and bool(view.option("keep_num_dims"))
        and len(view.shape(0)) > _ROWS
        and view.input(2) is not None
        and weights is not None
        and len(weights.scales) > 1
    )


def _is_deep_softmax(view: View) -> bool:
    return (
        view.operator.name == "SOFTMAX" and view.type(0) == "int16" and len(view.shape(0)) > _IMAGES
    )


_ROWS, _IMAGES = 2, 4
"""Ranks of rows, and of images."""

SCALE_TRAITS: Mapping[str, Condition] = {
    "an output scale of its own": has_other_scale,
    "another scale after than before": changes_scale,
    "a zero point of weights": _weights_are_moved,
    "a zero point of 16-bit data": _data_are_moved,
    "weights without a scale": _weights_lack_scales,
    "a scale for each row, in a layer of series": _rows_have_scales,
    "16-bit data of rank 5 or more": _is_deep_softmax,
    "one scale for all channels": _weights_share_a_scale,
    "integers without a scale": _data_lack_scales,
}
"""Names as in `edgekit.operators.traits`."""
