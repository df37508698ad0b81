"""A Raspberry Pi 4 or newer, 64-bit, with tflite-runtime 2.14.

The aarch64 wheel is built from the same sources as the x86-64 wheel, whose tables it shares. It is
known to do otherwise in two cases, which rules here predict; running a file on the device shows
whether there are others.
"""

from __future__ import annotations

import math
from functools import partial

from edgekit.core.variant import PRECISIONS
from edgekit.operators.known_faults import Fault, check_with
from edgekit.operators.measured import TFLITE_RUNTIME
from edgekit.operators.target import Target
from edgekit.tflite.reader import Operator, Subgraph

_DEPTH = 9
"""Its kernels add two products in 16 bits, those of numbers that lie 8 places apart."""


def _is_unbounded(operator: Operator, subgraph: Subgraph) -> bool:
    if operator.name not in ("BATCH_MATMUL", "FULLY_CONNECTED"):
        return False
    sides = [subgraph.tensors[index] for index in operator.inputs[:2]]
    shape = sides[0].shape
    depth = shape[-2 if operator.options.get("adj_x") else -1] if len(shape) > 1 else 0
    if depth < _DEPTH:
        return False
    bounded = {
        index for other in subgraph.operators if other.name == "MAXIMUM" for index in other.outputs
    }
    return all(
        side.dtype == "int8" and not side.is_constant and side.index not in bounded
        for side in sides
    )


UNBOUNDED = Fault(
    affects=_is_unbounded,
    reason="Where both sides of an int8 product hold -128, an ARM processor without dot product "
    "instructions (Raspberry Pi 4) overflows its 16-bit sums: answers are wrong.",
    fix="Convert the model with edgekit, which keeps -128 out of one side.",
    source="measured by tests/conversion/test_saturation.py",
)


def _lacks_bias(operator: Operator, subgraph: Subgraph) -> bool:
    if operator.name != "FULLY_CONNECTED":
        return False
    data, weights, *bias = operator.inputs
    integers = all(subgraph.tensors[index].dtype == "int8" for index in (data, weights))
    rows = math.prod(subgraph.tensors[data].shape[:-1])
    return integers and rows > 1 and (not bias or bias[0] < 0)


WITHOUT_BIAS = Fault(
    affects=_lacks_bias,
    reason="tflite-runtime 2.14 may die on ARM of int8 dense layers without a bias.",
    fix="Convert the model with edgekit, which gives the layer a bias of zeros.",
    source="measured by benchmarks/operator_tables/differential_test.py",
)

FAULTS = (UNBOUNDED, WITHOUT_BIAS)

target = Target(
    check=partial(check_with, FAULTS, target="raspberry-pi", column=TFLITE_RUNTIME),
    runtime="tflite-runtime",
    device="raspberry-pi",
    precisions=PRECISIONS,
)
