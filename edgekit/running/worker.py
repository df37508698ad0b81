"""Load and run one `.tflite` file on this machine, for requests on standard input.

It is one file because a device gets it alone, for its own Python to run: it needs nothing but
NumPy, the interpreter and Python 3.8. The other end is `edgekit.running.worker_process`.

A message is the mark `EDGK`, the length of a header in 4 bytes (big endian), the header in JSON,
and the raw bytes of the arrays that the header lists as `[name, "<f4", shape]`. Nothing is pickled.
Requests are answered one by one; an answer is a message, or one with `error: {kind, message}`:

    load    array "model"; `Runtime.options`, `threads`, `signature`; returns inputs, outputs, info
    invoke  one array per input, named by tensor index, with an axis of examples in front
    time    as invoke, with one example, and `runs`; returns array "latencies_ns"
"""

from __future__ import annotations

import importlib
import json
import math
import os
import platform
import resource
import signal
import sys
import threading
import time
from importlib.metadata import version
from types import ModuleType
from typing import IO, Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

import numpy as np

BOOTSTRAP = (  # takes the current folder, where a json.py may lie, from where modules come from
    "import os,sys;h=os.path;i=sys.stdin.buffer;n=int.from_bytes(i.read(4),'big');"
    "sys.path[:]=[p for p in sys.path if p and not(h.exists(p)and h.samefile(p,'.'))];"
    "exec(compile(i.read(n),'worker.py','exec'))"
)
MARK = b"EDGK"
MAX_HEADER_BYTES, MAX_ARRAY_BYTES, MAX_AXES = 1 << 20, 1 << 31, 32
Arrays = Mapping[str, np.ndarray]
Fields = Mapping[str, Any]  # a JSON object
Message = Tuple[Dict[str, Any], Dict[str, np.ndarray]]  # the header's fields, and the arrays
Listed = Tuple[str, str, List[int]]  # an array in a header: name, type, shape
Details = Dict[str, Any]  # of an input or output: index of the tensor, dtype, shape


class ProtocolError(Exception):
    """The other end sent something that is not a message."""


class Refusal(Exception):
    """A request that cannot be met: name of an exception of `edgekit.core.errors`, and why."""


def write_message(stream: IO[bytes], header: Fields, arrays: Arrays) -> None:
    """Write a header and arrays; raise `ProtocolError` at a type or size that does not cross."""
    little = {key: a.astype(a.dtype.newbyteorder("<"), copy=False) for key, a in arrays.items()}
    _check(listed := [(name, a.dtype.str, list(a.shape)) for name, a in little.items()])
    text = json.dumps({**header, "arrays": listed}).encode()
    if len(text) > MAX_HEADER_BYTES:
        raise ProtocolError("a header of %d bytes; %d are allowed" % (len(text), MAX_HEADER_BYTES))
    stream.write(MARK + len(text).to_bytes(4, "big") + text)
    for array in little.values():
        stream.write(array.tobytes())
    stream.flush()


def read_message(stream: IO[bytes], most: int = MAX_ARRAY_BYTES) -> Optional[Message]:
    """Read a header and at most so many bytes of arrays; None if the stream ends before it.

    Raises `ProtocolError` at what is not a message, too large, or ends in the middle.
    """
    start = stream.read(8)
    if not start:
        return None
    if start[:4] != MARK:
        raise ProtocolError("bytes that are no message: %r" % start)
    length = int.from_bytes(start[4:], "big")
    if len(start) < 8 or length > MAX_HEADER_BYTES:
        raise ProtocolError("a message that is cut or has a header of %d bytes" % length)
    try:
        header = json.loads(_exactly(stream, length))
        _check(listed := header.pop("arrays"), most)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProtocolError("a header that is not understood: %s" % error) from error
    return header, {name: _array(stream, dtype, shape) for name, dtype, shape in listed}


def _check(listed: List[Listed], most: int = MAX_ARRAY_BYTES) -> None:
    total = 0
    for name, dtype, shape in listed:
        if np.dtype(dtype).kind not in "biufc" or type(name) is not str:
            raise ProtocolError("array %r of type %s; allowed are numbers and bool" % (name, dtype))
        if len(shape) > MAX_AXES or not all(type(n) is int and n >= 0 for n in shape):
            raise ProtocolError("array %r of shape %.99s" % (name, shape))
        total += _size(dtype, shape)
    if total > most:
        raise ProtocolError("%d bytes of arrays; %d are allowed" % (total, most))


