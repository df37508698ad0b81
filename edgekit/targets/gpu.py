"""A GPU through the LiteRT accelerator (ML Drift) of ai-edge-litert 2.3, alone.

"Alone" means that nothing is left to the CPU: the accelerator takes every operator or the file is
refused. Its tables were measured on a software Vulkan driver, which shows what is taken and whether
the answer is right; a phone's own driver may still differ.
"""

from __future__ import annotations

from functools import partial

from edgekit.operators.known_faults import Fault, check_with
from edgekit.operators.measured import GPU
from edgekit.operators.target import Target
from edgekit.tflite.reader import Operator, Subgraph


def _is_strided_1x1(operator: Operator, subgraph: Subgraph) -> bool:
    if operator.name != "CONV_2D" or len(operator.inputs) < 2 or operator.inputs[1] < 0:
        return False
    weights = subgraph.tensors[operator.inputs[1]]
    strides = (operator.options.get("stride_h", 1), operator.options.get("stride_w", 1))
    data = subgraph.tensors[operator.inputs[0]].dtype
    return data in ("int8", "uint8") and weights.shape[1:3] == (1, 1) and strides != (1, 1)


STRIDED_1X1 = Fault(
    affects=_is_strided_1x1,
    reason="The accelerator takes an int8 1x1 convolution with a stride and answers wrong.",
    fix="Put AveragePooling2D before it and leave the stride out, or use a kernel of 2x2 or more.",
    source="measured by tests/targets/test_gpu_faults.py on ai-edge-litert 2.3",
)
"""Mean error 10 % of the range where the CPU is off by 0.1 %; right in float32."""

target = Target(
    check=partial(check_with, STRIDED_1X1, target="gpu", column=GPU),
    runtime="litert-gpu",
    device="local",
    precisions=("float32", "float16", "dynamic_int8", "int8"),  # it refuses 16-bit integers
)
