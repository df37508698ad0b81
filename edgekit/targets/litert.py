"""A computer's CPU with ai-edge-litert 2.3.

What it has was asked of the released wheel, operator by operator, version by version, type by type.
"""

from __future__ import annotations

from functools import partial

from edgekit.operator_tables import LITERT, check_model
from edgekit.types import PRECISIONS, Target

target = Target(
    check=partial(check_model, target="litert", column=LITERT),
    runtime="litert",
    device="local",
    precisions=PRECISIONS,
)
