"""What this machine is, and the versions of what runs on it, as reports and `doctor` tell them."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "tensorflow",
    "keras",
    "tf_keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "numpy",
)
"""What a build's results depend on, beside edgekit and Python."""

NOT_INSTALLED = "not installed"


def processor() -> str:
    """Describe the processor, and how many CPUs there are."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} CPUs"


def machine() -> str:
    """Describe this machine in one line: processor, number of CPUs, system."""
    return f"{processor()}, {platform.system()} {platform.machine()}"


def system() -> str:
    """Return what the system calls itself, with its version."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):  # not Linux
        return platform.platform()
    return f"{name}, {platform.system()} {platform.release()}, {platform.machine()}"


def versions() -> dict[str, str]:
    """Return the versions of edgekit, Python and every package a build depends on."""
    found = {"edgekit": _version("edgekit-tflite"), "python": platform.python_version()}
    return found | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return NOT_INSTALLED
