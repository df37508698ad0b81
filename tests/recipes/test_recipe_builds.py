"""Every recipe, small: trained, converted to int8, run on both runtimes, used from its bundles.

With `--changed`, a few, and those whose own code changed since continuous integration passed; with
`--runs FOLDER`, the builds are kept there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import edgekit
from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Recipe
from edgekit.reporting import report_json
from tests.support import built
from tests.support.destinations import DESTINATIONS, keeps_state


@pytest.fixture(params=registry.names("recipes"), scope="module")
def run_dir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.config.getoption("--changed") and (why := built.why_left_out(request.param)):
        pytest.skip(why)
    kept: Path | None = request.config.getoption("--runs")
    out = kept.resolve() if kept else tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "edgekit", "build", request.param, "--out", str(out)]
    chosen = ["--target", "cpu", "--target", "litert", "--variant", "int8"]
    ran = subprocess.run([*command, *chosen], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return out / str(request.param)


@pytest.mark.slow
@pytest.mark.device
def test_it_builds_and_its_bundles_work(run_dir: Path, tmp_path: Path) -> None:
    report = report_json.load_report(run_dir)
    assert [row.status for row in report.rows] == 2 * ["measured"]
    assert all(row.ok for row in report.rows)
    answers_alone(run_dir)
    for name, proves in DESTINATIONS.items():
        (tmp_path / name).mkdir()
        if name == "web" and keeps_state(run_dir):
            with pytest.raises(BadInput, match="runs no verified variant"):
                edgekit.bundle(run_dir, name)
            continue
        try:
            proves(edgekit.bundle(run_dir, name).folder, tmp_path / name)
        except AssertionError as error:
            error.add_note(f"from the bundle of {run_dir.name} for {name}")
            raise


def answers_alone(run_dir: Path) -> None:
    """Let the bundle's program answer its example."""
    recipe: Recipe = registry.get("recipes", run_dir.name)
    # As a user starts it: the isolated mode of our own workers would hide a program's neighbours.
    python = registry.get("runtimes", "tflite-runtime").command().argv[0]
    program = run_dir / "bundle" / f"{recipe.program.name}.py"
    command = [str(program), "--variant", "int8", *recipe.program.example]
    ran = answered(python, command, run_dir.parent)
    if "pip install opencv" in ran.stderr:  # where LiteRT is, it is too
        ran = answered(sys.executable, command, run_dir.parent)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()


def answered(python: str, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program, whatever the current folder is."""
    return subprocess.run([python, *command], cwd=folder, capture_output=True, text=True)
