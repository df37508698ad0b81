"""The Python environment of tflite-runtime 2.14, which cannot run in edgekit's own process.

It needs CPython 3.8 to 3.11 and NumPy below 2, and fails in a process that has loaded TensorFlow
or ai-edge-litert (`ValueError: vector::reserve`).
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.core.kinds import Command
from edgekit.core.types import Progress
from edgekit.running.environments import making

NAME = "tflite-runtime"
VERSION = "2.14.0"
PYTHONS = ("3.11", "3.10", "3.9", "3.8")
INSTALL = f"python3 -m pip install tflite-runtime=={VERSION} 'numpy<2'"


def command() -> Command:
    """Return how to start the environment's Python."""
    return making.command(NAME)


def impossible() -> str:
    """Return "" if this kind of machine can hold it, else why not."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        kind = "macOS" if sys.platform == "darwin" else f"{sys.platform} {platform.machine()}"
        return f"tflite-runtime {VERSION} has no wheel for {kind}; run the file on litert instead."
    return ""


def missing() -> str:
    """Return "" if the environment is there, else the sentence that says how to get it."""
    if reason := impossible():
        return reason
    if not making.is_there(NAME):
        return "The environment of tflite-runtime is not there; run: edgekit setup tflite-runtime"
    return ""


def setup(progress: Progress) -> None:
    """Create the environment and run a tiny model in it.

    Raises:
        Unavailable: No fitting CPython, no network, or this kind of machine cannot hold it.
    """
    if reason := impossible():
        raise Unavailable(reason)
    progress(0.0, "looking for a CPython 3.8 to 3.11")
    making.make(NAME, find_python(), progress)


def find_python(candidates: Iterable[str] | None = None) -> str:
    """Return the path of a CPython 3.8 to 3.11 that can create environments.

    Args:
        candidates: Paths to try in turn; this Python and the usual places, newest first, if None.

    Raises:
        Unavailable: There is none; says what to run.
    """
    for path in _candidates() if candidates is None else candidates:
        if _fits(path):
            return path
    raise Unavailable(
        "tflite-runtime needs a CPython 3.8 to 3.11 with venv, and there is none here; "
        f"run: {_how_to_get_python()}"
    )


def _candidates() -> Iterator[str]:
    yield sys.executable
    for version in PYTHONS:
        name = f"python{version}"
        if on_path := shutil.which(name):
            yield on_path
        for pattern in (
            f".pyenv/versions/{version}.*/bin/{name}",
            f".local/share/uv/python/cpython-{version}.*/bin/{name}",
            f"*conda*/bin/{name}",
            f"*conda*/envs/*/bin/{name}",
            f"miniforge*/envs/*/bin/{name}",
        ):
            yield from map(str, sorted(Path.home().glob(pattern), reverse=True))
        for prefix in ("/usr/bin", "/usr/local/bin", "/opt/conda/bin", "/home/linuxbrew/bin"):
            yield f"{prefix}/{name}"


def _fits(path: str) -> bool:
    """Ask the interpreter itself: a name on PATH may be a shim that leads nowhere."""
    code = "import ensurepip, sys, venv; print(sys.implementation.name, *sys.version_info[:2])"
    try:
        done = processes.run([path, "-I", "-c", code], timeout_s=30)
    except Unavailable:
        return False
    name, _, version = done.stdout.strip().partition(" ")
    return name == "cpython" and version.replace(" ", ".") in PYTHONS


def _how_to_get_python() -> str:
    if shutil.which("uv"):
        return "uv python install 3.11"
    if shutil.which("pyenv"):
        return "pyenv install 3.11"
    return "sudo apt-get install python3.11-venv   (or, without root, `uv python install 3.11`)"
