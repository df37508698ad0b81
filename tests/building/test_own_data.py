"""A build with the user's own data: labels and shapes follow them, all the way into the bundle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgekit.building.parts import RecipeChoice
from edgekit.building.pipeline import build
from edgekit.core.errors import BadInput
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
    facts = json.loads((bundle / "signature.json").read_text())
    assert facts["labels"] == list(NAMES)
    for model in facts["models"]:
        assert model["inputs"][0]["shape"] == [1, 6, 12, 3]
        assert model["outputs"][0]["shape"] == [1, 3]
