"""A computer's CPU with ai-edge-litert 2.3.

Its tables come from asking the released wheel for each operator, in each version and type.
"""

from __future__ import annotations

from functools import partial

from edgekit.core.variant import PRECISIONS
from edgekit.operators.measured import LITERT
from edgekit.operators.support import check_model
from edgekit.operators.target import Target

target = Target(
    check=partial(check_model, target="litert", column=LITERT),
    runtime="litert",
    device="local",
    precisions=PRECISIONS,
    weight_bits=(8, 4),
)
