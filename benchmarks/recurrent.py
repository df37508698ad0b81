"""LSTM, GRU and SimpleRNN files beside those of Keras and TensorFlow: bytes, error, latency.

Every conversion runs in a process of its own, whose crash is a result. Files are timed in turns in
one run, on every runtime that is here: the median over turns of the median of a burst of single
invocations on one thread. Errors are the root of the mean squared difference to Keras on examples
that were not calibrated on. Ratios are ours to the best peer that runs. In int8, `ours, small` is a
loop for GRU and SimpleRNN, and `ours, fast` the unrolled form. Exits 1 if

- an LSTM of up to 16 units has more than 0.6 of a peer's bytes (small) or latency (either form),
- a small GRU has more bytes, or a fast GRU more latency, than a peer,
- int8 of ours does not convert or run,
- an int8 GRU's loop of 32 units or more has more than 0.6 of the float loop's bytes, or any loop a
  larger error than its unrolled form.

    python benchmarks/recurrent.py [--turns 15] [--runtime litert] [--size 20x16x16 ...]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from recurrent_peers import WAYS

from edgekit.converters.tflite import convert
from edgekit.core import processes, registry
from edgekit.core.errors import EdgekitError
from edgekit.core.types import Array
from edgekit.intake.options import Options
from edgekit.running.session import Session, open_session
from edgekit.tflite.reader import ports, read

RUNTIMES = ["tflite-runtime", "litert"]
KINDS = ["LSTM", "GRU", "SimpleRNN"]
SIZES = ["20x6x16", "72x1x16", "72x8x32", "49x40x64"]
"""Steps x features x units: a motion sensor, hours of one value, of eight, a second of sound."""
LIMIT = 0.6
LARGEST_CLAIMED = 16
"""Units up to which an LSTM is claimed to be at most `LIMIT` of the peers'. Beyond, bytes and
time go into the weights, which are the same in all files; what is saved is about 7 kB."""
SMALLEST_CLAIMED = 32
"""Units from which an int8 GRU's loop is claimed to be at most `LIMIT` of the float one's bytes.
Below, and in a SimpleRNN, which has a third of the weights, bytes go into the graph."""
BURST_MS = 20.0
OURS = ("ours, small", "ours, fast")

WRITE_MODEL = """
import sys, keras, numpy as np
kind, steps, features, units, path = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
keras.utils.set_random_seed(0)
x = keras.Input((steps, features), name="x")
y = keras.layers.Dense(4)(getattr(keras.layers, kind)(units)(x))
keras.Model(x, y).save(path)
random = np.random.default_rng(0)
inputs = np.tanh(random.standard_normal((500, steps, features), np.float32))
np.savez(path.replace(".keras", ".npz"), x=inputs[:100])
answers = keras.Model(x, y).predict(inputs[100:], verbose=0)
np.savez(path.replace(".keras", ".held_out.npz"), x=inputs[100:], answers=answers)
"""


@dataclass
class Row:
    """What became of one way to convert."""

    path: Path
    fate: str = ""
    latency_us: dict[str, float] = field(default_factory=dict)
    error: dict[str, float] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """Of the file; 0 if there is none."""
        return self.path.stat().st_size if self.path.exists() else 0


def written(kind: str, size: str, folder: Path) -> Path:
    """Write the Keras model and its calibration data; return the model's path."""
    path = folder / f"{kind}-{size}.keras"
    arguments = [kind, *size.split("x"), str(path)]
    done = processes.run([sys.executable, "-c", WRITE_MODEL, *arguments], env=quiet())
    if not done.ok:
        raise SystemExit(f"The {kind} cannot be written: {done.cause()}")
    return path


