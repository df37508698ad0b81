"""Detectors with grids: their losses ask for the boxes that their loops then find."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.on_device.programs.detect import FACTS
from edgekit.on_device.vision.grid_cells import NETWORK, from_facts
from tests.support.grids import learned_answers
from tests.support.own_folders import picture

NAMES = ("detect_yolov1", "detect_yolov2", "detect_yolov3")


@pytest.fixture(params=NAMES)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    found: Recipe = registry.get("recipes", request.param)
    return found


@pytest.mark.slow
def test_outputs_with_the_least_loss_find_every_box(recipe: Recipe) -> None:
    few = recipe.data("test", "tiny").head(4)
    answers, losses = learned_answers(recipe, few, steps=250)
    assert losses[-1] < 0.2 * losses[0]
    assert recipe.parts is not None
    run = recipe.parts.drive({NETWORK: lambda _: answers})
    assert recipe.score(run, few) > 95
    measured = recipe.details(run, few) if recipe.details else {}
    assert measured["mAP@[0.5:0.95]"] > 75


@pytest.mark.slow
def test_a_picture_without_boxes_has_a_loss(recipe: Recipe) -> None:
    few = recipe.data("test", "tiny").head(2)
    empty = {"boxes": np.zeros_like(few.target("boxes")), "labels": 0 * few.target("labels") - 1}
    zeros = {
        tensor.name: np.zeros((2, *tensor.shape[1:]), np.float32)
        for tensor in recipe.parts.signatures[NETWORK].outputs  # type: ignore[union-attr]
    }
    assert callable(recipe.loss)
    losses = np.asarray(recipe.loss(empty, zeros))
    assert losses.shape == (2,)
    assert np.isfinite(losses).all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return pictures with boxes as YOLO writes them: small stars and large moons."""
    random = np.random.default_rng(0)
    (tmp_path / "classes.txt").write_text("star\nmoon\n")
    for number in range(24):
        picture(tmp_path / f"{number}.png", number, side=64)
        kind = number % 2
        side = (0.2, 0.6)[kind] + random.uniform(-0.05, 0.05)
        (tmp_path / f"{number}.txt").write_text(f"{kind} 0.5 0.5 {side} {side}\n")
    return tmp_path


def test_anchors_labels_and_signature_follow_the_pictures_of_a_user(
    recipe: Recipe, folder: Path
) -> None:
    assert recipe.with_data is not None
    own = recipe.with_data(folder)
    assert set(own.signature.labels) == {"star", "moon"}
    train = own.data("train", "tiny")
    assert train.inputs["image"].shape[1:] == own.signature.inputs[0].shape[1:]
    assert own.assets is not None
    assets = own.assets("tiny")
    assert set(assets) == {FACTS, "example.ppm", "splits.csv"}
    detector = from_facts(json.loads(assets[FACTS]))
    assert detector.num_classes == 2
    assert own.parts is not None
    network = own.parts.signatures[NETWORK]
    assert network.labels == own.signature.labels
    count = sum(len(grid.anchors) for grid in detector.grids)
    depth = sum(tensor.shape[3] for tensor in network.outputs if tensor.name.startswith("scores"))
    assert depth == (count + 2 if detector.classes == "cell" else 3 * count)
    if detector.size == "exponential":
        # The pictures are 192 pixels wide where the network sees them.
        sides = [anchor[0] for grid in detector.grids for anchor in grid.anchors]
        assert min(sides) == pytest.approx(0.2 * 192, abs=0.06 * 192)
        assert max(sides) == pytest.approx(0.6 * 192, abs=0.06 * 192)
