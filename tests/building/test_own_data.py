"""A build with the user's own data: labels and shapes follow them, all the way into the bundle."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgekit.building.measuring.limits import drop_limit
from edgekit.building.measuring.scoring import about_data
from edgekit.building.parts import RecipeChoice
from edgekit.building.pipeline import build
from edgekit.building.plan import Plan, make_plan
from edgekit.core.errors import BadInput, NotFound
from edgekit.core.processes import run
from edgekit.core.types import Split
from edgekit.core.variant import Variant
from tests.support.own_folders import (
    hourly,
    picture_folder,
    series_csv,
    sound_folder,
    texts_csv,
)
from tests.support.paths import RECIPES

BLOBS = str(RECIPES / "blobs.py")
NAMES = ("left", "middle", "right")


@pytest.fixture(scope="module")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 6 x 12 pixels in colour, one third of them bright."""
    folder = tmp_path_factory.mktemp("stripes")
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 400)
    images = random.random((400, 6, 12, 3), np.float32) * 0.5
    for image, label in zip(images, labels, strict=True):
        image[:, 4 * label : 4 * label + 4] += 0.5
    np.savez(folder / "images.npz", images=images, labels=labels, names=np.array(NAMES))
    return folder


def test_labels_signature_and_splits_follow_the_data(stripes: Path) -> None:
    recipe = RecipeChoice(name=BLOBS, data=stripes).load()
    assert recipe.signature.labels == NAMES
    assert recipe.signature.inputs[0].shape == (1, 6, 12, 3)
    assert recipe.signature.outputs[0].shape == (1, 3)
    counts = [len(recipe.data(split, "tiny")) for split in ("train", "validation", "test")]
    assert counts == [200, 100, 100]
    test = recipe.data("test", "tiny")
    assert [recipe.score(run, test) for run in recipe.answer_key(test)] == [100, 0]


def test_the_recipe_itself_stays_as_it_was(stripes: Path) -> None:
    RecipeChoice(name=BLOBS, data=stripes).load()
    assert RecipeChoice(name=BLOBS).load().signature.inputs[0].shape == (1, 8, 8, 1)


def test_a_recipe_that_takes_no_data_says_so(stripes: Path) -> None:
    with pytest.raises(BadInput, match="takes no data of your own"):
        RecipeChoice(name=str(RECIPES / "doubling.py"), data=stripes).load()


@pytest.mark.slow
def test_its_bundle_has_their_labels_and_shapes(stripes: Path, tmp_path: Path) -> None:
    report = build(BLOBS, data=stripes, targets=["litert"], out=tmp_path)
    assert report.ok
    assert report.reference > 90
    bundle = tmp_path / "blobs" / "bundle"
    assert (bundle / "labels.txt").read_text().split() == list(NAMES)
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["labels"] == list(NAMES)
    for model in facts["models"]:
        assert model["inputs"][0]["shape"] == [1, 6, 12, 3]
        assert model["outputs"][0]["shape"] == [1, 3]


OWN = {
    "image_cnn": lambda root: picture_folder(root, names=("1", "2", "10"), count=10),
    "image_mobilenet": lambda root: picture_folder(root, names=("cat", "dog"), count=15),
    "keywords_cnn": lambda root: sound_folder(root, count=10),
    "keywords_lstm": lambda root: sound_folder(root, count=10),
    "text_bert": lambda root: texts_csv(root / "mine.csv"),
    "forecast_gru": lambda root: series_csv(
        root / "mine.csv", hourly(1500, missing=(5, *range(300, 320))), "time,load"
    ),
}
"""Recipe -> what a user may bring: 30 pictures, WAV files of two rates, texts, hours with gaps."""


