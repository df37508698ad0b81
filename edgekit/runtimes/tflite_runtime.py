"""TensorFlow Lite 2.14 on the CPU, in an environment of its own; what older boards and apps have.

Source: Google, TensorFlow Lite for Python, https://www.tensorflow.org/lite/guide/python.
"""

from __future__ import annotations

from edgekit.core.kinds import Runtime
from edgekit.running import tflite_environment

runtime = Runtime(
    options={"backend": "interpreter", "module": "tflite_runtime.interpreter"},
    command=tflite_environment.command,
    missing=tflite_environment.missing,
    setup=tflite_environment.setup,
    devices=("local", "ssh"),
    install=tflite_environment.INSTALL,
)
