"""TensorFlow Lite 2.14 on the CPU, in an environment of its own; what older boards and apps hold.

Source: Google, TensorFlow Lite for Python, https://www.tensorflow.org/lite/guide/python.
"""

from __future__ import annotations

from edgekit import tflite_environment as environment
from edgekit.types import Runtime

runtime = Runtime(
    options={"backend": "interpreter", "module": "tflite_runtime.interpreter"},
    command=environment.command,
    missing=environment.missing,
    setup=environment.setup,
    devices=("local", "raspberry-pi", "ssh"),
    install=environment.INSTALL,
)