def _size(dtype: str, shape: List[int]) -> int:
    return int(np.dtype(dtype).itemsize) * math.prod(shape)  # np.prod overflows silently


def _array(stream: IO[bytes], dtype: str, shape: List[int]) -> np.ndarray:
    data = bytearray(_exactly(stream, _size(dtype, shape)))  # an array that can be written to
    return np.frombuffer(data, dtype).reshape(shape)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    if len(data := stream.read(count)) < count:
        raise ProtocolError("a message that ends after %d of %d bytes" % (len(data), count))
    return data


class InterpreterBackend:
    """The classic interpreter of tflite-runtime or ai-edge-litert, on the CPU or a delegate."""

    def __init__(self, model: np.ndarray, options: Fields) -> None:
        package = _import(options["module"])
        arguments = {"model_content": model.tobytes(), "num_threads": options["threads"]}
        if options.get("kernels") == "reference":
            arguments["experimental_op_resolver_type"] = package.OpResolverType.BUILTIN_REF
        if options.get("delegate"):
            arguments["experimental_delegates"] = [package.load_delegate(options["delegate"])]
        interpreter = package.Interpreter(**arguments)
        for port in interpreter.get_input_details():
            shape, signature = list(port["shape"]), list(port["shape_signature"])
            if signature[:1] == [-1] and shape[0] != 1:
                interpreter.resize_tensor_input(port["index"], [1, *shape[1:]])
        interpreter.allocate_tensors()
        self.inputs = [_port(d) for d in interpreter.get_input_details()]
        self.outputs = [_port(d) for d in interpreter.get_output_details()]
        self.set, self.get = interpreter.set_tensor, interpreter.get_tensor
        self.invoke, self.reset = interpreter.invoke, interpreter.reset_all_variables
        self.facts: Dict[str, str] = {}
        if options.get("signature"):  # one of several, called by the names of its inputs
            runner = interpreter.get_signature_runner(options["signature"])
            sides = runner.get_input_details(), runner.get_output_details()
            self.inputs, self.outputs = ([_port(d) for d in side.values()] for side in sides)
            given, found = ({int(d["index"]): name for name, d in side.items()} for side in sides)
            values: Dict[Any, np.ndarray] = {}  # inputs by tensor index, outputs by name
            self.set, self.get = values.__setitem__, lambda index: values[found[index]]
            self.invoke = lambda: values.update(runner(**{given[k]: values[k] for k in given}))


class CompiledBackend:
    """ai-edge-litert's CompiledModel on the GPU accelerator alone: it never falls back."""

    def __init__(self, model: np.ndarray, options: Fields) -> None:
        litert = _import(options["module"])
        compiled = litert.CompiledModel.from_buffer(model.tobytes(), litert.HardwareAccelerator.GPU)
        listed = compiled.get_signature_list()
        key = options.get("signature") or next(iter(listed))
        at, names = list(listed).index(key), listed[key]
        ports = compiled.get_input_tensor_details(key), compiled.get_output_tensor_details(key)
        self.inputs = [_port(ports[0][name]) for name in names["inputs"]]
        self.outputs = [_port(ports[1][name]) for name in names["outputs"]]
        ins, outs = compiled.create_input_buffers(at), compiled.create_output_buffers(at)
        given = {port["index"]: ins[i] for i, port in enumerate(self.inputs)}
        self._outs = {p["index"]: (p, outs[i]) for i, p in enumerate(self.outputs)}
        self._run: Callable[[], object] = lambda: compiled.run_by_index(at, ins, outs)
        self._answers: Dict[int, np.ndarray] = {}
        self.set, self.get = lambda k, value: given[k].write(value), self._answers.__getitem__
        self.reset = lambda: None  # the accelerator takes no operator that remembers
        self.facts = {"accelerated": "fully" if compiled.is_fully_accelerated() else "partly"}

    def invoke(self) -> None:
        """Run and read the outputs: running alone returns before the accelerator is done."""
        self._run()
        for index, (port, buffer) in self._outs.items():
            values = buffer.read(_size("bool", port["shape"]), port["dtype"])
            self._answers[index] = values.reshape(port["shape"])


Backend = Union[InterpreterBackend, CompiledBackend]
BACKENDS: Dict[str, type] = {"interpreter": InterpreterBackend, "compiled": CompiledBackend}


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Refusal("Unavailable", "%s: %s" % (sys.executable, error)) from error


