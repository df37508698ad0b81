"""A recipe's file may hold layers of its own, told to Keras or not; every variant is made of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from edgekit.building import pipeline
from edgekit.building.parts import RecipeChoice
from tests.support.paths import RECIPES

LAYERS = """import keras
import edgekit


@edgekit.register_qat
@keras.saving.register_keras_serializable()
class Softened(keras.layers.Layer):
    def call(self, x):
        return keras.ops.tanh(x)


@edgekit.register_qat
class Bounded(keras.layers.Layer):
    def call(self, x):
        return keras.ops.clip(x, -1.0, 1.0)


Data ="""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    text = (RECIPES / "blobs.py").read_text()
    with_layers = text.replace("Data =", LAYERS, 1)
    with_layers = with_layers.replace("layers.ReLU()(x)", "layers.ReLU()(Softened()(Bounded()(x)))")
    assert "Softened()(Bounded()(x))" in with_layers
    path = tmp_path / "own_layers.py"
    path.write_text(with_layers)
    return path


@pytest.mark.slow
def test_a_recipe_with_layers_of_its_own_is_built(tmp_path: Path, recipe: Path) -> None:
    variants = ["int8", "pruned-float32"]
    report = pipeline.build(str(recipe), variants=variants, targets=["litert"], out=tmp_path)
    assert [(row.variant, row.status) for row in report.rows] == [
        (variant, "measured") for variant in variants
    ]


def write_model(path: Path, **layer: str) -> Path:
    """Write what a Keras file says of itself, with one layer."""
    config = {"class_name": "Functional", "module": "keras", "config": {"layers": [layer]}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
    return path


def test_a_recipe_file_is_run_for_a_model_only_if_that_needs_it(
    tmp_path: Path, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write_model(tmp_path / "plain.keras", class_name="ReLU", module="keras.layers")
    bounded, softened = (
        write_model(
            tmp_path / f"{name}.keras",
            class_name=name,
            module="own_layers",
            registered_name=registered,
        )
        for name, registered in (("Bounded", "Bounded"), ("Softened", "Custom>Softened"))
    )
    monkeypatch.chdir(tmp_path)
    for name in (recipe.name, str(recipe)):
        choice = RecipeChoice(name=name)
        assert choice.code_for(plain) is None
        assert choice.code_for(tmp_path) is None  # a SavedModel
        assert choice.code_for(bounded) == choice.code_for(softened) == recipe
    assert RecipeChoice(name="image_cnn").code_for(bounded) is None
