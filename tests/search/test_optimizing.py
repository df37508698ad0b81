"""A search from end to end: real builds, real runs, a command that makes the same file again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import edgekit
from edgekit.cli import app
from edgekit.core.errors import BadInput
from edgekit.core.paths import sha256
from tests.support.paths import RECIPES

RECIPE = RECIPES / "blobs.py"


@pytest.mark.slow
def test_the_smallest_within_limits_is_found_and_can_be_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = edgekit.optimize(RECIPE, "litert", max_drop=1.0, minutes=0.15, workers=2)
    assert found.ok
    by_name = {each.variant: each for each in found.candidates}
    assert {"float32", "int8"} <= set(by_name)
    assert all(each.size_bytes for each in by_name.values() if each.is_sound)
    best = by_name[found.recommended]
    good = [each for each in by_name.values() if each.effort == 1 and not each.broken(found.limits)]
    assert best.compressed_bytes == min(each.compressed_bytes or 0 for each in good)
    assert best.drop is not None
    assert best.drop <= 1.0
    assert "usual variants" in found.why
    folder = tmp_path / "runs" / "optimize" / "blobs"
    page = (folder / "optimize.html").read_text()
    assert all(f"<td>{name}</td>" in page for name in by_name)
    assert "<svg" in page
    assert json.loads((folder / "optimize.json").read_text())["recommended"] == found.recommended

    words = shlex.split(found.command)
    assert words[:2] == ["edgekit", "build"]
    built = CliRunner().invoke(app, words[1:])
    is_beyond = "will call it out of limits" in found.why  # of the recipe, not of the user
    assert built.exit_code == int(is_beyond), built.output
    made = tmp_path / "runs" / "blobs" / found.recommended / "model.tflite"
    assert sha256(made) == sha256(folder / found.recommended / "model.tflite")


@pytest.mark.slow
def test_limits_that_nothing_keeps_to_are_said_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [
        "optimize",
        str(RECIPE),
        "--target",
        "litert",
        "--max-size",
        "1kB",
        "--minutes",
        "0.05",
    ]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1, done.output
    assert "keeps to the limits" in done.output
    assert "too large" in done.output


@pytest.mark.parametrize("target", ["ethos-u", "ethos-u85"])
def test_a_target_that_is_only_predicted_cannot_be_searched_for(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["optimize", "image_cnn", "--target", target])
    assert isinstance(done.exception, BadInput)
    assert f"Target '{target}' is predicted, and a search measures" in str(done.exception)
    assert not list(tmp_path.iterdir())
