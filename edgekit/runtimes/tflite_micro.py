"""TensorFlow Lite Micro's kernels on this machine: what a microcontroller answers, not how fast.

They are the portable ones in C++. A vendor's faster kernels (CMSIS-NN, ESP-NN) are made to give the
same integers. `Session.info["arena_bytes"]` tells the working memory that a model takes; pointers
of 64 bits make it somewhat more than on a microcontroller.

Source: https://github.com/tensorflow/tflite-micro
"""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command, Runtime
from edgekit.core.paths import atomic, home, packaged
from edgekit.core.types import Progress
from edgekit.running.smoke_test import prove
from edgekit.running.tflite_environment import plain_environment

VERSION = "0.dev20261023182759"
"""There are development releases only, each dated; the tables were measured with this one."""

_REQUIREMENTS = (f"tflite-micro=={VERSION}", "numpy>=2,<3")


def _folder() -> Path:
    return home() / "envs" / "tflite-micro"


def _impossible() -> str:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"tflite-micro has wheels for Linux on x86-64 only; this is {platform.platform()}."
    return ""


def _missing() -> str:
    if reason := _impossible():
        return reason
    if not (_folder() / "bin/python").exists():
        return "TensorFlow Lite Micro is not there; run: edgekit setup tflite-micro"
    return ""


def _setup(progress: Progress) -> None:
    """Create the environment and run a tiny model in it.

    Raises:
        Unavailable: There are no wheels for this machine, no network, or it does not run here.
    """
    if reason := _impossible():
        raise Unavailable(reason)
    with atomic(_folder()) as temporary:
        progress(0.1, f"creating an environment of {sys.executable}")
        _run([sys.executable, "-I", "-m", "venv", str(temporary)])
        progress(0.3, f"installing tflite-micro {VERSION}")
        pip = [str(temporary / "bin/python"), "-I", "-m", "pip", "install", "--quiet"]
        _run([*pip, "--only-binary=:all:", *_REQUIREMENTS])
    progress(0.9, "running a tiny model")
    try:
        prove("tflite-micro")
    except Unavailable:
        shutil.rmtree(_folder(), ignore_errors=True)
        raise


def _run(arguments: list[str]) -> None:
    done = processes.run(arguments, env=plain_environment())
    if not done.ok:
        raise Unavailable(
            f"tflite-micro cannot be installed: {done.cause('ERROR').rstrip('.')}. Check the "
            "network, and run `edgekit setup tflite-micro` again."
        )


runtime = Runtime(
    options={
        "backend": "MicroBackend",
        "code": packaged("running", "micro", "backend.py").read_text(encoding="utf-8"),
        "module": "tflite_micro.runtime",
    },
    command=lambda: Command(argv=(str(_folder() / "bin/python"), "-I")),
    missing=_missing,
    setup=_setup,
    custom_operators=("TFLite_Detection_PostProcess",),
    times_mean_something=False,
    install=f"python3 -m pip install tflite-micro=={VERSION}",
)
