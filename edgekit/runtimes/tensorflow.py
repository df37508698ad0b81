"""TensorFlow's own interpreter, for files with TensorFlow's own operators (Flex).

TensorFlow 2.18 is the last that was seen to run them: from 2.20 on the package comes without the
Flex delegate. So it has an environment of its own, of about 1.4 GB.

Source: https://github.com/google-ai-edge/LiteRT/issues/6458; Google, Select TensorFlow operators,
https://ai.google.dev/edge/litert/models/ops_select.
"""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command, Runtime
from edgekit.core.paths import atomic, home
from edgekit.core.types import Progress
from edgekit.running.smoke_test import prove
from edgekit.running.tflite_environment import find_python, plain_environment

VERSION = "2.18.1"
_X86 = sys.platform == "linux" and platform.machine() == "x86_64"
PACKAGE = f"{'tensorflow-cpu' if _X86 else 'tensorflow'}=={VERSION}"


def _folder() -> Path:
    return home() / "envs" / "tensorflow"


def _missing() -> str:
    if (_folder() / "bin/python").exists():
        return ""
    return "TensorFlow with the Flex delegate is not there; run: edgekit setup tensorflow"


def _setup(progress: Progress) -> None:
    """Create the environment and run a tiny model in it.

    Raises:
        Unavailable: No fitting CPython, no network, or it does not run here.
    """
    python = find_python()
    with atomic(_folder()) as temporary:
        progress(0.1, f"creating an environment of {python}")
        _run([python, "-I", "-m", "venv", str(temporary)])
        progress(0.2, f"installing {PACKAGE}, about 1.4 GB")
        pip = [str(temporary / "bin/python"), "-I", "-m", "pip", "install", "--quiet"]
        _run([*pip, "--only-binary=:all:", PACKAGE])
    progress(0.9, "running a tiny model")
    try:
        prove("tensorflow")
    except Unavailable:
        shutil.rmtree(_folder(), ignore_errors=True)
        raise


def _run(arguments: list[str]) -> None:
    done = processes.run(arguments, env=plain_environment(), timeout_s=3600)
    if not done.ok:
        raise Unavailable(
            f"{PACKAGE} cannot be installed: {done.cause('ERROR').rstrip('.')}. Check the network, "
            "and run `edgekit setup tensorflow` again."
        )


runtime = Runtime(
    options={"backend": "interpreter", "module": "tensorflow.lite.python.interpreter"},
    command=lambda: Command(
        argv=(str(_folder() / "bin/python"), "-I"),
        env={"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"},
    ),
    missing=_missing,
    setup=_setup,
    install=f"python3 -m pip install '{PACKAGE}'",
    custom_operators=("Flex*",),
)
