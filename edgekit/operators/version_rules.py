"""Which features of an operator ask for which version of it; read by `edgekit.operators.versions`.

Source: op_version.cc and op_signature.cc in
https://github.com/google-ai-edge/LiteRT/tree/main/tflite/converter/tools/versioning (2026).
Two conditions differ, because tflite-runtime 2.14 was seen to answer rightly: 16-bit activations
with 8-bit weights need what 16-bit weights need, and naming the type of their bias asks for a newer
version only if it is not the int64 it always was.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.operators.conditions import (
    Condition,
    both_are,
    broadcast_over,
    every,
    has_narrow_bias,
    has_several_scales,
    has_sparse_weights,
    input_is,
    is_grouped,
    is_per_channel,
    is_quantized,
    negated,
    option_is,
    option_is_not,
    output_is_per_channel,
    product_grows,
    rank_over,
    weights_are,
)

Rules = tuple[tuple[int, Condition], ...]


_HYBRID = weights_are("float32", "int8")
_INT8 = input_is(0, "int8")
_INT16 = input_is(0, "int16")
_INT8_2: Rules = ((2, _INT8),)
_INT8_2_INT16_3: Rules = ((2, _INT8), (3, _INT16))
_SMALL_2: Rules = ((2, input_is(0, "int8", "int16")),)
_POOL: Rules = ((2, _INT8), (3, both_are("int16")))
_RELU: Rules = ((2, input_is(0, "int8", "uint8")), (3, _INT16))
_PAD: Rules = ((2, _INT8), (3, _INT16), (4, rank_over(4)), (5, input_is(0, "bool")))
_EXTREMUM: Rules = ((2, _INT8), (3, broadcast_over(4)), (4, both_are("int16")))
_BLOCKS: Rules = (
    (2, _INT8),
    (3, lambda view: len(view.shape(0)) != 4),
    (4, _INT16),
)


def _lstm(activations: str, weights: str) -> Condition:
    expected = (activations, weights, activations)
    return lambda view: (view.type(0), view.type(2), view.output) == expected


def _recurrent(hybrid: Condition) -> Rules:
    return ((2, hybrid), (3, every(hybrid, option_is("asymmetric_quantize_inputs"))))


_RNN = _recurrent(lambda view: view.type(1) == "int8" and view.output == "float32")
_LSTM_HYBRID = _lstm("float32", "int8")
_LSTM_INT16 = _lstm("int16", "int8")
_FULL_LSTM = option_is("kernel_type", "FULL")

RULES: Mapping[str, Rules] = {
    "ABS": (
        (2, input_is(0, "int8", "uint8")),
        (3, every(_INT16, is_quantized(0))),
        (4, every(_INT16, negated(is_quantized(0)))),
        (5, input_is(0, "int32")),
    ),
    "ADD": (
        (2, _INT8),
        (3, every(both_are("int16"), option_is("pot_scale_int16", False))),
        (4, input_is(0, "int64")),
        (5, every(_INT16, negated(is_quantized(0)))),
    ),
    "ARG_MAX": ((2, _INT8), (3, input_is(0, "bool"))),
    "ARG_MIN": ((2, _INT8), (3, input_is(0, "bool"))),
    "AVERAGE_POOL_2D": _POOL,
    "BATCH_MATMUL": (
        (2, _INT8),
        (3, _INT16),
        (4, every(_HYBRID, option_is("asymmetric_quantize_inputs"))),
    ),
    "BATCH_TO_SPACE_ND": _BLOCKS,
    "BIDIRECTIONAL_SEQUENCE_LSTM": _RNN,
    "BIDIRECTIONAL_SEQUENCE_RNN": _RNN,
    "BROADCAST_TO": ((3, input_is(0, "int8", "int16")),),
    "CAST": (
        (2, lambda view: "uint32" in (view.type(0), view.output)),
        (3, lambda view: "int8" in (view.type(0), view.output)),
        (4, lambda view: "uint16" in (view.type(0), view.output)),
        (5, lambda view: "float64" in (view.type(0), view.output)),
    ),
    "CONCATENATION": ((2, _INT8), (3, _INT16), (4, input_is(0, "uint32"))),
    "CONV_2D": (
        (2, _HYBRID),
        (3, weights_are("int8", "int8")),
        (4, _INT16),
        (5, every(_HYBRID, is_per_channel(1, 0))),
        (6, is_grouped),
        (8, has_narrow_bias),
    ),
    "DEPTHWISE_CONV_2D": (
        (2, option_is_not("dilation_w_factor", 1)),
        (2, option_is_not("dilation_h_factor", 1)),
        (3, weights_are("int8", "int8")),
        (4, _HYBRID),
        (5, _INT16),
        (6, every(_HYBRID, is_per_channel(1, 3))),
    ),
    "DEPTH_TO_SPACE": _INT8_2,
    "DEQUANTIZE": ((2, _INT8), (3, _INT16), (5, every(_INT8, has_several_scales(0)))),
    "DIV": ((2, broadcast_over(4)),),
    "DYNAMIC_UPDATE_SLICE": ((2, input_is(2, "int64")), (4, _INT16)),
    "EMBEDDING_LOOKUP": ((4, is_per_channel(1, 0)),),
    "EQUAL": ((2, _INT8), (3, input_is(0, "string")), (5, _INT16)),
    "EXP": _SMALL_2,
    "FAKE_QUANT": ((2, option_is("narrow_range")),),
    "FILL": ((2, input_is(1, "bool", "string")), (3, input_is(1, "int8", "int16"))),
    "FLOOR_DIV": ((2, input_is(0, "float32")), (3, input_is(0, "int8", "int16"))),
    "FLOOR_MOD": _SMALL_2,
    "FULLY_CONNECTED": (
        (2, option_is("weights_format", "SHUFFLED4x16INT8")),
        (3, _HYBRID),
        (4, weights_are("int8", "int8")),
        (5, option_is("keep_num_dims")),
        (6, lambda view: len(view.inputs) == 2),
        (7, _INT16),
        (8, has_sparse_weights),
        (9, every(_HYBRID, option_is("asymmetric_quantize_inputs"))),
        (11, has_narrow_bias),
        (12, every(_HYBRID, is_per_channel(1, 0))),
    ),
    "GATHER": (
        (2, _INT8),
        (3, input_is(0, "bool")),
        (4, _INT16),
        (5, option_is("batch_dims")),
        (6, input_is(1, "int16")),
    ),
    "GATHER_ND": (
        (2, input_is(0, "string")),
        (3, _INT16),
        (4, input_is(1, "int16")),
        (5, input_is(0, "bool")),
    ),
    "GELU": ((2, input_is(0, "int8", "uint8")),),
    "GREATER": _INT8_2,
    "GREATER_EQUAL": _INT8_2_INT16_3,
    "L2_NORMALIZATION": ((2, lambda view: view.output == "int8"),),
    "LEAKY_RELU": ((2, _INT16),),
    "LESS": _INT8_2_INT16_3,
    "LESS_EQUAL": _INT8_2,
    "LOG": _SMALL_2,
    "LOGISTIC": ((2, _INT8), (3, both_are("int16"))),
    "LOG_SOFTMAX": _INT8_2,
    "LSTM": (
        (2, option_is("kernel_type", "BASIC")),
        (3, every(_FULL_LSTM, _LSTM_HYBRID)),
        (4, every(_FULL_LSTM, _LSTM_HYBRID, option_is("asymmetric_quantize_inputs"))),
        (5, every(_FULL_LSTM, _LSTM_INT16)),
    ),
    "MAXIMUM": _EXTREMUM,
    "MAX_POOL_2D": _POOL,
    "MEAN": _INT8_2_INT16_3,
    "MINIMUM": _EXTREMUM,
    "MIRROR_PAD": _INT8_2_INT16_3,
    "MUL": (
        (2, _INT8),
        (3, every(negated(_INT16), product_grows)),
        (4, _INT16),
        (5, input_is(0, "int64")),
        (6, input_is(0, "complex64")),
        (7, every(_INT16, negated(is_quantized(0)), negated(is_quantized(1)))),
        (7, input_is(0, "uint32")),
    ),
    "NOT_EQUAL": ((2, _INT8), (3, input_is(0, "string")), (4, _INT16)),
    "PACK": ((2, _INT8), (3, both_are("int16")), (4, input_is(0, "uint32"))),
    "PAD": _PAD,
    "PADV2": _PAD,
    "QUANTIZE": ((2, lambda view: view.output == "int16"), (3, output_is_per_channel)),
    "RANGE": ((2, input_is(0, "int64")),),
    "REDUCE_MAX": _INT8_2_INT16_3,
    "REDUCE_MIN": _INT8_2_INT16_3,
    "REDUCE_PROD": _SMALL_2,
    "RELU": _RELU,
    "RELU6": _INT8_2_INT16_3,
    "RESIZE_BILINEAR": ((2, _INT8), (3, option_is("half_pixel_centers")), (4, _INT16)),
    "RESIZE_NEAREST_NEIGHBOR": (
        (2, _INT8),
        (3, option_is("half_pixel_centers")),
        (3, option_is("align_corners")),
        (4, _INT16),
    ),
    "REVERSE_V2": ((2, input_is(0, "bool")), (3, _INT8)),
    "RNN": _RNN,
    "RSQRT": _INT8_2_INT16_3,
    "SELECT": (
        (2, _INT8),
        (3, lambda view: any(len(view.shape(i)) == 5 for i in range(3))),
        (4, input_is(0, "uint32")),
    ),
    "SELECT_V2": ((2, input_is(0, "uint32")),),
    "SIGN": ((2, input_is(0, "int32")),),
    "SLICE": (
        (2, _INT8),
        (3, input_is(0, "string")),
        (4, _INT16),
        (5, rank_over(4)),
        (6, input_is(0, "uint32")),
    ),
    "SOFTMAX": _INT8_2_INT16_3,
    "SPACE_TO_BATCH_ND": _BLOCKS,
    "SPACE_TO_DEPTH": _INT8_2,
    "SPARSE_TO_DENSE": ((2, input_is(2, "int64")), (3, input_is(2, "int8", "uint8"))),
    "SPLIT": ((2, input_is(1, "int8")), (3, input_is(1, "int32")), (4, input_is(1, "int16"))),
    "SPLIT_V": _INT8_2,
    "SQRT": _SMALL_2,
    "SQUARED_DIFFERENCE": _INT8_2,
    "SQUEEZE": ((2, input_is(0, "string")),),
    "STRIDED_SLICE": (
        (2, _INT8),
        (3, input_is(0, "bool")),
        (4, rank_over(4)),
        (5, input_is(0, "string")),
        (6, option_is_not("ellipsis_mask", 0)),
        (6, option_is_not("new_axis_mask", 0)),
        (7, input_is(0, "uint32")),
        (8, option_is("offset")),
    ),
    "SUB": (
        (2, _INT8),
        (3, broadcast_over(4)),
        (4, input_is(0, "int64")),
        (5, every(both_are("int16"), option_is("pot_scale_int16", False))),
    ),
    "SUM": _INT8_2,
    "SVDF": (
        (2, _HYBRID),
        (3, _INT8),
        (4, every(_HYBRID, option_is("asymmetric_quantize_inputs"))),
    ),
    "TANH": ((2, _INT8), (3, both_are("int16"))),
    "TILE": ((2, input_is(0, "string")), (3, _INT8)),
    "TOPK_V2": ((2, _INT8), (3, _INT16)),
    "TRANSPOSE": (
        (2, _INT8),
        (3, input_is(0, "bool")),
        (4, rank_over(4)),
        (5, _INT16),
        (6, rank_over(5)),
        (8, rank_over(6)),
    ),
    "TRANSPOSE_CONV": (
        (2, input_is(1, "int8")),
        (3, lambda view: view.input(3) is not None),
        (4, option_is_not("fused_activation_function", "NONE")),
        (5, has_narrow_bias),
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        (2, _LSTM_HYBRID),
        (3, every(_LSTM_HYBRID, option_is("asymmetric_quantize_inputs"))),
        (4, option_is("diagonal_recurrent_tensors")),
        (5, _LSTM_INT16),
    ),
    "UNIDIRECTIONAL_SEQUENCE_RNN": _RNN,
    "UNPACK": ((2, input_is(0, "int8", "uint8")), (3, input_is(0, "bool")), (4, both_are("int16"))),
    "WHERE": ((2, negated(input_is(0, "bool"))),),
}
"""Operator -> version and the condition that asks for it. Operators without features need 1."""
