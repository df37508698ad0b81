"""Bundles for boards: a build whose golden vectors are right, and an emulated board to run one."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.building.programs import write_programs
from edgekit.core import registry
from edgekit.core.recipe import Program
from edgekit.core.types import Array
from edgekit.on_device.interpreter import open_on_cpu
from edgekit.on_device.pictures import to_pgm
from edgekit.source_model.golden_vectors import write_arrays
from tests.support.example_run import write_run
from tests.support.paths import GOLDEN, RECIPES

PICTURE = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)


def add_classifier(run_dir: Path) -> None:
    """Add the program for 8 x 8 pictures to a run folder, and an example."""
    recipe = registry.get("recipes", str(RECIPES / "doubling.py"))
    program = Program(name="classify", example=("example.pgm",))
    assets = {"example.pgm": to_pgm(PICTURE)}
    recipe = replace(recipe, program=program, assets=lambda size: assets)
    write_programs(recipe, "tiny", run_dir / "device")


def write_board_run(folder: Path) -> Path:
    """Write a run folder with the program, whose golden vectors are what float32 answers."""
    run_dir = write_run(folder)
    add_classifier(run_dir)
    images = np.random.default_rng(1).random((20, 8, 8, 1), np.float32)
    scores = np.concatenate([answer_of(image) for image in images])
    write_arrays(run_dir / "vectors.npz", {"image": images}, {"scores": scores})
    return run_dir


def answer_of(image: Array) -> Array:
    """Return what the golden float32 model answers to a picture, `(1, 3)`."""
    interpreter = open_on_cpu(GOLDEN / "float32.tflite", 1)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(taken["index"], image[np.newaxis])
    interpreter.invoke()
    return np.array(interpreter.get_tensor(given["index"]))


def run_on_board(
    bundle: Path, *arguments: str, folder: Path, package: str = "tflite_runtime"
) -> subprocess.CompletedProcess[str]:
    """Run a bundle's runner on the emulated Raspberry Pi, which has NumPy and one runtime only.

    Args:
        bundle: Its folder.
        *arguments: Of its runner.
        folder: The current folder there, which gets links to the packages.
        package: The runtime's.
    """
    device = registry.get("devices", "raspberry-pi")
    command = device.command(registry.get("runtimes", "litert"))
    wheels = Path(command.env["PYTHONPATH"])
    for name in ("numpy", "numpy.libs", package):  # what `pip install -r` would have put there
        if not (folder / name).exists():
            (folder / name).symlink_to(wheels / name)
    python = [word for word in command.argv if word != "-P"]
    env = {**os.environ, **command.env, "PYTHONPATH": str(folder)}
    words = [*python, str(bundle / "run.py"), *arguments]
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
