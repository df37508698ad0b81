"""Examples of C bundles, compiled and run on TensorFlow Lite Micro's own library."""

from __future__ import annotations

import re
from pathlib import Path

from edgekit.core import processes, registry
from tests.support.paths import ROOT

HEADERS = ROOT / "tests/support/tflm"
RUN_IT = """
import ctypes, os, sys
sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)
from tflite_micro.python.tflite_micro import _runtime
sys.exit(ctypes.CDLL(sys.argv[1]).edgekit_self_test())
"""


def compiled(folder: Path, *arguments: str) -> None:
    done = processes.run(arguments, cwd=folder, timeout_s=120)
    assert done.ok, done.stderr


def self_tested(out: Path) -> int | None:
    """Compile the example and run it on the released wheel's library; return how much is wrong."""
    arrays = [path.name for path in out.glob("*.c") if path.stem.endswith(("_data", "_golden"))]
    flags = ("-std=c++17", "-shared", "-fPIC", "-DEDGEKIT_NO_MAIN", f"-I{HEADERS}")
    compiled(out, "g++", *flags, "-o", "example.so", "example.cc", *arrays)
    python = registry.get("runtimes", "tflite-micro").command().argv
    done = processes.run([*python, "-c", RUN_IT, str(out / "example.so")], timeout_s=120)
    found = [int(count) for count in re.findall(r": (-?\d+) wrong", done.stdout)]
    assert found, done.stderr
    return -1 if -1 in found else sum(found)
