"""TensorFlow Lite 2.14 on the CPU, in an environment of its own; what older boards and apps have.

Source: Google, TensorFlow Lite for Python, https://www.tensorflow.org/lite/guide/python.
"""

from __future__ import annotations

from edgekit.core.kinds import Runtime
from edgekit.running.environments import tflite_runtime

runtime = Runtime(
    options={"backend": "interpreter", "module": "tflite_runtime.interpreter"},
    command=tflite_runtime.command,
    missing=tflite_runtime.missing,
    setup=tflite_runtime.setup,
    devices=("local", "ssh"),
    install=tflite_runtime.INSTALL,
)
