"""A Raspberry Pi 4 or newer, 64-bit, with ai-edge-litert 2.3; the only one for Raspberry Pi OS 13.

The aarch64 wheel is built from the same sources as the x86-64 wheel, whose tables it shares;
running a file on the device shows whether it answers otherwise.
"""

from __future__ import annotations

from functools import partial

from edgekit.core.variant import PRECISIONS
from edgekit.operators.measured import LITERT
from edgekit.operators.support import check_model
from edgekit.operators.target import Target

target = Target(
    check=partial(check_model, target="raspberry-pi-litert", column=LITERT),
    runtime="litert",
    device="raspberry-pi",
    precisions=PRECISIONS,
    weight_bits=(8, 4),
)
