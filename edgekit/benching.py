"""Time a file on a runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.measuring import Place, refuse_unrunnable, time_file


def bench(
    file: Path, *, runtime: str = "litert", device: str = "local", threads: int = 1, runs: int = 100
) -> dict[str, Any]:
    """Time single invocations of a `.tflite` on random input, after a warm-up.

    Returns:
        `latency_ms_median` and `latency_ms_p90` in milliseconds, `peak_memory_bytes` of the worker
        process, and what was run.

    Raises:
        BadModelFile: The file is not a `.tflite` model.
        Unavailable: The runtime or device is not there.
        WorkerFailed: The file does not run on it.
    """
    refuse_unrunnable(file, runtime)
    timing = time_file(file, Place(runtime=runtime, device=device), threads=threads, runs=runs)
    return {
        "file": str(file),
        "runtime": runtime,
        "device": device,
        "threads": threads,
        "runs": runs,
        "latency_ms_median": timing.median_ms,
        "latency_ms_p90": timing.p90_ms,
        "peak_memory_bytes": timing.peak_memory_bytes,
    }
