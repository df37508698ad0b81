"""Latency of a file on a runtime and device."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.core.errors import BadInput, Unavailable
from edgekit.core.report import Timing
from edgekit.core.types import Batch
from edgekit.running.place import Place
from edgekit.running.session import open_session
from edgekit.tflite.reader import ports, read


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
    """Return `count` random examples that fit a file's inputs.

    Quantized inputs get numbers over all that they can stand for, other floats are in 0..1, and
    integers 0 or 1, which are valid indices of any embedding with at least two rows.
    """
    random = np.random.default_rng(seed)
    batch = {}
    for port in ports(read(path))[0]:
        shape = (count, *(max(1, length) for length in port.shape[1:]))
        if port.scale:
            stored = np.iinfo(port.dtype)
            steps = random.integers(stored.min, stored.max, shape, endpoint=True)
            batch[port.name] = (port.scale * (steps - port.zero_point)).astype(np.float32)
        elif port.dtype.startswith("float"):
            batch[port.name] = random.random(shape, np.float32)
        else:
            batch[port.name] = random.integers(0, 2, shape).astype(port.dtype)
    return batch
