"""A GPU through the LiteRT accelerator (ML Drift) of ai-edge-litert 2.3, alone.

"Alone" means that nothing is left to the CPU: the accelerator takes every operator or the file is
refused. Its tables were measured on a software Vulkan driver, which shows what is taken and whether
the answer is right; a phone's own driver may still differ.
"""

from __future__ import annotations

from functools import partial

from edgekit.operators.measured import GPU
from edgekit.operators.support import check_model
from edgekit.operators.target import Target

target = Target(
    check=partial(check_model, target="gpu", column=GPU),
    runtime="litert-gpu",
    device="local",
    precisions=("float32", "float16", "dynamic_int8", "int8"),  # it refuses 16-bit integers
)
