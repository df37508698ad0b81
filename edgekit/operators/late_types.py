"""Which version of an operator takes a type that came long after the operator.

Source: op_version.cc (see `edgekit.operators.version_rules`) and, for float8,
runtime_version_test.cc beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgekit.operators.conditions import View, is_per_channel, weights_are

LateRule = int | Callable[[View], int | None]


def _int4_depthwise(view: View) -> int | None:
    return 7 if weights_are("int8", "int4")(view) else None


def _int4_convolution(view: View) -> int | None:
    """Return the version; op_version.cc names none for weights of 4 bits in float32.

    tflite-runtime 2.14, which has up to 7, loads such a file and answers NaN; ai-edge-litert 2.3
    answers right (tests/operators/test_raised_versions.py).
    """
    return 8 if weights_are("float32", "int4")(view) else _int4_depthwise(view)


def _int4_dense(view: View) -> int | None:
    """Return the version; op_version.cc names none for weights of 4 bits in float32.

    With a scale a channel they need what 8 bits need, of which tflite-runtime 2.14 answers zeros
    too. Scales of blocks have no version of their own: 14, which ai-edge-litert 2.3 has, is taken
    for them, and for a single scale.
    """
    if view.type(1) != "int4":
        return None
    if view.type(0) == "float32":
        return 12 if is_per_channel(1, 0)(view) else 14
    return {"int8": 10, "int16": 13}.get(view.type(0))


LATE_TYPES = frozenset(
    ("int2", "int4", "uint4", "float8_e4m3fn", "float8_e5m2", "bfloat16", "float16")
)
"""Types that came long after the operators; only `LATE_RULES` says which version takes them."""

_FLOAT8 = ("float8_e4m3fn", "float8_e5m2")

LATE_RULES: Mapping[str, Mapping[str, LateRule]] = {
    "ADD": {"float16": 6},
    "BROADCAST_TO": dict.fromkeys(_FLOAT8, 4),
    "CAST": {
        **dict.fromkeys(_FLOAT8, 9),
        "int2": 8,
        "uint4": 8,
        "bfloat16": 7,
        "int4": lambda view: 6 if view.output == "float32" else None,
        "float16": 5,
    },
    "CONCATENATION": {**dict.fromkeys(_FLOAT8, 7), "float16": 6, "int4": 5},
    "CONV_2D": {"int4": _int4_convolution},
    "COS": {"float16": 2},
    "DEPTHWISE_CONV_2D": {"int4": _int4_depthwise},
    "DEQUANTIZE": {**dict.fromkeys(_FLOAT8, 9), "uint4": 8, "int2": 7, "int4": 6, "float16": 3},
    "DYNAMIC_UPDATE_SLICE": {"bfloat16": 6, "int4": 5, "float16": 3},
    "EMBEDDING_LOOKUP": {"int2": 5, "int4": 4},
    "FILL": {**dict.fromkeys(_FLOAT8, 5), "float16": 4},
    "FULLY_CONNECTED": {"int2": 14, "int4": _int4_dense},
    "GATHER": {**dict.fromkeys(_FLOAT8, 8), "int4": 7},
    "GATHER_ND": dict.fromkeys(_FLOAT8, 6),
    "MUL": {"float16": 8},
    "PACK": dict.fromkeys(_FLOAT8, 5),
    "PAD": dict.fromkeys(_FLOAT8, 6),
    "PADV2": dict.fromkeys(_FLOAT8, 6),
    "QUANTIZE": {"uint4": 5, "int4": 4},
    "REVERSE_V2": dict.fromkeys(_FLOAT8, 4),
    "SIN": {"float16": 2},
    "SLICE": {"float16": 8, "int4": 7},
    "SOFTMAX": {"float16": 4},
    "SPLIT": dict.fromkeys(_FLOAT8, 5),
    "SPLIT_V": dict.fromkeys(_FLOAT8, 3),
    "TRANSPOSE": {"float16": 9, "bfloat16": 8, "int4": 7},
    "UNPACK": {**dict.fromkeys(_FLOAT8, 6), "float16": 5, "bfloat16": 5},
}
"""Operator -> type -> version; operators and types not named here are not known."""
