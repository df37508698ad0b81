"""A computer's CPU with ai-edge-litert 2.3.

What it has was asked of the released wheel, operator by operator, version by version, type by type.
"""

from __future__ import annotations

from functools import partial

from edgekit.core.variant import PRECISIONS
from edgekit.operators.support import LITERT, check_model
from edgekit.operators.target import Target

target = Target(
    check=partial(check_model, target="litert", column=LITERT),
    runtime="litert",
    device="local",
    precisions=PRECISIONS,
)
