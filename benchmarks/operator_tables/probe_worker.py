"""Ask one real runtime about `.tflite` files, one JSON request a line on stdin.

Runs under the Python of that runtime, so it needs only the standard library, NumPy and the runtime.
A crash ends it; its parent goes on with the next file in a new process.

Request: `{"file": path, "how": "load" | "prepare" | "cpu" | "gpu" | "micro" | "web", "inputs": npz,
"outputs": npz, "output_types": [[shape, type], ...], "backend": path}`; the last is the source of a
backend of `edgekit.running.worker`, for "micro". With the argument `web` it asks LiteRT.js.
Answer: `{"ok": true}` or `{"ok": false, "error": sentence}`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np

Json = dict[str, Any]
_ARENA = 1 << 20


class _InBrowser:
    """LiteRT.js, called like the other interpreters."""

    def __init__(self, path: str) -> None:
        from edgekit.running.browser.backend import BrowserBackend

        options = {"accelerator": "wasm", "threads": 1}
        self._backend = BrowserBackend(np.fromfile(path, np.uint8), options)
        self._given: Json = {}
        self._found: Json = {}

    def allocate_tensors(self) -> None:
        """Do nothing: that comes with the first invocation."""

    def try_zeros(self) -> None:
        """Let every operator check its operands."""
        for port in self._backend.inputs:
            self.set_tensor(port["index"], np.zeros(port["shape"], port["dtype"]))
        self.invoke()

    def get_input_details(self) -> list[Json]:
        return self._backend.inputs

    def get_output_details(self) -> list[Json]:
        return self._backend.outputs

    def set_tensor(self, index: int, value: Any) -> None:
        self._given[str(index)] = value[np.newaxis]

    def invoke(self) -> None:
        self._found = self._backend.invoke_each(self._given)

    def get_tensor(self, index: int) -> Any:
        return self._found[str(index)][0]


def _interpreter(path: str) -> Any:
    """Return an interpreter; one without `allocate_tensors` has done that already."""
    if "web" in sys.argv:
        return _InBrowser(path)
    try:
        from tflite_micro import runtime as micro_runtime

        return micro_runtime.Interpreter.from_file(path, arena_size=_ARENA)
    except ImportError:
        pass
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        from ai_edge_litert.interpreter import Interpreter
    return Interpreter(path, num_threads=1)


def load(request: Json) -> Json:
    """Only build the interpreter: it looks every operator up in its resolver."""
    _interpreter(request["file"])
    return {"ok": True}


def prepare(request: Json) -> Json:
    """Also let every operator check its operands; custom operators are looked up only here."""
    interpreter = _interpreter(request["file"])
    if isinstance(interpreter, _InBrowser):
        interpreter.try_zeros()
    elif hasattr(interpreter, "allocate_tensors"):
        interpreter.allocate_tensors()
    return {"ok": True}


def cpu(request: Json) -> Json:
    """Run on the CPU and keep the outputs by position."""
    interpreter = _interpreter(request["file"])
    interpreter.allocate_tensors()
    with np.load(request["inputs"]) as arrays:
        for number, detail in enumerate(interpreter.get_input_details()):
            interpreter.set_tensor(detail["index"], arrays[str(number)])
    interpreter.invoke()
    details = interpreter.get_output_details()
    outputs = [interpreter.get_tensor(detail["index"]) for detail in details]
    np.savez(request["outputs"], **{str(i): array for i, array in enumerate(outputs)})
    return {"ok": True}


def gpu(request: Json) -> Json:
    """Run on the GPU accelerator alone; it refuses what it would have to leave to the CPU."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator

    model = CompiledModel.from_file(request["file"], hardware_accel=HardwareAccelerator.GPU)
    if not model.is_fully_accelerated():
        return {"ok": False, "error": "not fully accelerated"}
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
    with np.load(request["inputs"]) as arrays:
        for number, buffer in enumerate(inputs):
            buffer.write(np.ascontiguousarray(arrays[str(number)]))
    model.run_by_index(0, inputs, outputs)
    found = {}
    for number, (shape, dtype) in enumerate(request["output_types"]):
        count = int(np.prod(shape))
        found[str(number)] = outputs[number].read(count, np.dtype(dtype)).reshape(shape)
    np.savez(request["outputs"], **found)
    return {"ok": True}


def micro(request: Json) -> Json:
    """Run on TensorFlow Lite Micro and keep the outputs by position."""
    names: Json = {}
    with open(request["backend"], encoding="utf-8") as source:  # noqa: PTH123
        exec(source.read(), names)
    backend = names["MicroBackend"](np.fromfile(request["file"], np.uint8), {"least_arena": False})
    with np.load(request["inputs"]) as arrays:
        for number, port in enumerate(backend.inputs):
            backend.set(port["index"], arrays[str(number)])
    backend.invoke()
    outputs = [backend.get(port["index"]) for port in backend.outputs]
    np.savez(request["outputs"], **{str(i): array for i, array in enumerate(outputs)})
    return {"ok": True}


_WAYS = {"load": load, "prepare": prepare, "cpu": cpu, "gpu": gpu, "micro": micro, "web": cpu}


def main() -> None:
    """Answer requests until stdin ends; what the runtime prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _WAYS[request["how"]](request)
        except Exception as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
