"""A runtime whose interpreter is a few lines of Python that misbehave as a test asks.

The worker is the real one; the interpreter module is found on PYTHONPATH.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

from edgekit.running.smoke_test import relu_model

_INTERPRETER = """
import ctypes, os, signal, sys, time
import numpy as np

class Interpreter:
    def __init__(self, model_content, num_threads):
        self.values = {{0: None, 1: None}}
{load}

    def port(self, index):
        shape = np.array([1, 4], np.int32)
        return {{"index": index, "dtype": np.float32, "shape": shape, "shape_signature": shape}}

    def get_input_details(self): return [self.port(0)]
    def get_output_details(self): return [self.port(1)]
    def allocate_tensors(self): pass
    def reset_all_variables(self): pass

    def set_tensor(self, index, value):
{set_tensor}
        self.values[index] = value

    def get_tensor(self, index): return self.values[index]

    def invoke(self):
        self.values[1] = self.values[0] * 2
{invoke}
"""

_RUNTIME = """
import sys
from edgekit.core.kinds import Command, Runtime
runtime = Runtime(
    options={{"backend": "interpreter", "module": "fake_interpreter"}},
    command=lambda: Command(argv={argv}, env={{"PYTHONPATH": {folder!r}}}),
    missing=lambda: {missing!r},
    install="python3 -m pip install fake-interpreter",
)
"""


def fake_runtime(
    folder: Path,
    *,
    load: str = "pass",
    set_tensor: str = "pass",
    invoke: str = "pass",
    argv: str = "(sys.executable,)",
    missing: str = "",
) -> tuple[str, Path]:
    """Write a runtime that doubles its input; return its path and a file to load on it.

    Args:
        folder: Where to.
        load: Code run when the interpreter is made.
        set_tensor: Code run when an input is set.
        invoke: Code run after the answer is computed.
        argv: Python expression of the command that starts the worker's Python.
        missing: What `Runtime.missing` answers.
    """
    code = {"load": load, "set_tensor": set_tensor, "invoke": invoke}
    filled = {name: indent(lines, " " * 8) for name, lines in code.items()}
    (folder / "fake_interpreter.py").write_text(_INTERPRETER.format(**filled))
    metadata = folder / "fake_interpreter-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: fake-interpreter\nVersion: 1.0\n")
    runtime = folder / "fake.py"
    runtime.write_text(_RUNTIME.format(argv=argv, folder=str(folder), missing=missing))
    model = folder / "relu.tflite"
    model.write_bytes(relu_model())
    return str(runtime), model
