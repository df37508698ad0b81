"""A recipe with two outputs, padded targets and losses of its own, from training to the bundle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.building.pipeline import build
from edgekit.core import registry
from edgekit.core.recipe import Recipe
from tests.support.paths import RECIPES

SQUARES = str(RECIPES / "squares.py")


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return registry.get("recipes", SQUARES)


def test_targets_are_arrays_by_name_with_padding(recipe: Recipe) -> None:
    test = recipe.data("test", "tiny")
    boxes, classes = test.target("boxes"), test.target("classes")
    assert boxes.shape == (len(test), 3, 4)
    assert classes.shape == (len(test), 3)
    assert ((classes == -1) == (boxes == -1).all(axis=-1)).all()
    assert 0 < np.mean(classes == -1) < 0.5
    few = test.head(5)
    assert len(few) == len(few.target("boxes")) == len(few.target("classes")) == 5


def test_its_score_leaves_the_padding_out(recipe: Recipe) -> None:
    test = recipe.data("test", "tiny")
    right, wrong = recipe.answer_key(test)
    assert recipe.score(right, test) == 100
    assert recipe.score(wrong, test) == 0
    answers = {name: array.copy() for name, array in right(test.inputs).items()}
    padding = test.target("classes") == -1
    answers["boxes"][padding] = 0.7
    answers["classes"][padding] = 0.5
    assert recipe.score(lambda _: answers, test) == 100


def test_its_losses_leave_the_padding_out(recipe: Recipe) -> None:
    test = recipe.data("test", "tiny")
    answers = {
        "boxes": np.clip(test.target("boxes"), 0, 1),
        "classes": np.eye(2, dtype=np.float32)[np.maximum(test.target("classes"), 0)],
    }
    assert isinstance(recipe.loss, dict)
    for name, loss in recipe.loss.items():
        losses = np.asarray(loss(test.target(name), answers[name]))
        assert losses.shape == (len(test),)
        assert losses == pytest.approx(0, abs=1e-6)
        assert np.asarray(loss(test.target(name), 1 - answers[name])).min() > 0.01


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    report = build(SQUARES, targets=["litert"], out=out)
    assert report.ok
    return out / "squares"


@pytest.mark.slow
def test_every_variant_is_built_and_right(run_dir: Path) -> None:
    rows = {
        row["variant"]: row for row in json.loads((run_dir / "report.json").read_text())["rows"]
    }
    assert set(rows) == {"float32", "int8", "pruned-float32"}
    for row in rows.values():
        assert row["status"] == "measured"
        assert row["value"] > 80


@pytest.mark.slow
def test_the_program_of_its_bundle_answers_both_outputs(run_dir: Path, recipe: Recipe) -> None:
    program = recipe.program
    ran = subprocess.run(
        [
            *(sys.executable, str(run_dir / "bundle" / f"{program.name}.py")),
            *("--variant", "pruned-float32", *program.example),
        ],
        cwd=run_dir.parent,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "boxes:" in ran.stdout
    assert "classes:" in ran.stdout
