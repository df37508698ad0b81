"""Latency of a file on a runtime and device; and random examples to run it on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.core.errors import BadInput, Unavailable
from edgekit.core.types import Array, Batch
from edgekit.running.place import Place
from edgekit.running.quantization import example_shape, number_ports, require_room
from edgekit.running.session import open_session
from edgekit.running.worker_process import Timing
from edgekit.tflite.input_ranges import Range, expected_ranges
from edgekit.tflite.reader import Port, read


def time_file(
    path: Path, place: Place, *, inputs: Batch | None = None, threads: int = 1, runs: int = 50
) -> Timing:
    """Time single invocations of a file.

    Args:
        path: The file.
        place: Where it runs.
        inputs: Input name -> array, of which the first example is used; random if None.
        threads: Threads of the interpreter, 1..256.
        runs: Timed invocations, 1..100000.

    Raises:
        BadInput: `runs` or `threads` is out of range.
        Unavailable: The runtime or device is not there.
        WorkerFailed: The file does not run there.
    """
    if reason := place.missing():
        raise Unavailable(reason)
    if not 1 <= runs <= 100_000:
        raise BadInput(f"runs is {runs}; allowed are 1 to 100000.")
    batch = inputs or random_batch(path)
    with open_session(path, runtime=place.runtime, device=place.device, threads=threads) as session:
        return session.time({name: array[:1] for name, array in batch.items()}, runs=runs)


def random_batch(path: Path, count: int = 1, seed: int = 0) -> Batch:
    """Return random examples that fit a file's inputs, in the range that its operators expect.

    Word numbers are rows of the table in which they are looked up; quantized inputs get numbers
    over all that they can stand for, bytes over their whole range, other floats what their first
    operators ask for, or 0..1, and other integers 0 or 1.

    Args:
        path: The file.
        count: How many examples.
        seed: Same seed, same examples.

    Returns:
        Input name -> array of shape `(count, *shape of an example)`.

    Raises:
        BadInput: An input holds no numbers, or they would take too much memory.
    """
    random = np.random.default_rng(seed)
    model = read(path)
    require_room(model, count)
    ranges = expected_ranges(model)

    def of_main(port: Port) -> Range | None:
        return None if port.subgraph else ranges.get(port.index)

    return {
        port.name: _random(random, port, (count, *example_shape(port)), of_main(port))
        for port in number_ports(model)[0]
    }


def _random(
    random: np.random.Generator, port: Port, shape: tuple[int, ...], expected: Range | None
) -> Array:
    kind = np.dtype(port.dtype)
    if expected and expected.whole:
        whole = np.floor(random.uniform(expected.low, expected.high + 1, shape))
        return whole.astype(np.float32 if port.scale else kind)
    if port.scale or (kind.kind in "iu" and kind.itemsize == 1):
        limits = np.iinfo(kind)
        stored = random.integers(limits.min, limits.max, shape, kind.type, endpoint=True)
        real = port.scale * (stored.astype(np.float64) - port.zero_point)
        return real.astype(np.float32) if port.scale else stored
    if kind.kind != "f":
        return random.integers(0, 2, shape).astype(kind)
    if expected:
        return random.uniform(expected.low, expected.high, shape).astype(kind)
    return random.random(shape, np.float32).astype(kind)
