"""Test examples with answers as a build leaves them: of a classifier, a detector, and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgekit.core import registry
from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Array, Batch
from edgekit.domains.vision import detection
from edgekit.on_device.vision.drawing import Drawing
from edgekit.reporting.seen import Seen
from edgekit.showing.examples import with_examples
from edgekit.showing.tally import tally_of

FILE = Seen(variant="int8", runtime="litert", device="local")
CELLS = ("RBC", "WBC", "Platelets")


def classifier() -> Recipe:
    return registry.get("recipes", "image_cnn")


def classified(count: int = 200) -> tuple[Dataset, Batch, Batch]:
    """Return garments, what a good model answers and what a slightly worse one does."""
    test = classifier().data("test", "tiny").head(count)
    random = np.random.default_rng(0)
    scores = 6 * np.eye(10)[test.target()] + random.normal(0, 2, (len(test), 10))
    worse = scores + random.normal(0, 0.5, scores.shape)
    return test, {"scores": softmax(scores)}, {"scores": softmax(worse)}


def softmax(logits: Array) -> Array:
    powers = np.exp(logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def detector() -> Recipe:
    """A recipe that detects, of which only what shows and judges is used."""
    return replace(
        classifier(),
        signature=detection.signature((96, 128, 3), CELLS, most=10),
        show=show_boxes,
        answer_key=detection.answer_key,
        details=detection.details(CELLS),
        score=detection.score,
    )


def show_boxes(inputs: Batch, answers: Batch) -> list[Drawing]:
    drawings = []
    for index, picture in enumerate(inputs["image"]):
        sure = (answers["scores"][index] >= 0.3) & (answers["labels"][index] >= 0)
        kinds = answers["labels"][index][sure].astype(int)
        captions = [
            f"{s:.2f} {CELLS[k]}"
            for s, k in zip(answers["scores"][index][sure], kinds, strict=True)
        ]
        boxes = answers["boxes"][index][sure]
        drawings.append(Drawing(picture=picture, boxes=boxes, captions=captions, kinds=list(kinds)))
    return drawings


def detected(count: int = 12) -> tuple[Dataset, Batch, Batch]:
    """Return pictures with boxes, what finds them all, and what misses and moves some."""
    random = np.random.default_rng(1)
    corners = random.uniform(0, 60, (count, 10, 2))
    boxes = np.concatenate([corners, corners + random.uniform(15, 34, corners.shape)], axis=2)
    labels = random.integers(0, 3, (count, 10))
    labels[:, 6:] = -1
    boxes[:, 6:] = 0
    images = random.random((count, 96, 128, 3), np.float32)
    test = Dataset(
        inputs={"image": images}, targets={"boxes": boxes.astype(np.float32), "labels": labels}
    )
    right = dict(detection.answer_key(test)[0](test.inputs))
    right["scores"] = right["scores"] * random.uniform(0.6, 1, right["scores"].shape)
    worse = {name: array.copy() for name, array in right.items()}
    worse["boxes"] += random.normal(0, 0.8, worse["boxes"].shape) * (labels >= 0)[..., None]
    worse["labels"][::4, :2] = -1
    return test, right, worse


def seen_classifier() -> Seen:
    return _seen(classifier(), *classified())


def seen_detector() -> Seen:
    return _seen(detector(), *detected())


def shown(drawings: Sequence[Drawing], others: Sequence[Drawing]) -> Seen:
    """Return drawings of two models as seen, whatever they show."""
    answers: Batch = {"scores": np.zeros((len(drawings), 10), np.float32)}
    both = iter((drawings, others, drawings))
    recipe = replace(classifier(), show=lambda inputs, answers: next(both)[: len(inputs["image"])])
    test = classifier().data("test", "tiny").head(len(drawings))
    return with_examples(FILE, recipe, test, reference=answers, answers=answers)


def _seen(recipe: Recipe, test: Dataset, reference: Batch, answers: Batch) -> Seen:
    seen = replace(
        FILE,
        reference=tally_of(recipe, lambda _: reference, test),
        file=tally_of(recipe, lambda _: answers, test),
    )
    return with_examples(seen, recipe, test, reference=reference, answers=answers)
