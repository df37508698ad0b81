"""Does the worker report the latency that a bare interpreter loop measures?

Both load the same file in a process of the same Python, set the same input once and time single
invocations. They take turns in short bursts, so that a machine that slows down slows both, and are
restarted several times, since it matters too where in memory a process lies. Prints the median over
bursts of (worker's median / loop's median); exits 1 where it is off by more than 3 %.

    python benchmarks/worker_overhead.py [--starts 5] [--bursts 40] [--runtime litert] [FILE...]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgekit.core import processes, registry
from edgekit.running.session import Session, open_session
from edgekit.tflite import reader

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
FILES = [GOLDEN / "float32.tflite", GOLDEN / "int8.tflite"]
RUNTIMES = ["tflite-runtime", "litert"]
LIMIT = 0.03
BURST_MS = 20.0
"""How long a burst lasts, about; at least 20 invocations."""

BARE_LOOP = """
import statistics, sys, time
import numpy as np
from {module} import Interpreter

# A function, since looking up globals alone takes 6 % of a microsecond.
def loop(invoke, clock, runs):
    latencies = []
    for _ in range(runs):
        start = clock()
        invoke()
        latencies.append(clock() - start)
    return latencies

interpreter = Interpreter(model_path={path!r}, num_threads=1)
interpreter.allocate_tensors()
for port in interpreter.get_input_details():
    interpreter.set_tensor(port["index"], np.zeros(port["shape"], port["dtype"]))
for line in sys.stdin:
    found = loop(interpreter.invoke, time.perf_counter_ns, int(line))
    print(statistics.median(found) / 1e6, flush=True)
"""

Burst = Callable[[int], float]
"""Number of invocations -> median latency in milliseconds."""


@contextmanager
def bare(runtime: str, path: Path) -> Iterator[Burst]:
    """Start a process with the loop that anyone would write."""
    interpreter = registry.get("runtimes", runtime)
    code = BARE_LOOP.format(module=interpreter.options["module"], path=str(path))
    command = interpreter.command().python(code)
    with tempfile.TemporaryFile() as log, processes.start(command, log=log) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def burst(runs: int) -> float:
            questions.write(f"{runs}\n".encode())
            questions.flush()
            return float(answers.readline())

        yield burst


@contextmanager
def worker(runtime: str, path: Path) -> Iterator[Burst]:
    """Start a session, and a burst is what it reports."""
    inputs, _ = reader.ports(reader.read(path))
    zeros = {port.name: np.zeros((1, *port.shape[1:]), port.dtype) for port in inputs}

    def burst(session: Session, runs: int) -> float:
        return session.time(zeros, runs=runs, warmup=1).median_ms

    with open_session(path, runtime=runtime) as session:
        yield lambda runs: burst(session, runs)


def compare(runtime: str, path: Path, *, starts: int, bursts: int) -> float:
    """Measure in turns, print one line, return the median ratio."""
    pairs = []
    for _ in range(starts):
        with worker(runtime, path) as ours, bare(runtime, path) as theirs:
            runs = max(20, int(BURST_MS / max(ours(20), theirs(20))))
            ours(runs), theirs(runs)  # warm-up
            for turn in range(bursts):
                first = ours(runs) if turn % 2 else None
                other = theirs(runs)
                pairs.append((first or ours(runs), other))
    low, middle, high = np.percentile([one / other for one, other in pairs], [25, 50, 75])
    us = [1e3 * statistics.median(column) for column in zip(*pairs, strict=True)]
    print(
        f"{runtime:15} {path.stem:12} worker {us[0]:9.3f} us   loop {us[1]:9.3f} us   "
        f"ratio {middle:.4f} (quartiles {low:.4f} to {high:.4f}; "
        f"{starts} starts x {bursts} bursts x {runs} runs)",
        flush=True,
    )
    return float(middle)


def main() -> int:
    """Compare every runtime that is here on every file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, default=FILES)
    parser.add_argument("--runtime", action="append", choices=RUNTIMES)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--bursts", type=int, default=40)
    given = parser.parse_args()
    ratios = []
    for runtime in given.runtime or RUNTIMES:
        if missing := registry.get("runtimes", runtime).missing():
            print(f"{runtime:15} not run: {missing}")
            continue
        for path in given.files:
            ratios.append(compare(runtime, path, starts=given.starts, bursts=given.bursts))
    return int(not ratios or any(abs(ratio - 1) > LIMIT for ratio in ratios))


if __name__ == "__main__":
    sys.exit(main())
