"""How well one box and one class are answered for each picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgekit.core.recipe import AnswerKey, Dataset
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.learning.scores import accuracy
from edgekit.on_device.programs.localize import drawing
from edgekit.on_device.vision.boxes import intersection_over_union
from edgekit.on_device.vision.drawing import Drawing


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean intersection over union of the boxes, in percent."""
    return 100 * float(_overlaps(run(dataset.inputs)["box"], dataset.target("box")).mean())


def details(run: Run, dataset: Dataset) -> dict[str, float]:
    """Return how many classes are right, and how many that have a good box too, in percent."""
    answers = run(dataset.inputs)
    right = answers["scores"].argmax(axis=1) == dataset.target("label")
    good = _overlaps(answers["box"], dataset.target("box")) >= 0.5
    return {
        "class accuracy, %": accuracy(answers["scores"], dataset.target("label")),
        "class and box (IoU 0.5) right, %": 100 * float(np.mean(right & good)),
    }


def mean_box(train: Dataset, test: Dataset) -> float:
    """Return what the mean of the training boxes scores."""
    mean = train.target("box").mean(axis=0)
    return score(lambda _: {"box": np.tile(mean, (len(test), 1))}, test)


def key_of(num_labels: int) -> AnswerKey:
    """Return the key: a run that is right, and one that is wrong about every box and class."""

    def key(dataset: Dataset) -> tuple[Run, Run]:
        box, scores = dataset.target("box"), np.eye(num_labels)[dataset.target("label")]
        wrong = {"box": np.zeros_like(box), "scores": np.roll(scores, 1, axis=1)}
        return fixed({"box": box, "scores": scores}, wrong)

    return key


def show_of(labels: Sequence[str]) -> Callable[[Batch, Batch], list[Drawing]]:
    """Return what draws the box into each photo."""

    def show(inputs: Batch, answers: Batch) -> list[Drawing]:
        rows = zip(inputs["image"], answers["box"], answers["scores"], strict=True)
        return [drawing(*row, labels) for row in rows]

    return show


def _overlaps(a: Array, b: Array) -> Array:
    return intersection_over_union(a[:, np.newaxis], b[:, np.newaxis])[:, 0, 0]
