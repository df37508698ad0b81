"""What all detectors have in common: what goes in and comes out, their data and their score.

A detector's `drive` answers boxes, so that one score judges all, whatever their networks give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Signature, Tensor
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.own_data.pictures import to_ppm
from edgekit.domains.vision.average_precision import precisions
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.on_device.programs.detect import SURE, drawing
from edgekit.on_device.vision.boxes import MOST, NO_LABEL
from edgekit.on_device.vision.drawing import Drawing

EXAMPLE = "example.ppm"
"""The file of a picture to try a bundle with."""

METRIC = Metric(name="mAP@0.5", unit="%")
DROP_LIMITS: Mapping[str, float] = {
    "dynamic_int8": 2.0,
    "int8": 3.0,
    "pruned": 3.0,
    "qat": 3.0,
}
"""Points of mAP@0.5; on 72 pictures of blood, one platelet more or less is half a point."""


def signature(shape: Sequence[int], labels: tuple[str, ...], most: int = MOST) -> Signature:
    """Return what every detector takes and answers.

    Args:
        shape: Height, width and channels of the network's picture.
        labels: Names of the classes.
        most: Boxes that it answers for each picture.
    """
    return Signature(
        inputs=(picture_input(shape),),
        outputs=(
            Tensor(
                name="boxes",
                shape=(1, most, 4),
                meaning="left, top, right, bottom in pixels; 0 where there is none",
            ),
            Tensor(name="labels", shape=(1, most), meaning="class numbers; -1 for no box"),
            Tensor(name="scores", shape=(1, most), meaning="how sure, 0..1, the surest first"),
        ),
        labels=labels,
    )


def picture_input(shape: Sequence[int]) -> Tensor:
    """Return the input of a network that takes pictures `(height, width, channels)`."""
    meaning = "red, green and blue, 0..1" if shape[2] == 3 else "grey picture, 0..1"
    return Tensor(name="image", shape=(1, *shape), meaning=meaning)


def dataset(pictures: BoxedSet, **dense: Array) -> Dataset:
    """Return pictures as what a network is given, float32 in 0..1, and their boxes as targets.

    Args:
        pictures: Boxes and labels stay padded.
        dense: Further targets that a loss wants.
    """
    return Dataset(
        inputs={"image": pictures.images.astype(np.float32) / np.float32(255)},
        targets={"boxes": pictures.boxes, "labels": pictures.labels, **dense},
    )


def score(run: Run, dataset: Dataset) -> float:
    """Return mAP@0.5 in percent: the mean of all classes that the pictures show."""
    found, targets = run(dataset.inputs), _targets(dataset)
    num_labels = int(targets["labels"].max(initial=NO_LABEL)) + 1
    return 100 * precisions(found, targets, num_labels, np.array([0.5])).mean


def details(labels: Sequence[str]) -> Callable[[Run, Dataset], Mapping[str, float]]:
    """Return what tells mAP@[0.5:0.95], and the average precision at 0.5 of each class."""

    def measure(run: Run, dataset: Dataset) -> dict[str, float]:
        measured = precisions(run(dataset.inputs), _targets(dataset), len(labels))
        by_class = zip(labels, measured.average[0], strict=True)
        return {
            **{f"AP {label}": 100 * float(value) for label, value in by_class},
            "mAP@[0.5:0.95]": 100 * measured.mean,
        }

    return measure


def show(labels: Sequence[str]) -> Callable[[Batch, Batch], list[Drawing]]:
    """Return what draws into pictures the boxes that were found, as the program on a device does.

    Args:
        labels: Names of the classes.
    """

    def draw(inputs: Batch, answers: Batch) -> list[Drawing]:
        return [
            drawing(
                picture,
                {name: array[index : index + 1] for name, array in answers.items()},
                labels,
                least_score=SURE,
            )
            for index, picture in enumerate(inputs["image"])
        ]

    return draw


def example(pictures: BoxedSet, index: int = 0) -> dict[str, bytes]:
    """Return a picture as a file to try a bundle with; no library has to read it."""
    return {EXAMPLE: to_ppm(pictures.images[index])}


def answer_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return a detector that finds everything, and one whose boxes all lie elsewhere."""
    boxes, labels = dataset.target("boxes"), dataset.target("labels")
    right: Batch = {
        "boxes": boxes,
        "labels": labels.astype(np.float32),
        "scores": (labels > NO_LABEL).astype(np.float32),
    }
    return fixed(right, {**right, "boxes": boxes + 2 * boxes.max()})


def _targets(dataset: Dataset) -> Batch:
    return {name: dataset.target(name) for name in ("boxes", "labels")}
