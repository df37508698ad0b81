"""TensorFlow Lite 2.14 with its plain reference kernels: slow, and the same bits everywhere.

Use it to tell a fault of the file from a fault of optimized kernels: integer files answer bit for
bit the same here on every machine.
"""

from __future__ import annotations

from edgekit import tflite_environment as environment
from edgekit.types import Runtime

runtime = Runtime(
    options={
        "backend": "interpreter",
        "module": "tflite_runtime.interpreter",
        "kernels": "reference",
    },
    command=environment.command,
    missing=environment.missing,
    setup=environment.setup,
    devices=("local", "raspberry-pi", "ssh"),
    install=environment.INSTALL,
)
