"""R-CNN and its heirs: loops find what their networks know; pictures of a user's are taken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.core.types import Array, Batch
from edgekit.on_device.vision import regions as looks
from edgekit.on_device.vision.boxes import intersection_over_union
from tests.support.own_boxed import NAMES, boxed_folder

RECIPES = ("detect_rcnn", "detect_fast_rcnn", "detect_faster_rcnn")


@pytest.fixture(params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    found: Recipe = registry.get("recipes", request.param)
    return found


def detector_of(recipe: Recipe) -> looks.TwoStages:
    assert recipe.assets is not None
    return looks.from_facts(json.loads(recipe.assets("tiny")["detector.json"]))


def test_what_lies_in_the_bundle_is_the_detector_of_the_recipe(recipe: Recipe) -> None:
    detector = detector_of(recipe)
    assert recipe.parts is not None
    crop = recipe.parts.signatures["regions"].inputs[0].shape
    assert crop[1:3] == (detector.side, detector.side)
    if "proposals" in recipe.parts.signatures:
        _, objectness, shifts = recipe.parts.signatures["proposals"].outputs
        assert objectness.shape[3] == len(detector.anchors)
        assert shifts.shape[3] == 4 * len(detector.anchors)
    else:
        assert recipe.signature.inputs[1].shape == (1, detector.proposals, 4)


def test_faster_rcnn_finds_what_its_anchors_propose() -> None:
    """With networks that know everything, what is lost is lost by the anchors and the loop."""
    recipe: Recipe = registry.get("recipes", "detect_faster_rcnn")
    detector, few = detector_of(recipe), recipe.data("test", "tiny").head(5)
    anchors = looks.anchor_boxes(detector, 30, 40)
    pictures = zip(few.target("boxes"), few.target("labels"), strict=True)
    truths = [(boxes[labels >= 0], labels[labels >= 0]) for boxes, labels in pictures]
    proposed: list[Array] = []

    def proposals(batch: Batch) -> Batch:
        overlaps = [intersection_over_union(anchors, boxes).max(1) for boxes, _ in truths]
        return {
            "features": np.zeros((len(truths), 30, 40, 64), np.float32),
            "objectness": np.stack(overlaps).reshape(-1, 30, 40, 3),
            "shifts": np.zeros((len(truths), 30, 40, 12), np.float32),
        }

    def regions(batch: Batch) -> Batch:
        scores, shifts = [], []
        for boxes, labels in truths:
            own = looks.proposed(
                intersection_over_union(anchors, boxes).max(1),
                np.zeros_like(anchors),
                anchors,
                (240, 320),
                detector,
            )
            overlap = intersection_over_union(own, boxes)
            nearest = overlap.argmax(1)
            scores.append(np.eye(4)[labels[nearest] + 1] * overlap.max(1, keepdims=True))
            shifts.append(_to(boxes[nearest], own))
            proposed.append(own)
        return {"scores": np.concatenate(scores), "shifts": np.concatenate(shifts)}

    assert recipe.parts is not None
    run = recipe.parts.drive({"proposals": proposals, "regions": regions})
    assert recipe.score(run, few) > 95
    assert max(map(len, proposed)) <= detector.proposals


def _to(boxes: Array, regions: Array) -> Array:
    sides, wanted = regions[:, 2:] - regions[:, :2], boxes[:, 2:] - boxes[:, :2]
    middles = (boxes[:, :2] + boxes[:, 2:] - regions[:, :2] - regions[:, 2:]) / 2
    return np.concatenate([middles / sides, np.log(wanted / sides)], axis=1) / looks.SCALES


def test_it_takes_pictures_of_a_user(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    assert recipe.with_data is not None
    own = recipe.with_data(boxed_folder(tmp_path / "own", "voc", count=20))
    assert own.signature.labels == NAMES
    assert own.parts is not None
    assert own.parts.signatures["regions"].outputs[0].shape == (1, 1 + len(NAMES))
    few = own.data("test", "tiny")
    for tensor in own.signature.inputs:
        assert few.inputs[tensor.name].shape == (len(few), *tensor.shape[1:])
    anchors = np.array(detector_of(own).anchors)
    if len(anchors):  # things of 8 to 14 of 48 pixels, five times as large in the network's picture
        assert anchors.min() > 30
        assert anchors.max() < 80
