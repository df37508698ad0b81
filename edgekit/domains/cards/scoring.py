"""How well cards are found and their groups told, and how many of their ranks."""

from __future__ import annotations

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.cards.labels import TREE
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.on_device.programs.detect import SURE
from edgekit.on_device.vision.boxes import NO_LABEL, intersection_over_union, unpadded
from edgekit.on_device.vision.word_tree import ROOT


def score(run: Run, dataset: Dataset) -> float:
    """Return mAP@0.5 of the groups in percent, whether a group or a rank of it was said."""
    return detection.score(*in_groups(run, dataset))


def in_groups(run: Run, dataset: Dataset) -> tuple[Run, Dataset]:
    """Return a detector and what it should find with every rank made its group."""

    def of(labels: Array) -> Array:
        numbers = TREE.groups()[np.rint(labels).astype(int)]
        return np.where(labels > NO_LABEL, numbers, NO_LABEL)

    def grouped(batch: Batch) -> Batch:
        answers = run(batch)
        return {**answers, "labels": of(answers["labels"])}

    targets = {"boxes": dataset.target("boxes"), "labels": of(dataset.target("labels"))}
    return grouped, Dataset(inputs=dataset.inputs, targets=targets)


def details(run: Run, dataset: Dataset) -> dict[str, float]:
    """Return how many cards are found, how many of these get their rank, and how many a wrong one.

    A card is found if a box of its group, as sure as the program on a device wants it, overlaps it
    by half or more. Whoever knows the group alone
    guesses the rank: right once in as many times as the group has ranks.
    """
    grouped = detection.details(TREE.names)(*in_groups(run, dataset))
    said, right = ranks_said(run(dataset.inputs), dataset)
    guesses = np.array([1 / max(1, TREE.parents.count(group)) for group in TREE.groups()])
    named = np.isin(said, TREE.leaves)
    return {
        **grouped,
        "cards found, %": 100 * len(right) / int((dataset.target("labels") > NO_LABEL).sum()),
        "ranks right of cards found, %": _percent(said == right),
        "ranks right by guessing within the group, %": _percent(guesses[right]),
        "ranks said of cards found, %": _percent(named),
        "ranks right of those said, %": _percent((said == right)[named]),
    }


def _percent(shares: Array) -> float:
    return 100 * float(shares.mean()) if len(shares) else float("nan")


def ranks_said(answers: Batch, dataset: Dataset) -> tuple[Array, Array]:
    """Return for all cards found what is said of them, and what is right: numbers of names."""
    groups, pairs = TREE.groups(), []
    for index, (boxes, labels) in enumerate(
        zip(dataset.target("boxes"), dataset.target("labels"), strict=True)
    ):
        found, left = unpadded(answers, index), labels > NO_LABEL
        sure = found.scores >= SURE
        for box, said in zip(found.boxes[sure], found.labels[sure], strict=True):
            overlap = intersection_over_union(box[np.newaxis], boxes)[0]
            overlap[~left | (groups[labels] != groups[said])] = 0
            best = int(overlap.argmax())
            if overlap[best] >= 0.5:
                left[best] = False
                pairs.append((said, labels[best]))
    said, right = np.array(pairs, np.int64).reshape(-1, 2).T
    return said, right


def mean_boxes(train: BoxedSet, test: Dataset) -> float:
    """Return what a detector scores that sees the mean box of each group in every photo."""
    groups = [number for number, parent in enumerate(TREE.parents) if parent == ROOT]
    means = np.stack([train.boxes[train.labels == group].mean(axis=0) for group in groups])
    answers = {
        "boxes": np.tile(means, (len(test), 1, 1)),
        "labels": np.tile(np.array(groups, np.float32), (len(test), 1)),
        "scores": np.ones((len(test), len(groups)), np.float32),
    }
    return score(lambda _: answers, test)
