"""Measure how long a file takes on a runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgekit.core.types import AnyPath
from edgekit.running.place import Hardware, Place, refuse_unrunnable
from edgekit.running.timing import time_file


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Latency of single invocations of a file, after a warm-up.

    Attributes:
        runs: How many invocations were timed.
        latency_ms_median: Milliseconds.
        latency_ms_p90: 90th percentile, milliseconds.
        peak_memory_bytes: Of the worker process.
        hardware: Whether the hardware that is meant computed. Latencies of an emulated one, or of a
            GPU that is computed in software, say nothing of it.
    """

    file: str
    runtime: str
    device: str
    threads: int
    runs: int
    latency_ms_median: float
    latency_ms_p90: float
    peak_memory_bytes: int
    hardware: Hardware = "real"


def bench(
    file: AnyPath,
    *,
    runtime: str = "litert",
    device: str = "local",
    threads: int = 1,
    runs: int = 100,
) -> Benchmark:
    """Time single invocations of a `.tflite` on random input, after a warm-up.

    Args:
        file: The `.tflite`.
        runtime: Name of a runtime.
        device: Where it runs.
        threads: Threads of the runtime, 1..256.
        runs: Timed invocations, 1..100000.

    Raises:
        BadModelFile: The file is not a `.tflite` model.
        Unavailable: The runtime or device is not there.
        WorkerFailed: The file does not run on it.
    """
    file = Path(file)
    refuse_unrunnable(file, runtime)
    place = Place(runtime=runtime, device=device)
    timing = time_file(file, place, threads=threads, runs=runs)
    return Benchmark(
        file=str(file),
        runtime=runtime,
        device=device,
        threads=threads,
        runs=runs,
        latency_ms_median=timing.median_ms,
        latency_ms_p90=timing.p90_ms,
        peak_memory_bytes=timing.peak_memory_bytes,
        hardware=place.hardware(timing.adapter),
    )
