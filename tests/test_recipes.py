"""What every recipe promises, checked for each one in the registry."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from edgekit import registry
from edgekit.types import PRECISIONS, Recipe, Size, Split

FOLDER = Path(registry.__file__).parent / "recipes"


@pytest.fixture(params=registry.names("recipes"), scope="module")
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def recipe(name: str) -> Recipe:
    found: Recipe = registry.get("recipes", name)
    return found


def test_it_names_its_paper_and_its_baseline(recipe: Recipe) -> None:
    assert "http" in recipe.source
    assert any(year in recipe.source for year in map(str, range(1986, 2027)))
    assert recipe.baseline[0]


def test_its_variants_are_known(recipe: Recipe) -> None:
    for variant in recipe.variants:
        optimization, _, precision = variant.rpartition("-")
        assert precision in PRECISIONS
        assert not optimization or optimization in registry.names("optimizations")


@pytest.mark.parametrize("split", ["train", "validation", "test", "calibration"])
def test_tiny_data_ship_with_the_package(
    recipe: Recipe, split: Split, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    monkeypatch.delenv("EDGEKIT_DATA", raising=False)
    found = recipe.data(split, "tiny")
    assert len(found) > 0
    for tensor in recipe.signature.inputs:
        array = found.inputs[tensor.name]
        assert array.shape == (len(found), *tensor.shape[1:])
        assert str(array.dtype) == tensor.dtype
        assert np.isfinite(array).all()


def test_no_example_is_in_two_splits(recipe: Recipe) -> None:
    seen: dict[bytes, str] = {}
    for split in ("train", "validation", "test"):
        found = recipe.data(split, "tiny")
        columns = [found.inputs[tensor.name] for tensor in recipe.signature.inputs]
        for index in range(len(found)):
            key = b"".join(column[index].tobytes() for column in columns)
            assert seen.setdefault(key, split) == split


def test_tiny_tests_on_at_least_a_thousand_examples_or_says_fewer(recipe: Recipe) -> None:
    assert len(recipe.data("test", "tiny")) >= 1000


def test_a_right_answer_scores_better_than_a_wrong_one(recipe: Recipe) -> None:
    if recipe.loss != "sparse_categorical_crossentropy":
        pytest.skip("only classification has an answer key")
    test = recipe.data("test", "tiny")
    scores = np.eye(len(recipe.signature.labels), dtype=np.float32)[test.targets]
    output = recipe.signature.outputs[0].name
    assert recipe.score(lambda _: {output: scores}, test) == 100.0
    assert recipe.score(lambda _: {output: np.roll(scores, 1, axis=1)}, test) == 0.0


def test_the_file_reads_top_to_bottom(name: str) -> None:
    """Public functions stand in the order a reader needs them: data, build, train, score."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    story = [step for step in defined if step in ("data", "build", "train", "score")]
    assert story == ["data", "build", "train", "score"]


@pytest.mark.parametrize("size", ["tiny", "full"])
@pytest.mark.slow
def test_the_model_has_the_signature_it_says(recipe: Recipe, size: Size) -> None:
    import keras

    model = recipe.build(size)
    assert isinstance(model, keras.Model)
    for tensor, shape in zip(recipe.signature.inputs, model.inputs, strict=True):
        assert shape.name == tensor.name
        assert tuple(shape.shape[1:]) == tensor.shape[1:]
    outputs = [tuple(output.shape[1:]) for output in model.outputs]
    assert outputs == [tensor.shape[1:] for tensor in recipe.signature.outputs]
    assert list(model.output_names) == [tensor.name for tensor in recipe.signature.outputs]