@pytest.mark.parametrize("name", OWN)
def test_a_recipe_follows_a_users_data(name: str, tmp_path: Path) -> None:
    OWN[name](tmp_path)
    recipe = RecipeChoice(name=name, data=tmp_path).load()
    assert any(sentence.startswith("Splits") for sentence in recipe.about_data)
    splits: tuple[Split, ...] = ("train", "validation", "test", "calibration")
    for split in splits:
        examples = recipe.data(split, "tiny")
        for tensor in recipe.signature.inputs:
            array = examples.inputs[tensor.name]
            assert array.shape == (len(examples), *tensor.shape[1:])
            assert str(array.dtype) == tensor.dtype
    test = recipe.data("test", "tiny")
    right, wrong = (recipe.score(run, test) for run in recipe.answer_key(test))
    assert recipe.metric.drop(right, wrong) > 0
    assets = recipe.assets("tiny") if recipe.assets else {}
    if recipe.signature.labels:
        assert recipe.signature.outputs[0].shape == (1, len(recipe.signature.labels))
        assert str(assets["splits.csv"]).startswith("source,label,split\n")
    if name == "image_cnn":
        assert recipe.signature.labels == ("1", "2", "10")
        assert len(test) == 6


def test_one_of_six_pictures_may_change(tmp_path: Path) -> None:
    recipe = RecipeChoice(name="image_cnn", data=OWN["image_cnn"](tmp_path)).load()
    limit = drop_limit(recipe, Variant.parse("int8"), examples=6, reference=100.0)
    assert 100 / 6 < limit < 200 / 6
    said = about_data(recipe, "tiny", 100 * 5 / 6)
    assert "is of 6 test examples" in said[-1]
    assert "one example is 16.7 points" in said[-1]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no '.*nowhere'; give a folder"):
        RecipeChoice(name="image_cnn", data=tmp_path / "nowhere").load()


def test_a_recipe_that_takes_no_weights_says_so(tmp_path: Path) -> None:
    (tmp_path / "mine.keras").touch()
    with pytest.raises(BadInput, match="takes no weights; build it without"):
        RecipeChoice(name=BLOBS, weights=tmp_path / "mine.keras").load()
    with pytest.raises(NotFound, match=r"There is no file '.*none\.keras'; give a \.keras or \.h5"):
        RecipeChoice(name="image_mobilenet", weights=tmp_path / "none.keras").load()


def test_what_weights_hold_decides_whether_training_is_done_again(tmp_path: Path) -> None:
    def planned(content: str) -> Plan:
        with zipfile.ZipFile(tmp_path / "mine.keras", "w") as archive:
            archive.writestr(zipfile.ZipInfo("config.json"), f'{{"name": "{content}"}}')
            archive.writestr(zipfile.ZipInfo("metadata.json"), '{"keras_version": "3.0.0"}')
        return make_plan(
            "image_mobilenet",
            tmp_path / "runs",
            size="tiny",
            seed=0,
            variants=["float32"],
            targets=["litert"],
            board="",
            weights=tmp_path / "mine.keras",
        )

    one, same, other = planned("one"), planned("one"), planned("other")
    assert one.base == same.base != other.base
    assert "Training began with the weights in 'mine.keras'." in one.notes


def test_nothing_is_written_for_a_folder_that_does_not_fit(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(BadInput, match="holds nothing; expected a folder of pictures"):
        build("image_cnn", data=tmp_path / "data", out=tmp_path / "runs")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["image_cnn", "keywords_lstm", "text_bert", "forecast_gru"])
def test_a_recipe_builds_on_a_users_data(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    OWN[name](tmp_path / "data")
    report = build(
        name,
        data=tmp_path / "data",
        variants=["float32", "int8"],
        targets=["litert"],
        out=tmp_path / "runs",
    )
    assert any(row.ok for row in report.rows)
    bundle = tmp_path / "runs" / name / "bundle"
    facts = json.loads((bundle / "bundle.json").read_text())
    readme = (bundle / "README.md").read_text()
    assert "## Data" in readme
    assert "Splits" in readme
    call = [sys.executable, facts["program"]["file"], *facts["program"]["arguments"]]
    answer = run(call, cwd=bundle, timeout_s=60).stdout
    if facts["labels"]:
        assert (bundle / "labels.txt").read_text().splitlines() == facts["labels"]
        assert "source,label,split" in (bundle / "splits.csv").read_text()
        assert any(label in answer for label in facts["labels"])
        assert "of 6 test" in readme or name != "image_cnn"
    else:
        assert len(answer.splitlines()) == 24
