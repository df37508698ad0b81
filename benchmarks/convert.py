"""How much longer does `edgekit convert` take than TensorFlow's converter alone?

Beside it runs a script that loads the model, calls `TFLiteConverter` and writes the file; edgekit
also runs the model and the file on two runtimes and compares them. Both are timed as whole
processes, in turns, so that a machine that slows down slows both; `processor` compares the seconds
that processors worked for them, which a busy machine hardly changes. Memory is the most that a
process and all below it hold together (proportional set size, sampled 20 times a second).

    python benchmarks/convert.py [--turns 5] [--only mobilenet_v2] [--precision int8]

Exits 1 where the ratio of the medians is over the limit: 1.25 for time, 1.1 for memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import keras

LIMITS = {"time": 1.25, "memory": 1.1}
EXAMPLES = 100
"""Calibration examples, as many as TensorFlow's guide asks for at least."""

PEER = """
import sys
import numpy as np
import keras
import tensorflow as tf
source, out, precision, calibration = sys.argv[1:]
converter = tf.lite.TFLiteConverter.from_keras_model(keras.models.load_model(source))
if precision == "int8":
    images = np.load(calibration)["image"]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([images[k : k + 1]] for k in range(len(images)))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
with open(out, "wb") as stream:
    stream.write(converter.convert())
"""


@dataclass(frozen=True)
class Run:
    """One whole process and its children: seconds by the clock and of processors, most bytes."""

    seconds: float
    processor_seconds: float
    bytes: int


def small_cnn() -> keras.Model:
    """Return a classifier of 28x28 pictures with three convolutions."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax", name="scores"),
        ]
    )


def plain_layers(count: int) -> Callable[[], keras.Model]:
    """Return what builds a chain of convolutions, to show the growth by layers."""

    def build() -> keras.Model:
        import keras
        from keras import layers

        chain = [layers.Conv2D(16, 3, padding="same", activation="relu") for _ in range(count)]
        ends = [layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")]
        return keras.Sequential([keras.Input((32, 32, 3), name="image"), *chain, *ends])

    return build


def application(name: str) -> Callable[[], keras.Model]:
    """Return what builds one of Keras' applications for ten classes, with random weights."""

    def build() -> keras.Model:
        import keras

        image = keras.Input((224, 224, 3), name="image")
        return getattr(keras.applications, name)(weights=None, input_tensor=image, classes=10)

    return build


MODELS: dict[str, Callable[[], keras.Model]] = {
    "small_cnn": small_cnn,
    "mobilenet_v2": application("MobileNetV2"),
    "nasnet_mobile": application("NASNetMobile"),
    "10 layers": plain_layers(10),
    "100 layers": plain_layers(100),
}


def held(pid: int) -> int:
    """Return the bytes that a process and all below it hold, shared ones divided."""
    total, below = 0, [str(pid)]
    while below:
        process = Path("/proc") / below.pop()
        try:
            lines = (process / "smaps_rollup").read_text().splitlines()
            total += 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            for thread in (process / "task").iterdir():
                below += (thread / "children").read_text().split()
        except (OSError, StopIteration):  # it has just ended
            continue
    return total


def timed(command: list[str]) -> Run:
    """Run a command to its end; a conversion out of its limits has been timed all the same."""
    start, most = time.perf_counter(), 0
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            most = max(most, held(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            told.seek(0)
            raise SystemExit(f"{' '.join(command)} failed: {told.read()[-2000:].decode()}")
    return Run(seconds, used.ru_utime + used.ru_stime, most)


def compare(source: Path, precision: str, turns: int) -> tuple[list[Run], list[Run]]:
    """Return the runs of the peer and of edgekit, taken in turns after one that is not counted."""
    folder = source.parent
    calibration = folder / f"{source.stem}.npz"
    peer = [sys.executable, "-c", PEER, str(source), str(folder / "peer.tflite"), precision]
    ours = [sys.executable, "-m", "edgekit", "convert", str(source), "--precision", precision]
    ours += ["--out", str(folder / "ours.tflite"), "--json"]
    commands = [*peer, str(calibration)], [*ours, "--calibration", str(calibration)]
    runs: tuple[list[Run], list[Run]] = ([], [])
    for turn in range(turns + 1):
        for command, taken in zip(commands, runs, strict=True):
            run = timed(command)
            if turn:
                taken.append(run)
    return runs


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--only", choices=MODELS, action="append")
    parser.add_argument("--precision", choices=("float32", "int8"), action="append")
    asked = parser.parse_args()
    table = Table("model", "precision", "TFLiteConverter", "edgekit", "time", "processor", "memory")
    over = False
    with tempfile.TemporaryDirectory() as scratch:
        for name in asked.only or MODELS:
            model = MODELS[name]()
            source = Path(scratch) / f"{name.replace(' ', '_')}.keras"
            model.save(source)
            shape = (EXAMPLES, *model.input_shape[1:])
            images = np.random.default_rng(0).random(shape, np.float32)
            np.savez(source.with_suffix(".npz"), image=images)
            for precision in asked.precision or ("float32", "int8"):
                print(f"{name}, {precision}", file=sys.stderr)
                both = compare(source, precision, asked.turns)
                medians = [
                    [statistics.median(values) for values in zip(*map(astuple, runs), strict=True)]
                    for runs in both
                ]
                time_ratio, processor_ratio, memory_ratio = (
                    ours / peer for peer, ours in zip(*medians, strict=True)
                )
                over |= time_ratio > LIMITS["time"] or memory_ratio > LIMITS["memory"]
                cells = [f"{s:.1f} s, {most / 2**20:,.0f} MiB" for s, _, most in medians]
                ratios = (time_ratio, processor_ratio, memory_ratio)
                table.add_row(name, precision, *cells, *(f"{ratio:.2f}" for ratio in ratios))
    Console().print(table)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