def _port(details: Fields) -> Details:
    dtype, shape = details["dtype"], [int(length) for length in details["shape"]]
    name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
    return {"index": int(details["index"]), "dtype": name, "shape": shape}


def invoke(backend: Backend, arrays: Arrays) -> Arrays:
    """Invoke once per example; inputs and outputs have an axis of examples in front."""
    if hasattr(backend, "invoke_each"):  # it runs elsewhere
        return dict(backend.invoke_each(arrays))
    answers: Dict[str, List[np.ndarray]] = {str(port["index"]): [] for port in backend.outputs}
    for example in range(len(next(iter(arrays.values())))):
        _set(backend, arrays, example)
        backend.invoke()
        for name, values in answers.items():
            values.append(backend.get(int(name)))
    return {name: np.stack(values) for name, values in answers.items()}


def timed(backend: Backend, arrays: Arrays, runs: int) -> Arrays:
    """Time single invocations on the first example; nothing but the invocation is timed."""
    if hasattr(backend, "latencies_ns"):  # it runs elsewhere, where the clock has to be
        return {"latencies_ns": np.array(backend.latencies_ns(arrays, runs), np.int64)}
    _set(backend, arrays, 0)
    run, clock, latencies = backend.invoke, time.perf_counter_ns, [0] * runs
    for i in range(runs):
        start = clock()
        run()
        latencies[i] = clock() - start
    return {"latencies_ns": np.array(latencies, np.int64)}


def _set(backend: Backend, arrays: Arrays, example: int) -> None:
    backend.reset()  # a fused LSTM remembers its last example
    for port in backend.inputs:
        backend.set(port["index"], arrays[str(port["index"])][example].reshape(port["shape"]))


def peak_memory_bytes() -> int:
    """Return the largest resident size of this process."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # on Linux begins at the parent's
    with open("/proc/self/status") as lines:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def info(module: str) -> Dict[str, str]:
    """Return what runs here: package of the runtime, Python, machine."""
    package = module.partition(".")[0].replace("_", "-")
    own = package == "tensorflow"  # its package may be tensorflow-cpu
    return {
        "runtime": package + " " + (_import(package).__version__ if own else version(package)),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "cpu": _cpu(),
    }


def _cpu() -> str:
    intel = platform.machine() == "x86_64"  # an emulated board sees the host's /proc/cpuinfo
    path, mark = ("/proc/cpuinfo", "model name") if intel else ("/proc/device-tree/model", "")
    if not os.path.exists(path):  # noqa: PTH110
        return platform.processor()
    with open(path) as lines:  # noqa: PTH123
        return next((x for x in lines if x.startswith(mark)), "").rpartition(":")[2].strip("\0 \n")


def answer(held: Dict[str, Backend], header: Fields, arrays: Arrays) -> Message:
    """Answer one request; `held` keeps what was loaded, by signature, between requests."""
    signature = header.get("signature", "")
    try:
        if header["command"] == "load":
            kinds: Dict[str, Any] = dict(BACKENDS)
            exec(header.get("code", ""), kinds)  # a runtime may bring a backend of its own
            backend = held[signature] = kinds[header["backend"]](arrays["model"], header)
            facts = {**info(header["module"]), **backend.facts}
            return {"inputs": backend.inputs, "outputs": backend.outputs, "info": facts}, {}
        if header["command"] == "time":
            latencies = timed(held[signature], arrays, header["runs"])
            memory = getattr(held[signature], "peak_memory_bytes", peak_memory_bytes)
            return {"peak_memory_bytes": memory()}, dict(latencies)
        return {}, dict(invoke(held[signature], arrays))
    except (RuntimeError, ValueError, TypeError) as error:  # the interpreter's own words
        raise Refusal("ModelRefused", str(error)) from error


def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # a long invocation does not see that standard input ended
        time.sleep(1)
    os._exit(1)


def main() -> None:
    """Answer requests until standard input ends."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # native libraries print to standard output; that goes to the log
    held: Dict[str, Backend] = {}
    while message := read_message(source):
        header, arrays = message
        signal.alarm(header["limit_s"])  # ends a hang when nobody is left to end it (ssh is gone)
        try:
            reply = answer(held, header, arrays)
        except Refusal as error:
            reply = {"error": {"kind": error.args[0], "message": error.args[1]}}, {}
        signal.alarm(0)
        write_message(sink, *reply)
    os._exit(0)  # some drivers crash while they are unloaded


if __name__ == "__main__":
    main()
