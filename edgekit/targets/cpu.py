"""A computer's CPU with tflite-runtime 2.14.

Its tables come from asking the released wheel for each operator, in each version and type.
"""

from __future__ import annotations

from functools import partial

from edgekit.core.variant import PRECISIONS
from edgekit.operators.measured import TFLITE_RUNTIME
from edgekit.operators.support import check_model
from edgekit.operators.target import Target

target = Target(
    check=partial(check_model, target="cpu", column=TFLITE_RUNTIME),
    runtime="tflite-runtime",
    device="local",
    precisions=PRECISIONS,
)
