"""TensorFlow Lite Micro's kernels on this machine: what a microcontroller answers, not how fast.

They are the portable ones in C++. A vendor's faster kernels (CMSIS-NN, ESP-NN) are made to give the
same integers. `Session.info["arena_bytes"]` tells the working memory that a model takes; pointers
of 64 bits make it somewhat more than on a microcontroller.

Source: https://github.com/tensorflow/tflite-micro
"""

from __future__ import annotations

import platform
import sys

from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Runtime
from edgekit.core.paths import packaged
from edgekit.core.types import Progress
from edgekit.running.environments import making

NAME = "tflite-micro"
VERSION = "0.dev20261023182759"
"""There are development releases only, each dated; the tables were measured with this one."""


def _impossible() -> str:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"tflite-micro has wheels for Linux on x86-64 only; this is {platform.platform()}."
    return ""


def _missing() -> str:
    if reason := _impossible():
        return reason
    if not making.is_there(NAME):
        return "TensorFlow Lite Micro is not there; run: edgekit setup tflite-micro"
    return ""


def _setup(progress: Progress) -> None:
    """Create the environment and run a tiny model in it.

    Raises:
        Unavailable: There are no wheels for this machine, no network, or it does not run here.
    """
    if reason := _impossible():
        raise Unavailable(reason)
    making.make(NAME, sys.executable, progress)


runtime = Runtime(
    options={
        "backend": "MicroBackend",
        "code": packaged("running", "micro", "backend.py").read_text(encoding="utf-8"),
        "module": "tflite_micro.runtime",
    },
    command=lambda: making.command(NAME),
    missing=_missing,
    setup=_setup,
    custom_operators=("TFLite_Detection_PostProcess",),
    times_mean_something=False,
    install=f"python3 -m pip install tflite-micro=={VERSION}",
)
