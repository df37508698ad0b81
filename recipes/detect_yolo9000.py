"""YOLO9000 that finds playing cards, names the group from boxes and the rank from whole photos.

Data: photos of playing cards (EdjeElectronics 2018), 271 to train and 67 to test; `tiny` uses those
that ship with edgekit. Half of the training photos have boxes that say no more than court card, pip
card or ace, and some only card; of the other half it is known which ranks they show, and not where.
Model: YOLO9000 (Redmon, Farhadi 2017) in small: one grid with anchors, and for each predictor a
tree of names. It says the rank where it is sure of it, and the group where it is not. Score: mean
average precision of the groups; beside it the share of found cards whose rank is right, which
boxes alone could only guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Size, Split
from edgekit.domains.cards.batches import varied
from edgekit.domains.cards.labels import TREE, known
from edgekit.domains.cards.scoring import details, mean_boxes, score
from edgekit.domains.learning.convolutions import convolution, residual
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.learning.whole_loss import fit_batches
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import playing_cards
from edgekit.domains.vision.grid_cells import (
    gathered,
    mean_of,
    predicted,
    responsible,
    unsureness,
)
from edgekit.domains.vision.overlaps import complete_iou
from edgekit.domains.vision.word_tree import name_loss, shown_loss
from edgekit.on_device.programs.detect import FACTS, to_json
from edgekit.on_device.vision.grid_cells import NETWORK, Grid, GridCells
from edgekit.on_device.vision.word_tree import TreeDetector, drive

if TYPE_CHECKING:
    import keras

SIDE = 224
SHAPE = (SIDE, SIDE, 3)
STRIDE = 16
ANCHORS = ((43.0, 57.0), (53.0, 40.0), (57.0, 80.0), (78.0, 56.0), (97.0, 97.0))
"""Width and height in pixels: k-means of the training boxes as they are and turned by a quarter."""
DETECTOR = TreeDetector(
    cells=GridCells(
        grids=(Grid(STRIDE, ANCHORS),),
        num_classes=TREE.num_scores,
        threshold=0.5,
        most=20,
    ),
    tree=TREE,
    least_sure=0.6,
)

EPOCHS: dict[Size, int] = {"tiny": 6, "full": 85}
BATCH_SIZE: dict[Size, int] = {"tiny": 5, "full": 16}
PEAK_LEARNING_RATE = 2e-3


# Data: the ranks of the photos' labels become names of the tree; of every other training photo the
# boxes are hidden, and of the others the ranks.


def data(split: Split, size: Size) -> Dataset:
    """Return photos `(n, 224, 224, 3)`, float32 in 0..1, and what is known of them.

    The targets are `boxes (n, most, 4)` and `labels (n, most)`, numbers of names, -1 where there is
    no box; and `shown (n, scores)`, 1 for each rank of which it is known that the photo shows it.
    """
    photos, shown = known(split, size, SHAPE)
    return detection.dataset(photos, shown=shown)


# Model: 224x224 -> 14x14 cells of five predictors, each of which sees 183 pixels around it.

_convolution = partial(convolution, largest=6.0)
_residual = partial(residual, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    import keras

    image = keras.Input((SIDE, SIDE, 3), name="image")
    x = _convolution(image, 16, stride=2)
    x = _convolution(x, 32, stride=2)
    x = _convolution(x, 32)
    x = _residual(_convolution(x, 64, stride=2))
    x = _residual(_residual(_convolution(x, 128, stride=2)))
    boxes, scores = (
        keras.layers.Conv2D(depth * len(ANCHORS), 1, name=f"{name}_{STRIDE}")
        for name, depth in (("boxes", 4), ("scores", 1 + TREE.num_scores))
    )
    answers = [boxes(_convolution(x, 96)), scores(_convolution(x, 160))]
    unlikely = [SELDOM] + [0.0] * TREE.num_scores
    scores.bias.assign(np.tile(unlikely, len(ANCHORS)))
    return keras.Model(image, answers, name="detect_yolo9000")


SELDOM = -6.0
"""Logit of how sure an untrained predictor is: of 980, a photo needs one or a few."""


# Training: boxes teach where cards are, and their groups; where a photo is known to show a rank,
# what is found in it teaches the ranks.


def loss(
    targets: Mapping[str, keras.KerasTensor], answers: Mapping[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Return the loss of each photo, `(n,)`, of the network's raw outputs."""
    from keras import ops

    found = predicted(answers, DETECTOR.cells)
    matches = responsible(targets, found.where, DETECTOR.cells)
    overlap = complete_iou(gathered(found.boxes, matches), matches.boxes)
    names = name_loss(TREE, gathered(found.classes, matches), matches.labels)
    shown = targets["shown"]
    has_boxes = 1 - ops.max(shown, axis=1)
    return (
        has_boxes * unsureness(found, targets, matches, overlap, near=0.5)
        + mean_of(3 * (1 - overlap) + names, matches)
        + shown_loss(TREE, shown, found.sure, found.classes)
    )


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, varied anew for every batch, and return the model."""
    photos, shown = known("train", size, SHAPE)
    steps = -(-len(photos) // BATCH_SIZE[size])
    fit_batches(
        {SHAPE: model},
        loss,
        varied(photos, shown, BATCH_SIZE[size]),
        optimizer=adamw(PEAK_LEARNING_RATE, EPOCHS[size] * steps),
        epochs=EPOCHS[size],
        steps=steps,
        progress=progress,
    )
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained network as the part that a detector has."""
    return {NETWORK: model}


def mean_box_of_each(size: Size, progress: Progress) -> float:
    """Return what a detector scores that sees the mean box of each group in every photo."""
    return mean_boxes(known("train", size, SHAPE)[0], data("test", size))


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program reads, and a photo of several cards to try a bundle with."""
    example = detection.example(playing_cards("test", "tiny", SHAPE), -1)
    return {FACTS: to_json(SHAPE, DETECTOR.facts()), **example}


def _raw(name: str, depth: int, meaning: str) -> Tensor:
    cells = SIDE // STRIDE
    shape = (1, cells, cells, depth * len(ANCHORS))
    return Tensor(name=f"{name}_{STRIDE}", shape=shape, meaning=meaning)


SIGNATURE = detection.signature(SHAPE, TREE.names, DETECTOR.cells.most)

recipe = Recipe(
    signature=SIGNATURE,
    metric=detection.METRIC,
    baseline=("the mean box of each group", mean_box_of_each),
    source=(
        "Redmon, Farhadi, YOLO9000: Better, Faster, Stronger, 2017, "
        "https://arxiv.org/abs/1612.08242; Zheng et al., Distance-IoU Loss, 2020, "
        "https://arxiv.org/abs/1911.08287"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    details=details,
    show=detection.show(TREE.names),
    answer_key=detection.answer_key,
    loss=loss,
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 10}, batch_size=16, learning_rate=3e-4),
    variants=("float32", "float16", "dynamic_int8", "int8", "pruned-int8", "qat-int8"),
    drop_limits=detection.DROP_LIMITS,
    parts=Parts(
        signatures={
            NETWORK: Signature(
                inputs=SIGNATURE.inputs,
                outputs=(
                    _raw("boxes", 4, "middle and size of the box of each predictor"),
                    _raw(
                        "scores",
                        1 + TREE.num_scores,
                        "logits: any card; each name of the tree",
                    ),
                ),
                labels=TREE.names,
            )
        },
        split=split,
        drive=drive(DETECTOR),
    ),
    program=Program(name="detect", example=(detection.EXAMPLE,)),
    assets=assets,
    num_emulated=12,
)
