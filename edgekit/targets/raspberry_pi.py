"""A Raspberry Pi 4 or newer, 64-bit, with tflite-runtime 2.14.

The aarch64 wheel is built from the same sources as the x86-64 wheel, whose tables it shares; that
it answers the same is what running a file on the device shows.
"""

from __future__ import annotations

from functools import partial

from edgekit.operator_tables import TFLITE_RUNTIME, check_model
from edgekit.types import PRECISIONS, Target

target = Target(
    check=partial(check_model, target="raspberry-pi", column=TFLITE_RUNTIME),
    runtime="tflite-runtime",
    device="raspberry-pi",
    precisions=PRECISIONS,
)
