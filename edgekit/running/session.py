"""A `.tflite` file as a function, on any runtime and device, called like the Keras reference.

The file runs in a worker process (`edgekit.running.worker`), so a crash or a hang becomes an
exception with a name. Floats go in and come out: inputs are quantized, and outputs dequantized,
with the scale and zero point that the file itself holds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.core import registry
from edgekit.core.errors import BadInput, ModelRefused, Unavailable
from edgekit.core.kinds import Command
from edgekit.core.types import Array, Batch
from edgekit.running.place import Place
from edgekit.running.quantization import (
    check_names,
    example_bytes,
    from_port,
    number_ports,
    require_room,
    to_ports,
)
from edgekit.running.worker_process import Details, Loaded, Timed, Timing, Worker
from edgekit.tflite.reader import Port, read

CHUNK_BYTES = 8 << 20
"""Examples cross in messages of about this size."""

_FREE_SHAPES_BYTES = 1 << 26
"""Outputs may be so large, whatever the file says: some have shapes that the inputs decide."""


def open_session(
    path: Path | str,
    *,
    runtime: str,
    device: str = "local",
    threads: int = 1,
    timeout_s: float = 120.0,
) -> Session:
    """Load a file on a runtime and device; use the result in a `with` block.

    Args:
        path: A `.tflite` file.
        runtime: Name of a runtime, such as "litert", or the path of a runtime file.
        device: Name of a device, such as "local", or `ssh://user@host`.
        threads: Number of threads the interpreter may use, 1..256.
        timeout_s: Seconds until a worker that does not answer a message is ended.

    Raises:
        NotFound: There is no such file, runtime or device.
        BadModelFile: The file is no `.tflite`.
        BadInput: The runtime does not run on that device, `threads` is out of range, or the file
            takes or gives text.
        Unavailable: The runtime or device is not here; the sentence says how to get it.
        ModelRefused: The runtime does not take the file.
        WorkerDied: Loading the file ended the worker.
        WorkerTimeout: Loading took longer than `timeout_s`.

    Example:
        >>> with open_session("tests/golden/float32.tflite", runtime="litert") as run:
        ...     outputs = run({"image": np.zeros((2, 8, 8, 1), np.float32)})
    """
    path = Path(path)
    file = read(path)
    inputs, outputs = number_ports(file)
    require_room(file)
    if not 1 <= threads <= 256:
        raise BadInput(f"threads is {threads}; allowed are 1 to 256.")
    command, options = _start(runtime, device)
    worker = Worker(command, where=f"{registry.name_of('runtimes', runtime)} on {device}")
    try:
        model = {"model": np.frombuffer(path.read_bytes(), np.uint8)}
        settled: tuple[list[Port], list[Port]] = [], []
        for signature in dict.fromkeys(port.signature for port in outputs):
            fields = {"threads": threads, "signature": signature, **options}
            answer, _ = worker.ask("load", model, timeout_s=timeout_s, most_bytes=0, **fields)
            loaded = worker.typed(Loaded, answer)
            settled[0].extend(_settled(inputs, loaded.inputs, signature))
            settled[1].extend(_settled(outputs, loaded.outputs, signature))
        return Session(
            worker,
            tuple(settled[0]),
            outputs=tuple(settled[1]),
            info={**loaded.info, **_adapter(worker.log())},
            timeout_s=timeout_s,
        )
    except Unavailable as error:
        worker.close()
        install = registry.get("runtimes", runtime).install
        advice = f" On the device run: {install}" if install else ""
        raise Unavailable(f"{error}{advice}") from error
    except BaseException:
        worker.close()
        raise


class Session:
    """A loaded file; call it with a batch. Made by `open_session`.

    Attributes:
        info: What runs: `runtime` with version, `python`, `machine`, `system`, `cpu`; on an
            accelerator also `adapter` and whether the graph is `accelerated` fully or partly; on
            a microcontroller's runtime `arena_bytes`.
    """

    def __init__(
        self,
        worker: Worker,
        inputs: tuple[Port, ...],
        *,
        outputs: tuple[Port, ...],
        info: Mapping[str, str],
        timeout_s: float,
    ) -> None:
        self.info = info
        self._worker = worker
        self._inputs = inputs
        self._outputs = outputs
        self._timeout_s = timeout_s

    @property
    def arena_bytes(self) -> int:
        """Working memory that the model takes on a microcontroller's runtime; 0 on others."""
        return int(self.info.get("arena_bytes", 0))

    @property
    def steps(self) -> dict[str, float]:
        """Output name -> difference between neighbouring values, where an output is quantized."""
        return {port.name: port.step for port in self._outputs if port.step}

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker process."""
        self._worker.close()

    def __call__(self, batch: Batch) -> dict[str, Array]:
        """Run any number of examples, one invocation each.

        Args:
            batch: Input name -> array with the axis of examples in front, shape
                `(examples, ...)`. Floats are quantized where the file takes integers; integers of
                the very type the file takes go in as they are. A file of several signatures
                takes the inputs of all, `SIGNATURE/INPUT`; each may have its own examples.

        Returns:
            Output name -> array, axis of examples in front; quantized outputs as float32.

        Raises:
            BadData: Names, shapes or types of the batch do not fit the file.
            WorkerFailed: The worker died, hung, or the runtime refused to invoke.
        """
        check_names(self._inputs, batch)
        answers: dict[str, Array] = {}
        for signature in dict.fromkeys(port.signature for port in self._outputs):
            answers |= self._answers(signature, batch)
        return answers

    def _answers(self, signature: str, batch: Batch) -> dict[str, Array]:
        """Run one signature on its inputs; "" is the only one."""
        inputs, outputs = self._of(signature)
        arrays = to_ports(inputs, {port.name: batch[port.name] for port in inputs})
        parts = [
            self._outputs_of(chunk, outputs, signature)
            for chunk in self._chunks(arrays, (*inputs, *outputs))
        ]
        return {
            port.name: from_port(port, np.concatenate([part[str(port.index)] for part in parts]))
            for port in outputs
        }

    def _outputs_of(self, chunk: Batch, outputs: Sequence[Port], signature: str) -> Batch:
        """Let the worker run some examples, and see that it answers something for each of them."""
        examples = len(next(iter(chunk.values())))
        expected = examples * sum(map(example_bytes, outputs))
        _, answer = self._worker.ask(
            "invoke",
            chunk,
            timeout_s=self._timeout_s,
            most_bytes=max(4 * expected, _FREE_SHAPES_BYTES),
            signature=signature,
        )
        for port in outputs:
            array = answer.get(str(port.index), np.empty(0))
            if array.shape[:1] != (examples,) or array.dtype != np.dtype(port.dtype):
                what = f"{array.dtype} of shape {array.shape} as '{port.name}'"
                raise self._worker.broken(f"{what}, which is {port.dtype}, for {examples} examples")
        return answer

    def _of(self, signature: str) -> tuple[list[Port], list[Port]]:
        """Return the inputs and outputs of a signature."""
        inputs = [port for port in self._inputs if port.signature == signature]
        return inputs, [port for port in self._outputs if port.signature == signature]

    def time(self, batch: Batch, *, runs: int = 50, warmup: int = 10) -> Timing:
        """Time single invocations on the first example, inside the worker.

        Of several signatures the first is timed.

        Args:
            batch: As for a call; only the first example is used.
            runs: How often to time, 1..100000.
            warmup: How often to invoke before, 0..100000.

        Raises:
            BadInput: `runs` or `warmup` is out of range.
            BadData: The batch does not fit the file.
            WorkerFailed: The worker died, hung, or the runtime refused to invoke.
        """
        if not (1 <= runs <= 100_000 and 0 <= warmup <= 100_000):
            raise BadInput(f"runs is {runs}, warmup {warmup}; allowed are 1 and 0 to 100000.")
        check_names(self._inputs, batch)
        signature = self._outputs[0].signature
        inputs, _ = self._of(signature)
        arrays = to_ports(inputs, {port.name: batch[port.name] for port in inputs})
        first = {name: array[:1] for name, array in arrays.items()}
        latencies_ms: list[float] = []
        count = 1
        while len(latencies_ms) < warmup + runs:
            asked = min(count, warmup + runs - len(latencies_ms))
            found, memory = self._latencies(first, asked, signature)
            latencies_ms += (found / 1e6).tolist()
            count = self._fitting(max(latencies_ms) / 1e3)
        return Timing(
            latencies_ms=tuple(latencies_ms[warmup:]),
            peak_memory_bytes=memory,
            adapter=self.info.get("adapter", ""),
        )

    def _latencies(self, first: Batch, runs: int, signature: str) -> tuple[Array, int]:
        """Let the worker time some invocations: nanoseconds of each, and its memory in bytes."""
        fields, answer = self._worker.ask(
            "time",
            first,
            timeout_s=self._timeout_s,
            most_bytes=8 * runs,
            signature=signature,
            runs=runs,
        )
        found = answer.get("latencies_ns", np.empty(0))
        if found.shape != (runs,) or found.dtype.kind != "i" or found.min() < 0:
            raise self._worker.broken(f"no {runs} latencies of whole nanoseconds")
        return found, self._worker.typed(Timed, fields).peak_memory_bytes

    def _fitting(self, seconds_each: float) -> int:
        """Return how many invocations one message may ask for without seeming to hang."""
        return max(1, int(self._timeout_s / 4 / max(seconds_each, 1e-6)))

    def _chunks(self, arrays: Batch, ports: Sequence[Port]) -> Iterator[Batch]:
        """Cut a batch into messages that are small and soon answered."""
        examples = len(next(iter(arrays.values())))
        one_example = sum(map(example_bytes, ports))
        start, count = 0, 1
        while start < examples:
            began = time.monotonic()
            yield {name: array[start : start + count] for name, array in arrays.items()}
            seconds_each = (time.monotonic() - began) / count
            start += count
            count = max(1, min(self._fitting(seconds_each), CHUNK_BYTES // max(one_example, 1)))


def _start(runtime: str, device: str) -> tuple[Command, Mapping[str, str | int | bool]]:
    """Return how to start the worker and what to tell it, or raise why it cannot be started."""
    place = Place(runtime=runtime, device=device)
    if sentence := place.mismatch():
        raise BadInput(sentence)
    if sentence := place.missing():
        raise Unavailable(sentence)
    interpreter, board = place.find()
    return board.command(interpreter), interpreter.options


def _settled(ports: tuple[Port, ...], loaded: Sequence[Details], signature: str) -> Iterator[Port]:
    """Yield a signature's ports with the shapes that the interpreter gave them on loading."""
    mine = [port for port in ports if port.signature == signature]
    shapes = {port.index: port.shape for port in loaded}
    if {port.index for port in mine} != set(shapes):
        raise ModelRefused("The runtime sees other inputs or outputs than those of the graph.")
    yield from (replace(port, shape=shapes[port.index]) for port in mine)


def _adapter(log: str) -> dict[str, str]:
    """Read from the accelerator's log which adapter it chose; its API does not tell."""
    line = re.search(r"Selected adapter: (.*)", log)
    return {"adapter": line[1].strip()} if line else {}
