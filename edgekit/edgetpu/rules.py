"""Which single operators the Edge TPU compiler maps: the tables, types and ranks it accepts.

`judge` looks at one operator alone; `edgekit.edgetpu.partition` judges the whole graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from edgekit.edgetpu.evidence import (
    OBSERVED,
    RECALLED,
    REQUIREMENTS,
    TABLE_2019,
    TABLE_2021,
    issue,
    no,
    yes,
)
from edgekit.edgetpu.facts import OperatorFacts, Ruling
from edgekit.edgetpu.limits import (
    Limit,
    alpha_per_channel,
    any_transpose,
    axes_not_batch,
    broadcasting_tile,
    constant_parameters,
    default_weights_format,
    depth_multiple_of_4,
    leading_ones,
    no_fused_activation,
    one_dimensional_output,
    one_dimensional_softmax,
    pack_not_batch,
    pad_not_batch,
    runtime_14,
    same_dilation,
    split_not_batch,
    sum_axes_not_batch,
    unit_strides,
    zero_padding_only,
)
from edgekit.edgetpu.resize import known_resize
from edgekit.operators.versions import release_with

COMPILED = "CUSTOM:edgetpu-custom-op"
"""What the compiler puts in place of the operators it maps."""

KNOWN_CUSTOM: Mapping[str, str] = {
    "CUSTOM:TFLite_Detection_PostProcess": f"{TABLE_2021}; {issue(515)}",
    "CUSTOM:PosenetDecoderOp": f"{TABLE_2021}; {OBSERVED}",
}
"""Custom operators the compiler leaves on the CPU; any other makes it refuse the model."""

_OPERATORS: Mapping[str, tuple[str, tuple[Limit, ...]]] = {
    "ADD": (TABLE_2021, ()),
    "AVERAGE_POOL_2D": (TABLE_2021, (no_fused_activation,)),
    "CONCATENATION": (TABLE_2021, (no_fused_activation, zero_padding_only)),
    "CONV_2D": (TABLE_2021, (constant_parameters, same_dilation)),
    "DEPTHWISE_CONV_2D": (TABLE_2021, (constant_parameters, same_dilation)),
    "EXPAND_DIMS": (TABLE_2021, ()),
    "FULLY_CONNECTED": (
        TABLE_2021,
        (constant_parameters, default_weights_format, one_dimensional_output),
    ),
    "L2_NORMALIZATION": (TABLE_2021, ()),
    "LOGISTIC": (TABLE_2021, ()),
    "LSTM": (TABLE_2021, ()),
    "MAXIMUM": (TABLE_2021, ()),
    "MAX_POOL_2D": (TABLE_2021, (no_fused_activation,)),
    "MEAN": (TABLE_2021, (axes_not_batch, depth_multiple_of_4)),
    "MINIMUM": (TABLE_2021, ()),
    "MUL": (TABLE_2021, ()),
    "PACK": (TABLE_2021, (pack_not_batch,)),
    "PAD": (TABLE_2021, (pad_not_batch,)),
    "PRELU": (TABLE_2021, (alpha_per_channel,)),
    "QUANTIZE": (TABLE_2021, ()),
    "REDUCE_MAX": (TABLE_2021, (axes_not_batch, runtime_14)),
    "REDUCE_MIN": (TABLE_2021, (axes_not_batch, runtime_14)),
    "RELU": (TABLE_2021, ()),
    "RELU6": (TABLE_2021, ()),
    "RELU_N1_TO_1": (TABLE_2021, ()),
    "RESHAPE": (TABLE_2021, ()),
    "RESIZE_BILINEAR": (TABLE_2021, (known_resize,)),
    "RESIZE_NEAREST_NEIGHBOR": (TABLE_2021, (known_resize,)),
    "RSQRT": (RECALLED, (runtime_14,)),
    "SLICE": (TABLE_2019, ()),
    "SOFTMAX": (TABLE_2019, (one_dimensional_softmax,)),
    "SPACE_TO_DEPTH": (TABLE_2019, ()),
    "SPLIT": (TABLE_2019, (split_not_batch,)),
    "SQUARED_DIFFERENCE": (RECALLED, (runtime_14,)),
    "SQUEEZE": (TABLE_2019, (leading_ones,)),
    "STRIDED_SLICE": (TABLE_2019, (unit_strides,)),
    "SUB": (TABLE_2021, ()),
    "SUM": (TABLE_2021, (sum_axes_not_batch,)),
    "TANH": (TABLE_2021, ()),
    "TILE": (OBSERVED, (broadcasting_tile,)),
    "TRANSPOSE": (RECALLED, (any_transpose,)),
    "TRANSPOSE_CONV": (TABLE_2021, (constant_parameters,)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (TABLE_2021, ()),
}
"""Operator -> where it is said to be supported, and its limits."""

_FIXES: Mapping[str, str] = {
    "ARG_MAX": "End the model before it and take the argmax on the host.",
    "BIDIRECTIONAL_SEQUENCE_LSTM": "Use unidirectional LSTMs.",
    "CAST": "Give the model 8-bit inputs, so that it needs no cast.",
    "DEQUANTIZE": "At the end: convert with int8 outputs. Inside: replace the float operators.",
    "DIV": "Multiply by the inverse.",
    "ELU": "Use ReLU, ReLU6, or PReLU(shared_axes=[1, 2]).",
    "GELU": "Use ReLU or ReLU6.",
    "HARD_SWISH": "Use ReLU6, as MobileNetV3 does with minimalistic=True.",
    "LEAKY_RELU": "Use ReLU, ReLU6, or PReLU(shared_axes=[1, 2]).",
    "WHILE": "Use an LSTM, or unroll the loop: convert with --recurrent fast.",
}
_SEEN_ON_CPU: Mapping[str, int] = {"HARD_SWISH": 353, "LEAKY_RELU": 272, "ELU": 508}
_NEWEST = (2, 6, 0)
"""The TFLite release the compiler is taken to know. Inferred: compiler 16 was built in mid 2021,
and was reported to refuse CONV_2D 6, QUANTIZE 3, TRANSPOSE_CONV 4 and EXP 2, all from later on."""

_VERSIONS = range(1, 33)
_MOVE_FIX = "Replace it by supported operators, or move it to the very end of the model."


def judge(op: OperatorFacts) -> Ruling:
    """Judge an operator as if the graph around it did not matter.

    Returns:
        "yes" with the table it stands in; "no" with the reason, its source and a remedy; or
        "unknown" where nothing known decides it.
    """
    if op.name == COMPILED:
        return yes(OBSERVED, "already compiled for the Edge TPU")
    if op.name not in _OPERATORS:
        return _unsupported(op)
    if not op.outputs or not op.inputs:
        return no("it has no input or no output", TABLE_2021, "Convert the model again.")
    source, limits = _OPERATORS[op.name]
    rulings = [ruling for limit in (_type, *limits, _rank) if (ruling := limit(op))]
    for verdict in ("no", "unknown", "yes"):
        for ruling in rulings:
            if ruling.verdict == verdict:
                return ruling
    return yes(source)


@cache
def version_ceiling(name: str) -> int | None:
    """Return the newest version of an operator the compiler is taken to know.

    Returns:
        0 if it does not know the operator at all; None if nothing is known of it.
    """
    releases = {v: release for v in _VERSIONS if (release := release_with(name, v))}
    if not releases:
        return None
    return max((v for v, release in releases.items() if _order(release) <= _NEWEST), default=0)


def _order(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def _unsupported(op: OperatorFacts) -> Ruling:
    source = KNOWN_CUSTOM.get(op.name, TABLE_2021)
    if op.name in _SEEN_ON_CPU:
        source = f"{TABLE_2021}; {issue(_SEEN_ON_CPU[op.name])}"
    return no("the Edge TPU does not support this operator", source, _FIXES.get(op.name, _MOVE_FIX))


def _type(op: OperatorFacts) -> Ruling | None:
    wrong = next((tensor for tensor in op.data if not tensor.is_8_bit), None)
    if wrong is None:
        return None
    fix = "Convert the whole model to int8, activations included."
    if op.name == "QUANTIZE":
        fix = "At the start: convert with int8 inputs. Inside: replace the float operators."
    lack = "has no quantization scale" if wrong.dtype in ("int8", "uint8") else "is not 8-bit"
    return no(f"it works on {wrong.dtype}, which {lack}", f"{REQUIREMENTS}; {issue(168)}", fix)


def _rank(op: OperatorFacts) -> Ruling | None:
    for tensor in op.data:
        if not tensor.is_constant and any(length > 1 for length in tensor.shape[:-3]):
            return no(
                f"a tensor has the shape {list(tensor.shape)}; only the 3 innermost axes may "
                "be longer than 1",
                f"{REQUIREMENTS}; {issue(75)}",
                "Keep the batch at 1 and at most 3 axes longer than 1.",
            )
    return None
