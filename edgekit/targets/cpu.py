"""A computer's CPU with tflite-runtime 2.14.

What it has was asked of the released wheel, operator by operator, version by version, type by type.
"""

from __future__ import annotations

from functools import partial

from edgekit.core.variant import PRECISIONS
from edgekit.operators.support import TFLITE_RUNTIME, check_model
from edgekit.operators.target import Target

target = Target(
    check=partial(check_model, target="cpu", column=TFLITE_RUNTIME),
    runtime="tflite-runtime",
    device="local",
    precisions=PRECISIONS,
)
