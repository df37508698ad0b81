"""Recipes of several parts: recorded, converted, driven and bundled like those of one file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.building.parts import Recorder, parts_of, record
from edgekit.core import registry
from edgekit.reporting import report_json
from tests.support.paths import RECIPES


def test_a_recipe_of_one_file_has_the_one_part_model() -> None:
    recipe = registry.get("recipes", str(RECIPES / "blobs.py"))
    parts = parts_of(recipe)
    assert list(parts.signatures) == ["model"]
    assert parts.split("trained") == {"model": "trained"}
    run = lambda batch: batch  # noqa: E731
    assert parts.drive({"model": run}) is run


@given(calls=st.lists(st.integers(1, 9), min_size=1, max_size=20), count=st.integers(1, 30))
def test_a_recorder_keeps_whole_examples_and_no_more_than_asked(
    calls: list[int], count: int
) -> None:
    recorder = Recorder(lambda batch: {"y": 2 * batch["x"]}, count)
    numbers = iter(range(1000))
    for size in calls:
        recorder({"x": np.array([next(numbers) for _ in range(size)])})
    inputs, outputs = recorder.sample()
    np.testing.assert_array_equal(outputs["y"], 2 * inputs["x"])
    assert len(set(inputs["x"].tolist())) == len(inputs["x"]) == min(count, sum(calls))
    if sum(calls) <= count:
        np.testing.assert_array_equal(inputs["x"], np.arange(sum(calls)))


def test_every_step_of_a_loop_may_be_recorded() -> None:
    recipe = registry.get("recipes", str(RECIPES / "doubling.py"))
    runs = {
        "start": lambda batch: {"start": batch["pair"].sum(axis=1, keepdims=True)},
        "step": lambda batch: {"next": batch["state"] / 2},
    }
    inputs = recipe.data("test", "tiny").inputs
    outputs, seen = record(recipe, runs, inputs, count=1000)
    assert outputs["values"].shape == (64, 4)
    assert seen["start"][0]["pair"].shape == (64, 2)
    assert seen["step"][0]["state"].shape == (3 * 64, 1)
    np.testing.assert_array_equal(seen["step"][1]["next"][:64], outputs["values"][:, 1:2])


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "edgekit", "build", str(RECIPES / "doubling.py")]
    ran = subprocess.run(
        [*command, "--target", "litert", "--target", "edgetpu", "--out", out],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return out / "doubling"


@pytest.mark.slow
def test_a_build_measures_the_parts_together(run_dir: Path) -> None:
    report = report_json.load_report(run_dir)
    assert report.reference < 1e-6
    assert report.baseline.value == pytest.approx(0.47, abs=0.1)
    measured = {row.variant: row for row in report.rows if row.status == "measured"}
    assert set(measured) == {"float32", "int8"}
    assert measured["float32"].same_tokens_percent == 100
    assert measured["int8"].same_tokens_percent is not None
    assert 90 < measured["int8"].same_tokens_percent <= 100
    assert 0 < (measured["int8"].value or 0) < 0.02
    sizes = [(run_dir / "int8" / f"{part}.tflite").stat().st_size for part in ("start", "step")]
    assert measured["int8"].size_bytes == sum(sizes)
    for row in measured.values():
        assert set(row.latency_ms_by_file) == {"start", "step"}
        assert row.latency_ms_median == pytest.approx(sum(row.latency_ms_by_file.values()))
    predicted = [row.reason for row in report.rows if row.status == "predicted"]
    assert any("start: " in reason and "step: " in reason for reason in predicted)


@pytest.mark.slow
def test_its_bundle_holds_every_part_and_the_programs(run_dir: Path) -> None:
    bundle = run_dir / "bundle"
    for name in ("int8-start.tflite", "int8-step.tflite", "golden/step/vectors.npz", "arrays.py",
                 "on_device/interpreter.py", "steps.txt"):  # fmt: skip
        assert (bundle / name).is_file(), name
    facts = json.loads((bundle / "bundle.json").read_text())
    assert {(model["variant"], model["part"]) for model in facts["models"]} == {
        (variant, part) for variant in ("float32", "int8") for part in ("start", "step")
    }


@pytest.mark.slow
def test_a_program_of_the_bundle_runs_the_parts_without_edgekit(run_dir: Path) -> None:
    code = (
        "import numpy as np; from on_device.interpreter import load; runs = load('.', 'int8');"
        "start = runs['start']({'pair': np.array([[.25, .5], [.5, .5]])})['start'];"
        "print(*runs['step']({'state': start})['next'].ravel())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=run_dir / "bundle", capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    np.testing.assert_allclose([float(x) for x in ran.stdout.split()], [0.375, 0.5], atol=0.02)