def quiet() -> dict[str, str]:
    """Return an environment in which TensorFlow says little."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


def by_us(source: Path, way: str, precision: str) -> Row:
    """Convert with edgekit."""
    row = Row(source.with_name(f"{source.stem}-{way}-{precision}.tflite"))
    try:
        convert(
            source,
            row.path,
            precision=precision,  # type: ignore[arg-type]
            calibration=source.with_suffix(".npz") if precision == "int8" else None,
            options=Options(recurrent=way.removeprefix("ours, ")),  # type: ignore[arg-type]
        )
    except EdgekitError as error:
        row.fate = f"fails: {error}"
    return row


def by_peer(source: Path, way: str, precision: str) -> Row:
    """Convert as others do, in a child."""
    row = Row(source.with_name(f"{source.stem}-{way}-{precision}.tflite"))
    script = str(Path(__file__).with_name("recurrent_peers.py"))
    command = [sys.executable, script, way, precision, str(source), str(row.path)]
    done = processes.run(command, env=quiet())
    if done.ending.startswith("SIG"):
        row.fate = f"crashes ({done.ending})"
    elif not done.ok:
        is_list = "TensorList" in done.stderr
        row.fate = "fails (TensorList)" if is_list else f"fails: {done.stderr[-200:]}"
    return row


def measure(rows: dict[str, Row], runtime: str, turns: int, held_out: dict[str, Array]) -> None:
    """Compare all files that run with Keras, and time them in turns."""
    with ExitStack() as stack:
        sessions: dict[str, tuple[Session, dict[str, Array]]] = {}
        for way, row in rows.items():
            if row.fate:
                continue
            try:
                session = stack.enter_context(open_session(row.path, runtime=runtime))
                batch = zeros(row.path)
                row.error[runtime] = error_of(session, row.path, held_out)
            except EdgekitError as error:
                row.latency_us[runtime] = float("nan")
                names = {op.name for graph in read(row.path).subgraphs for op in graph.operators}
                flex = any("Flex" in name for name in names)
                row.fate = "refused: Flex operators" if flex else f"refused: {error}"
                continue
            sessions[way] = (session, batch)
        medians: dict[str, list[float]] = {way: [] for way in sessions}
        for turn in range(turns):
            order = list(sessions) if turn % 2 else list(sessions)[::-1]
            for way in order:
                session, batch = sessions[way]
                runs = 20 if not medians[way] else max(20, int(BURST_MS * 1e3 / medians[way][-1]))
                medians[way].append(1e3 * session.time(batch, runs=runs, warmup=2).median_ms)
        for way, values in medians.items():
            rows[way].latency_us[runtime] = statistics.median(values)


def error_of(session: Session, path: Path, held_out: dict[str, Array]) -> float:
    """Return the root mean squared error of a file with one input and one output."""
    (given,), _ = ports(read(path))
    (found,) = session({given.name: held_out["x"]}).values()
    return float(np.sqrt(np.mean((found - held_out["answers"]) ** 2)))


def zeros(path: Path) -> dict[str, Array]:
    """Return input for one example of a file with the one input `x`."""
    inputs, _ = ports(read(path))
    return {port.name: np.zeros((1, *port.shape[1:]), port.dtype) for port in inputs}


def compare(kind: str, size: str, runtimes: list[str], turns: int, folder: Path) -> list[str]:
    """Convert, measure and print one model; return what falls short."""
    source = written(kind, size, folder)
    with np.load(source.with_suffix(".held_out.npz")) as arrays:
        held_out = dict(arrays)
    short, float_bytes = [], 0
    for precision in ("float32", "int8"):
        rows = {way: by_us(source, way, precision) for way in OURS}
        rows |= {way: by_peer(source, way, precision) for way in WAYS}
        for runtime in runtimes:
            measure(rows, runtime, turns, held_out)
        for way, row in rows.items():
            times = "".join(f"{row.latency_us.get(name, np.nan):12.1f}" for name in runtimes)
            times += "".join(f"{row.error.get(name, np.nan):12.5f}" for name in runtimes)
            size_kb = f"{row.size_bytes:10,d}" if row.size_bytes else f"{'-':>10}"
            print(
                f"{kind:10}{size:10}{precision:9}{way:27}{size_kb}{times}  {row.fate}", flush=True
            )
        if precision == "float32":
            short += judged(kind, size, rows, runtimes)
            float_bytes = rows[OURS[0]].size_bytes
        else:
            short += [f"{kind} {size} int8, {w}: {rows[w].fate}" for w in OURS if rows[w].fate]
            short += judged_loop(kind, size, rows, float_bytes)
    return short


def judged_loop(kind: str, size: str, rows: dict[str, Row], float_bytes: int) -> list[str]:
    """Return where an int8 loop is too large, or less right than its unrolled form."""
    loop, steps = (rows[way] for way in OURS)
    if kind == "LSTM" or not float_bytes:  # fused, or there is nothing to compare with
        return []
    ratio = loop.size_bytes / float_bytes
    print(f"{kind:10}{size:10}int8 loop / float loop: bytes {ratio:.2f}", flush=True)
    short = [
        f"{kind} {size} int8 on {name}: error {loop.error[name]:.5f}, unrolled {error:.5f}"
        for name, error in steps.error.items()
        if name in loop.error and loop.error[name] > error
    ]
    if kind == "GRU" and int(size.split("x")[2]) >= SMALLEST_CLAIMED and ratio > LIMIT:
        short.append(f"{kind} {size} int8: {ratio:.2f} of the float loop's bytes")
    return short


def judged(kind: str, size: str, rows: dict[str, Row], runtimes: list[str]) -> list[str]:
    """Print ratios of ours to each runtime's best peer; return those above the limit."""
    peers = [row for way, row in rows.items() if way in WAYS and row.size_bytes]
    is_small = int(size.split("x")[2]) <= LARGEST_CLAIMED
    limit = LIMIT if kind == "LSTM" else 1.0
    forms = {"LSTM": OURS, "GRU": OURS[1:]}.get(kind, ())
    ratios = {}
    if peers:
        ratios["bytes"] = rows[OURS[0]].size_bytes / min(row.size_bytes for row in peers)
    for name in runtimes:
        ran = [row.latency_us[name] for row in peers if row.latency_us.get(name, 0) > 0]
        for form in forms if ran else ():
            what = f"latency on {name}, {form.removeprefix('ours, ')}"
            ratios[what] = rows[form].latency_us[name] / min(ran)
    said = ", ".join(f"{what} {ratio:.2f}" for what, ratio in ratios.items())
    note = "" if kind == "GRU" or (is_small and kind == "LSTM") else " (no claim)"
    print(f"{kind:10}{size:10}ours / best peer: {said}{note}", flush=True)
    return [
        f"{kind} {size}: {what} {ratio:.2f} above {limit}"
        for what, ratio in ratios.items()
        if ratio > limit and not note
    ]


def main() -> int:
    """Compare every size on every runtime that is here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runtime", action="append", choices=RUNTIMES)
    parser.add_argument("--size", action="append", help="steps x features x units, as 20x16x16")
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--turns", type=int, default=15)
    given = parser.parse_args()
    runtimes = [
        name for name in given.runtime or RUNTIMES if not registry.get("runtimes", name).missing()
    ]
    head = "".join(f"{name[:8] + ' us':>12}" for name in runtimes)
    head += "".join(f"{name[:6] + ' error':>12}" for name in runtimes)
    print(f"{'':10}{'size':10}{'':9}{'way':27}{'bytes':>10}{head}")
    short = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in given.kind or KINDS:
            for size in given.size or SIZES:
                short += compare(kind, size, runtimes, given.turns, Path(folder))
    print(*short, sep="\n")
    return int(bool(short))


if __name__ == "__main__":
    sys.exit(main())
