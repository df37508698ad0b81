"""Every recipe, small: trained, converted to int8, run on both runtimes, used from its bundle."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.reporting import report_json

RECIPES = [name for name in registry.names("recipes") if name != "image_cnn"]
"""The spine has a build of its own in every landing."""

ARGUMENTS = {
    "complete": ["in the beginning"],
    "context": ["he sat on the bank of the river", "the bank was closed"],
    "nearest": ["king"],
    "nearest_ngrams": ["kingliest"],
    "sentiment": ["a wonderful film"],
    "translate": ["In the beginning God created the heavens."],
    "forecast": [str(PACKAGED / "sea_surface_temperature.csv.gz")],
    "keywords": ["recording.wav"],
}
"""What each program of `edgekit.on_device` is given here; `_write_recording` writes the sound."""


@pytest.fixture(params=RECIPES, scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "edgekit", "build", request.param, "--out", str(out)]
    chosen = ["--target", "cpu", "--target", "litert", "--variant", "int8"]
    ran = subprocess.run([*command, *chosen], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out / str(request.param)


@pytest.mark.slow
@pytest.mark.device
def test_it_builds_and_its_bundle_works_alone(built: Path) -> None:
    report = report_json.load_report(built)
    assert [row.status for row in report.rows] == 2 * ["measured"]
    assert all(row.ok for row in report.rows)
    recipe: Recipe = registry.get("recipes", built.name)
    # As a user starts it: the isolated mode of our own workers would hide a program's neighbours.
    python = registry.get("runtimes", "tflite-runtime").command().argv[0]
    program = recipe.on_device[0]
    _write_recording(built / "bundle" / "recording.wav")
    ran = subprocess.run(
        [python, f"{program}.py", "--variant", "int8", *ARGUMENTS[program]],
        cwd=built / "bundle",
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()


def _write_recording(path: Path) -> None:
    """Write a second of a falling tone: 8 kHz, mono, 16 bit."""
    phase = np.cumsum(np.linspace(900, 300, 8000)) * 2 * np.pi / 8000
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes((8000 * np.sin(phase)).astype("<i2").tobytes())
