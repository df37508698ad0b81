"""TensorFlow Lite 2.14 with its plain reference kernels: slow, but the same bits everywhere.

Use it to tell a fault of the file from a fault of optimized kernels: here, integer files give
bit-identical answers on every machine.
"""

from __future__ import annotations

from edgekit.core.kinds import Runtime
from edgekit.running.environments import tflite_runtime

runtime = Runtime(
    options={
        "backend": "interpreter",
        "module": "tflite_runtime.interpreter",
        "kernels": "reference",
    },
    command=tflite_runtime.command,
    missing=tflite_runtime.missing,
    setup=tflite_runtime.setup,
    devices=("local", "ssh"),
    install=tflite_runtime.INSTALL,
)
