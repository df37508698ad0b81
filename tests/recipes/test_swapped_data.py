"""Recipes on each other's data: cards for a detector of cells, cells for a classifier of hands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgekit.building.pipeline import build
from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.domains.vision.boxed_pictures import CELLS, RANKS, blood_cells, playing_cards
from tests.support.own_boxed import crops_folder, voc_folder


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    photos = playing_cards("train", "tiny", (192, 256, 3))
    return voc_folder(tmp_path_factory.mktemp("cards"), photos)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = blood_cells("train", "tiny", (240, 320, 3))
    return crops_folder(tmp_path_factory.mktemp("cells"), cells, most=60)


def taken(name: str, folder: Path) -> Recipe:
    recipe: Recipe = registry.get("recipes", name)
    assert recipe.with_data is not None
    return recipe.with_data(folder)


def test_a_detector_of_cells_takes_cards(cards: Path) -> None:
    recipe = taken("detect_yolov3", cards)
    assert set(recipe.signature.labels) == set(RANKS)
    test = recipe.data("test", "tiny")
    right, wrong = recipe.answer_key(test)
    assert (recipe.score(right, test), recipe.score(wrong, test)) == (100, 0)
    assert recipe.parts is not None
    (network,) = recipe.parts.signatures.values()
    model = recipe.build("tiny")
    assert {t.name: t.shape[1:] for t in network.outputs} == {
        name: tuple(output.shape[1:])
        for name, output in zip(model.output_names, model.outputs, strict=True)
    }
    assert any("made to fit into" in remark for remark in recipe.about_data)


def test_a_classifier_of_hands_takes_cells(crops: Path) -> None:
    recipe = taken("image_mobilenet", crops)
    assert set(recipe.signature.labels) == set(CELLS)
    assert any("Groups stay together" in remark for remark in recipe.about_data)
    test = recipe.data("test", "tiny")
    assert recipe.build("tiny").output_shape == (None, len(CELLS))
    assert set(test.target()) == {0, 1, 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"), [("detect_yolov3", "cards"), ("image_mobilenet", "crops")]
)
def test_they_are_trained_converted_and_measured(
    name: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder: Path = request.getfixturevalue(kind)
    build(name, variants=["float32", "int8"], targets=["litert"], data=folder, out=tmp_path)
    report = json.loads((tmp_path / name / "report.json").read_text())
    rows = {row["variant"]: row for row in report["rows"]}
    assert set(rows) == {"float32", "int8"}
    for row in rows.values():
        assert row["status"] == "measured"
        assert row["drop"] <= row["drop_limit"]
    bundle = tmp_path / name / "bundle"
    assert (bundle / "splits.csv").is_file()
    assert list(bundle.glob("example.p?m"))
