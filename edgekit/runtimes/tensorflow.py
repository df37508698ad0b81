"""TensorFlow's own interpreter, for files with TensorFlow's own operators (Flex).

TensorFlow 2.18 is the last that was seen to run them: from 2.20 on the package comes without the
Flex delegate. So it has an environment of its own, of about 1.4 GB.

Source: https://github.com/google-ai-edge/LiteRT/issues/6458; Google, Select TensorFlow operators,
https://ai.google.dev/edge/litert/models/ops_select.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import replace

from edgekit.core.kinds import Command, Runtime
from edgekit.core.types import Progress
from edgekit.running.environments import making
from edgekit.running.environments.tflite_runtime import find_python

NAME = "tensorflow"
VERSION = "2.18.1"
_X86 = sys.platform == "linux" and platform.machine() == "x86_64"
PACKAGE = f"{'tensorflow-cpu' if _X86 else 'tensorflow'}=={VERSION}"


def _command() -> Command:
    env = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return replace(making.command(NAME), env=env)


def _missing() -> str:
    if making.is_there(NAME):
        return ""
    return "TensorFlow with the Flex delegate is not there; run: edgekit setup tensorflow"


def _setup(progress: Progress) -> None:
    """Create the environment and run a tiny model in it.

    Raises:
        Unavailable: No fitting CPython, no network, or it does not run here.
    """
    making.make(NAME, find_python(), progress, size="about 1.4 GB")


runtime = Runtime(
    options={"backend": "interpreter", "module": "tensorflow.lite.python.interpreter"},
    command=_command,
    missing=_missing,
    setup=_setup,
    install=f"python3 -m pip install '{PACKAGE}'",
    custom_operators=("Flex*",),
)
