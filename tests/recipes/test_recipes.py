"""What every recipe promises, checked for each one in the registry."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.building.parts import parts_of
from edgekit.building.programs import modules_of
from edgekit.core import registry
from edgekit.core.paths import packaged
from edgekit.core.recipe import Recipe
from edgekit.core.types import Size, Split
from edgekit.core.variant import PRECISIONS, Variant
from edgekit.source_model.reference import runner

FOLDER = packaged("recipes")
ON_DEVICE = packaged("on_device")
ALLOWED = {*sys.stdlib_module_names, "numpy", "tflite_runtime", "ai_edge_litert"}
OPTIONAL = {
    "pictures.py": {"PIL"},
    "drawing.py": {"PIL"},
    "footage.py": {"cv2"},
    "segment.py": {"PIL"},
    "selective_search.py": {"cv2"},
    "drawn.py": {"PIL"},
}
"""What a module uses if it is installed, and otherwise says how to get."""
BEST = {
    "accuracy": 100.0,
    "BLEU": 100.0,
    "digit error rate": 0.0,
    "MASE": 0.0,
    "mean IoU": 100.0,
    "MPJPE": 0.0,
    "PCK@0.2": 100.0,
    "perplexity": 1.0,
    "rank correlation on WordSim-353": 100.0,
}
"""The best score that there is, by the name of the metric."""
STORY = ("data", "build", "train", "split", "score")


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
        parsed = Variant.parse(variant)
        assert str(parsed) == variant
        assert parsed.precision in PRECISIONS
        assert set(parsed.optimizations) <= set(registry.names("optimizations"))


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


def test_a_tiny_test_can_tell_good_from_bad(recipe: Recipe) -> None:
    assert len(recipe.data("test", "tiny")) >= 20
    assert recipe.num_emulated >= 5


def test_a_right_answer_scores_better_than_a_wrong_one(recipe: Recipe) -> None:
    test = recipe.data("test", "tiny")
    right, wrong = (recipe.score(run, test) for run in recipe.answer_key(test))
    assert recipe.metric.drop(right, wrong) > 0
    if recipe.metric.name in BEST:
        assert right == pytest.approx(BEST[recipe.metric.name], rel=1e-12)
    if recipe.metric.name == "accuracy":
        assert right == 100.0
        assert wrong == 0.0


def test_the_file_reads_top_to_bottom(name: str) -> None:
    """Public functions stand in the order a reader needs them; the model is always in the file."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    story = [step for step in defined if step in STORY]
    assert story == [step for step in STORY if step in story]
    assert "build" in story


def test_what_runs_on_the_device_needs_numpy_alone(recipe: Recipe) -> None:
    modules = modules_of(recipe.program)
    for path in modules:
        allowed = ALLOWED | OPTIONAL.get(path.name, set())
        source = (ON_DEVICE / path).read_text()
        tree = ast.parse(source, feature_version=(3, 8))
        typed = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CH" in ast.unparse(n)]
        hints = {id(hint) for node in typed for hint in ast.walk(node)}
        for node in ast.walk(tree):
            if id(node) in hints:
                continue
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= allowed
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert str(node.module).partition(".")[0] in allowed
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = path.parents[node.level - 1]
                needed = folder.joinpath(*str(node.module).split(".")).with_suffix(".py")
                assert needed in modules, f"{path} needs {needed}, which is not bundled"
        assert "collections.abc" not in source, "Python 3.8 cannot subscript these"


def test_assets_are_small_files_with_plain_names(recipe: Recipe) -> None:
    found = recipe.assets("tiny") if recipe.assets else {}
    for name, content in found.items():
        assert Path(name).name == name
        assert not name.endswith((".py", ".tflite"))
        assert 0 < len(content) < 1_000_000


def test_the_example_of_its_program_needs_no_other_file(recipe: Recipe) -> None:
    found = recipe.assets("tiny") if recipe.assets else {}
    files = [word for word in recipe.program.example if re.fullmatch(r"\S+\.[a-z]{2,4}", word)]
    assert set(files) <= set(found)


def test_every_file_names_its_labels_as_the_recipe_does(recipe: Recipe) -> None:
    """A bundle takes its `labels.txt` from the first file that has labels."""
    parts = recipe.parts.signatures.values() if recipe.parts else ()
    assert {part.labels for part in parts} <= {recipe.signature.labels, ()}


def test_the_page_on_devices_calls_its_program_as_the_recipe_says(
    name: str, recipe: Recipe
) -> None:
    words = [f'"{word}"' if " " in word else word for word in recipe.program.example]
    call = f"`python3 {recipe.program.name}.py --variant int8 {' '.join(words)}`"
    lines = (packaged().parent / "docs" / "on_device.md").read_text().splitlines()
    assert any(f"`{name}`" in line and call in line for line in lines), call


@pytest.mark.parametrize("size", ["tiny", "full"])
@pytest.mark.slow
def test_the_models_have_the_signatures_they_say(recipe: Recipe, size: Size) -> None:
    import keras

    parts = parts_of(recipe)
    models = parts.split(recipe.build(size))
    assert list(models) == list(parts.signatures)
    for part, signature in parts.signatures.items():
        model = models[part]
        assert isinstance(model, keras.Model)
        for tensor, found in zip(signature.inputs, model.inputs, strict=True):
            assert found.name == tensor.name
            assert tuple(found.shape[1:]) == tensor.shape[1:]
        outputs = [tuple(output.shape[1:]) for output in model.outputs]
        assert outputs == [tensor.shape[1:] for tensor in signature.outputs]
        assert list(model.output_names) == [tensor.name for tensor in signature.outputs]


@pytest.mark.slow
def test_the_whole_answers_as_the_signature_says(recipe: Recipe) -> None:
    parts = parts_of(recipe)
    models = parts.split(recipe.build("tiny"))
    run = parts.drive({part: runner(model) for part, model in models.items()})
    answer = run(recipe.data("test", "tiny").head(2).inputs)
    for tensor in recipe.signature.outputs:
        assert answer[tensor.name].shape == (2, *tensor.shape[1:])
        assert str(answer[tensor.name].dtype) == tensor.dtype
