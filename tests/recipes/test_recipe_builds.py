"""Every recipe, small: trained, converted to int8, run on both runtimes, used from its bundle.

With `--changed`, only those whose own code changed since they were built, and a few always.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.reporting import report_json
from tests.support import built as record


@pytest.fixture(params=registry.names("recipes"), scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.config.getoption("--changed") and record.is_recorded(request.param):
        pytest.skip("its own code is as it was when it was built")
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
    program = built / "bundle" / f"{recipe.program.name}.py"
    command = [str(program), "--variant", "int8", *recipe.program.example]
    ran = answered(python, command, built.parent)
    if "pip install opencv" in ran.stderr:  # where LiteRT is, it is too
        ran = answered(sys.executable, command, built.parent)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()
    record.remember(built.name)


def answered(python: str, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program, whatever the current folder is."""
    return subprocess.run([python, *command], cwd=folder, capture_output=True, text=True)
