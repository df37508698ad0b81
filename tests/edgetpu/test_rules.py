"""Edge TPU rules: every one on a small made operator that it decides."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.edgetpu.facts import OperatorFacts, TensorFacts
from edgekit.edgetpu.rules import judge
from tests.support.edgetpu_models import (
    data,
    numbers,
    op,
    weights,
)

KERNEL = weights(4, 3, 3, 4)
BIAS = numbers(0, 0, 0, 0)


def conv(**options: Any) -> OperatorFacts:
    return op("CONV_2D", (data(), options.pop("kernel", KERNEL), BIAS), **options)


def reduction(name: str, *axes: int, channels: int = 4) -> OperatorFacts:
    return op(name, (data(1, 8, 8, channels), numbers(*axes)), (data(1, channels),))


def resize(before: int, after: int, name: str = "RESIZE_BILINEAR") -> OperatorFacts:
    size = numbers(after, after)
    return op(name, (data(1, before, before, 4), size), (data(1, after, after, 4),))


def concat(*inputs: TensorFacts) -> OperatorFacts:
    return op("CONCATENATION", inputs)


def sliced(*strides: int, **options: Any) -> OperatorFacts:
    zeros = numbers(*(0 for _ in strides))
    return op("STRIDED_SLICE", (data(1, 8), zeros, zeros, numbers(*strides)), **options)


def dense(
    out: tuple[int, ...] = (1, 2), kernel: TensorFacts | None = None, **options: Any
) -> OperatorFacts:
    inputs = (data(1, 4), kernel or weights(2, 4), numbers(0, 0))
    return op("FULLY_CONNECTED", inputs, (data(*out),), **options)


ZEROS = numbers(7, 7, dtype="int8", zero_point=7)
ONES = numbers(7, 8, dtype="int8", zero_point=7)
NO = [
    (op("AVERAGE_POOL_2D", fused_activation_function="RELU"), "fused activation RELU"),
    (op("MAX_POOL_2D", fused_activation_function="RELU6"), "fused activation RELU6"),
    (op("CONCATENATION", (data(), data()), fused_activation_function="RELU"), "fused activation"),
    (concat(data(), data(), ZEROS), "joins 3 inputs"),
    (concat(data(), ONES), "all zeros"),
    (conv(dilation_h_factor=2, dilation_w_factor=1), "dilation is 2 in y and 1 in x"),
    (op("DEPTHWISE_CONV_2D", (data(), weights(1, 3, 3, 4), BIAS), dilation_w_factor=3), "dilation"),
    (conv(kernel=data(4, 3, 3, 4)), "must be constants"),
    (op("DEPTHWISE_CONV_2D", (data(), data(1, 3, 3, 4), BIAS)), "must be constants"),
    (dense(kernel=data(2, 4)), "must be constants"),
    (op("TRANSPOSE_CONV", (numbers(1, 8, 8, 4), data(4, 3, 3, 4), data())), "must be constants"),
    (dense(weights_format="SHUFFLED4x16INT8"), "SHUFFLED4x16INT8"),
    (dense((8, 2)), "8x2 is more than one vector"),
    (dense((1, 5, 2)), "1x5x2 is more than one vector"),
    (reduction("MEAN", 0, 1), "batch"),
    (reduction("MEAN", -1, channels=6), "6 channels"),
    (reduction("SUM", 0), "batch"),
    (reduction("REDUCE_MAX", -4), "batch"),
    (reduction("REDUCE_MIN", 0), "batch"),
    (op("PAD", (data(), numbers(1, 0, 0, 0, 0, 0, 0, 0))), "batch"),
    (op("PACK", (data(1, 4), data(1, 4)), (data(1, 1, 4),), axis=0), "batch"),
    (op("SPLIT", (numbers(0), data())), "batch"),
    (op("PRELU", (data(), weights(8, 8, 4))), "8x8x4"),
    (op("SOFTMAX", (data(1, 8, 10),), (data(1, 8, 10),)), "1x8x10 is more than one vector"),
    (sliced(1, 2), "strides are [1, 2]"),
    (sliced(1, 1, ellipsis_mask=1), "masks [1, 0]"),
    (sliced(1, 1, new_axis_mask=2), "masks [0, 2]"),
    (resize(33, 513), "33x33 to 513x513"),
    (resize(1, 33), "1x1 to 33x33"),
    (resize(256, 512, "RESIZE_NEAREST_NEIGHBOR"), "256x256 to 512x512"),
    (op("RELU", (data(dtype="float32", quantized=False),)), "float32"),
    (op("RELU", (data(dtype="int16"),)), "int16"),
    (op("RELU", (data(quantized=False),)), "no quantization scale"),
    (op("ADD", (data(), numbers(1, dtype="int16"))), "int16"),
    (op("QUANTIZE", (data(dtype="float32", quantized=False),)), "float32"),
    (op("RELU", (data(2, 8, 8, 4),), (data(2, 8, 8, 4),)), "[2, 8, 8, 4]"),
    (op("RESHAPE", (data(), numbers(3, 1, 1, 1, 2)), (data(3, 1, 1, 1, 2),)), "[3, 1, 1, 1, 2]"),
    *(
        (op(name), "does not support")
        for name in ("ARG_MAX", "CAST", "DIV", "ELU", "GATHER", "HARD_SWISH", "LEAKY_RELU", "WHILE",
                     "BIDIRECTIONAL_SEQUENCE_LSTM", "CUSTOM:TFLite_Detection_PostProcess")
    ),
]  # fmt: skip
YES = [
    *(op(name) for name in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "RELU", "RELU6", "TANH")),
    *(op(name) for name in ("LOGISTIC", "L2_NORMALIZATION", "RELU_N1_TO_1", "SPACE_TO_DEPTH")),
    op("AVERAGE_POOL_2D", fused_activation_function="NONE"),
    op("CONCATENATION", (data(), data(), data()), fused_activation_function="NONE"),
    concat(data(), ZEROS),
    conv(fused_activation_function="RELU6"),
    conv(dilation_h_factor=2, dilation_w_factor=2),
    conv(dilation_h_factor=4, dilation_w_factor=1, kernel=weights(4, 3, 1, 4)),
    op("TRANSPOSE_CONV", (numbers(1, 8, 8, 4), KERNEL, data(), None)),
    dense(weights_format="DEFAULT"),
    reduction("MEAN", 1, 2, channels=6),
    reduction("MEAN", -1, channels=8),
    reduction("SUM", 1),
    op("PAD", (data(), numbers(0, 0, 1, 1, 1, 1, 0, 2))),
    op("PACK", (data(4), data(4)), (data(4, 2),), axis=-1),
    op("SPLIT", (numbers(-1), data())),
    op("PRELU", (data(), weights(1, 1, 4))),
    op("SOFTMAX", (data(1, 16_384),), (data(1, 16_384),)),
    op("SQUEEZE", (data(1, 1, 5, 4),), (data(5, 4),)),
    sliced(1, 1, shrink_axis_mask=1),
    resize(33, 33),
    resize(6, 12),
    resize(64, 128, "RESIZE_NEAREST_NEIGHBOR"),
    op("RELU", (data(8, 8, 4, dtype="uint8"),), (data(8, 8, 4, dtype="uint8"),)),
    op("TILE", (data(1, 1, 1, 128), numbers(1, 33, 33, 1)), (data(1, 33, 33, 128),)),
    op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        (data(1, 5, 4), weights(4, 4), None, replace(data(1, 4, dtype="int16"), is_variable=True)),
    ),
]
UNKNOWN = [
    (resize(100, 250), "Google does not disclose|known cases"),
    (resize(100, 200), "Google does not disclose"),
    (resize(64, 32), "known cases"),
    (op("TRANSPOSE", (data(), numbers(0, 2, 1, 3))), "by no rule known"),
    (op("SOFTMAX", (data(1, 20_000),), (data(1, 20_000),)), "20,000"),
    (op("SQUEEZE", (data(5, 1, 4),), (data(5, 4),)), "5x1x4 to 5x4"),
    (op("TILE", (data(1, 2, 2, 4), numbers(1, 2, 2, 1))), "in no table"),
    (conv(kernel=weights(4, 3, 3, 4, sparse=True)), "sparse"),
]


@pytest.mark.parametrize(("operator", "words"), NO)
def test_an_operator_stays_on_the_cpu(operator: OperatorFacts, words: str) -> None:
    ruling = judge(operator)
    assert ruling.verdict == "no"
    assert words in ruling.reason
    assert ruling.fix


@pytest.mark.parametrize("operator", YES)
def test_an_operator_is_mapped(operator: OperatorFacts) -> None:
    assert judge(operator).verdict == "yes", judge(operator).reason


@pytest.mark.parametrize(("operator", "words"), UNKNOWN)
def test_where_no_rule_is_known_the_answer_is_unknown(operator: OperatorFacts, words: str) -> None:
    ruling = judge(operator)
    assert ruling.verdict == "unknown"
    assert re.search(words, ruling.reason)


@pytest.mark.parametrize("name", ["RSQRT", "SQUARED_DIFFERENCE", "REDUCE_MAX"])
def test_operators_of_runtime_14_say_so(name: str) -> None:
    ruling = judge(op(name, (data(), numbers(1))))
    assert ruling.verdict == "yes"
    assert "min_runtime=14" in ruling.reason


def test_every_ruling_names_a_source_a_reader_can_find() -> None:
    judged = [*(case[0] for case in [*NO, *UNKNOWN]), *YES]
    rulings = [judge(operator) for operator in judged]
    assert all(re.search(r"(github|axis|coral)\.|published models", r.source) for r in rulings)
    assert all(re.search(r"\([DIGM]\)", r.source) for r in rulings)
    assert not any(re.search(r"\bS\d", r.source) for r in rulings)


tensors = st.builds(
    TensorFacts,
    shape=st.lists(st.integers(0, 9), max_size=5).map(tuple),
    dtype=st.sampled_from(["int8", "uint8", "int32", "float32"]),
    is_constant=st.booleans(),
    is_variable=st.booleans(),
    values=st.sampled_from([lambda: None, lambda: np.zeros((2, 2)), lambda: np.array([-1, 3])]),
)


@given(
    st.sampled_from([*sorted({o.name for o in YES}), "TRANSPOSE", "SLICE", "CUSTOM:x", "?"]),
    st.lists(st.none() | tensors, max_size=5),
    st.lists(tensors, max_size=2),
)
def test_no_operator_however_odd_makes_it_fail(
    name: str, inputs: list[TensorFacts | None], outputs: list[TensorFacts]
) -> None:
    assert judge(op(name, inputs, outputs)).verdict in ("yes", "no", "unknown")
