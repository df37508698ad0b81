"""TensorFlow Lite Micro's interpreter, as a backend that `edgekit.running.worker` is sent as text.

It runs under the Python version that edgekit runs under, and needs NumPy and the interpreter alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

Fields = Mapping[str, Any]
Interpreter = Any  # of tflite_micro.runtime

LARGEST_ARENA = 16 << 20
"""Bytes of working memory that a model may take.

Most microcontrollers have below 1 MiB in the chip, and large ones 8 to 32 MiB beside it.
"""
_ALIGNMENT = 16
_TOO_SMALL = ("Failed to allocate", "Failed to resize", "Too many buffers", "too small")
_NO_REASON = ("TFLM", "AllocateTensors", "Failed to run model", "Failed starting model")


class MicroBackend:
    """TFLM's interpreter, with its own kernels, on this machine's CPU.

    With the option `least_arena` false it gets as much memory as there may be.

    Attributes:
        facts: `arena_bytes`: the least working memory with which the model runs on this machine of
            64 bits, to 1 %; it is all that it has here.
    """

    def __init__(self, model: np.ndarray, options: Fields) -> None:
        from tflite_micro import runtime

        if options.get("signature"):
            raise ValueError("TensorFlow Lite Micro runs the first of several signatures only")
        content = model.tobytes()
        interpreter = _load(runtime.Interpreter, content)
        arena_bytes = LARGEST_ARENA
        if options.get("least_arena", True):
            arena_bytes = _least_arena(runtime.Interpreter, content)
            interpreter = _load(runtime.Interpreter, content, arena_bytes)
        graph = runtime.schema_fb.Model.GetRootAs(content, 0).Subgraphs(0)
        inputs = [int(graph.Inputs(k)) for k in range(graph.InputsLength())]
        outputs = [int(graph.Outputs(k)) for k in range(graph.OutputsLength())]
        self.inputs = [_port(k, interpreter.get_input_details(n)) for n, k in enumerate(inputs)]
        self.outputs = [_port(k, interpreter.get_output_details(n)) for n, k in enumerate(outputs)]
        self.facts = {"arena_bytes": str(arena_bytes)}
        self._interpreter = interpreter
        self._inputs = {index: number for number, index in enumerate(inputs)}
        self._outputs = {index: number for number, index in enumerate(outputs)}
        self.reset = interpreter.reset

    def set(self, index: int, values: np.ndarray) -> None:
        """Set an input, by the index of its tensor."""
        self._interpreter.set_input(np.ascontiguousarray(values), self._inputs[index])

    def get(self, index: int) -> np.ndarray:
        """Return an output, by the index of its tensor."""
        return np.array(self._interpreter.get_output(self._outputs[index]))

    def invoke(self) -> None:
        """Run the model; a kernel that fails is named."""
        with _said() as lines:
            try:
                self._interpreter.invoke()
                return
            except RuntimeError as error:
                failed = error
        raise RuntimeError(_reason(lines, str(failed)))


def _least_arena(kind: Interpreter, content: bytes) -> int:
    """Return the least memory that is enough, in bytes.

    What the recording allocator reports is less: while it plans, TFLM needs more for a moment. Each
    attempt has a process of its own, since with too little memory TFLM may end it by SIGSEGV.
    """
    too_little, enough = 0, LARGEST_ARENA
    while enough - too_little > max(_ALIGNMENT, enough // 100):
        size = (too_little + enough) // 2 // _ALIGNMENT * _ALIGNMENT
        child = os.fork()
        if not child:
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                _load(kind, content, size)
                os._exit(0)
            except BaseException:
                os._exit(1)
        if os.waitpid(child, 0)[1]:
            too_little = size
        else:
            enough = size
    return enough


def _load(kind: Interpreter, content: bytes, size: int = LARGEST_ARENA) -> Interpreter:
    """Return an interpreter; raise why it refuses the model."""
    with _said() as lines:
        try:
            return kind.from_bytes(content, arena_size=size)
        except RuntimeError as error:
            failed = error
    if any(words in line for words in _TOO_SMALL for line in lines):
        raise RuntimeError(f"it needs more than {size >> 20} MiB of working memory")
    raise RuntimeError(_reason(lines, str(failed)))


def _reason(lines: list[str], otherwise: str) -> str:
    """Return what was said of a refusal: the operator first, then why."""
    named = next((m[1] for m in map(re.compile(r"Node (\w+) ").search, lines) if m), "")
    plain = [re.sub(r"^\S+\.(cc|h)(:\d+)?:? ", "", line.strip()) for line in lines]
    plain = [line for line in plain if line and not line.startswith((*_NO_REASON, "Node "))]
    why = plain[0].rstrip(".") if plain else otherwise
    return f"{named}: {why}" if named else why


def _port(index: int, details: Fields) -> dict[str, Any]:
    shape = [int(length) for length in details["shape"]]
    return {"index": index, "dtype": np.dtype(details["dtype"]).name, "shape": shape}


@contextlib.contextmanager
def _said() -> Iterator[list[str]]:
    """Give a list that gets the lines that are written to standard error meanwhile."""
    lines: list[str] = []
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            text = file.read()
            os.write(2, text)  # to the log as well
            lines += text.decode(errors="replace").splitlines()
