"""How well pixels are told apart: intersection over union of each class, and shares of pixels.

Source: Everingham et al., The Pascal VOC Challenge, 2010, https://doi.org/10.1007/s11263-009-0275-4;
Long, Shelhamer, Darrell, Fully Convolutional Networks, 2015, https://arxiv.org/abs/1411.4038.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgekit.core.recipe import AnswerKey, Dataset, Metric, Tensor
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.segmentation.masked import VOID
from edgekit.on_device.programs.segment import shares
from edgekit.on_device.vision.drawing import Drawing

METRIC = Metric(name="mean IoU", unit="%")
"""IoU is the intersection of what is a class and what is called so, divided by their union."""


def scores_tensor(shape: Sequence[int], num_classes: int) -> Tensor:
    """Return the output `scores` of a network that takes pictures `(height, width, channels)`.

    They are no probabilities: a softmax over the classes would cost time and, in int8, precision,
    and the Edge TPU does not take it of pictures. The highest score is the same without.
    """
    return Tensor(
        name="scores",
        shape=(1, shape[0], shape[1], num_classes),
        meaning="score of each class of each pixel, the highest is the answer",
    )


def confusion(truth: Array, answered: Array, num_classes: int) -> Array:
    """Return how many pixels of each class were called what, `(num_classes, num_classes)`.

    Args:
        truth: Class numbers of any shape; `VOID` does not count.
        answered: Class numbers of the same shape.
        num_classes: How many there are.

    Returns:
        Rows are what the pixels are, columns what they are called.
    """
    counted = truth != VOID
    pairs = truth[counted].astype(np.int64) * num_classes + answered[counted]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def iou_of_classes(confused: Array) -> Array:
    """Return the IoU of each class, `(classes,)`, in 0..1; NaN if nothing is it or is called so.

    Args:
        confused: From `confusion`.
    """
    both = np.diag(confused)
    union = confused.sum(axis=0) + confused.sum(axis=1) - both
    return np.asarray(np.divide(both, union, out=np.full(len(both), np.nan), where=union > 0))


def mean_iou(run: Run, dataset: Dataset) -> float:
    """Return the mean IoU of the classes, in percent.

    As in the sources it is taken over all pixels of all pictures at once, so that a class that is
    rare in a picture does not make that picture count for more. Classes that neither are there nor
    are answered do not count.
    """
    return 100 * float(np.nanmean(iou_of_classes(_confused(run, dataset))))


def details_of(labels: Sequence[str]) -> Callable[[Run, Dataset], Mapping[str, float]]:
    """Return a function of a run and a data set: pixel accuracy and the IoU of each class."""

    def details(run: Run, dataset: Dataset) -> dict[str, float]:
        confused = _confused(run, dataset)
        figures = {"pixel accuracy, %": 100 * float(np.trace(confused) / confused.sum())}
        for label, iou in zip(labels, iou_of_classes(confused), strict=True):
            figures[f"IoU {label}, %"] = 100 * float(iou)
        return figures

    return details


def masks_key(num_classes: int) -> AnswerKey:
    """Return the key of a segmentation: all of the score on the right class, or on the next."""

    def key(dataset: Dataset) -> tuple[Run, Run]:
        classes = np.where(dataset.target() == VOID, 0, dataset.target())
        scores = np.eye(num_classes, dtype=np.float32)[classes]
        return fixed({"scores": scores}, {"scores": np.roll(scores, 1, axis=-1)})

    return key


def show_of(labels: Sequence[str]) -> Callable[[Batch, Batch], Sequence[Drawing]]:
    """Return a function of inputs and answers that draws the masks into the pictures."""

    def show(inputs: Batch, answers: Batch) -> list[Drawing]:
        masks = answers["scores"].argmax(axis=-1)
        return [
            Drawing(picture=picture, mask=mask, text="\n".join(shares(mask, labels)))
            for picture, mask in zip(inputs["image"], masks, strict=True)
        ]

    return show


def always(label: int, counts: Array) -> float:
    """Return the mean IoU of one who calls every pixel the same, in percent.

    Args:
        label: What it is called.
        counts: Pixels of each class, `(classes,)`.
    """
    confused = np.zeros((len(counts), len(counts)), int)
    confused[:, label] = counts
    return 100 * float(np.nanmean(iou_of_classes(confused)))


def _confused(run: Run, dataset: Dataset) -> Array:
    scores = run(dataset.inputs)["scores"]
    return confusion(dataset.target(), scores.argmax(axis=-1), scores.shape[-1])
