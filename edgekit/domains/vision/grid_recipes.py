"""What the recipes of detectors with grids share: their file and its loop, anchors, training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Parts, Signature, Tensor
from edgekit.core.types import Array, Progress, Size
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.learning.whole_loss import fit_batches
from edgekit.domains.vision.anchors import anchors_of
from edgekit.domains.vision.boxed_batches import endless_batches, resized
from edgekit.domains.vision.boxed_pictures import BoxedSet
from edgekit.domains.vision.detection import picture_input
from edgekit.on_device.vision.grid_cells import NETWORK, Grid, GridCells, drive

if TYPE_CHECKING:
    import keras

    from edgekit.domains.learning.whole_loss import WholeLoss

SEEN: Mapping[Size, int] = {"tiny": 400, "full": 20_000}
"""Pictures of a user's own data that training shows in all."""


def parts(shape: Sequence[int], detector: GridCells, labels: tuple[str, ...]) -> Parts:
    """Return the one file of a detector with grids, and the loop that makes boxes of its outputs.

    Args:
        shape: Height, width and channels of the picture.
        detector: What the outputs mean.
        labels: Names of the classes.
    """
    outputs = []
    for grid in detector.grids:
        cells = (1, shape[0] // grid.stride, shape[1] // grid.stride)
        count = len(grid.anchors)
        by_cell = detector.classes == "cell"
        depth = count + len(labels) if by_cell else count * (1 + len(labels))
        each = "how sure each predictor is, and the classes" + " of the cell" * by_cell
        outputs += [
            Tensor(
                name=f"boxes_{grid.stride}",
                shape=(*cells, count * 4),
                meaning="middle and size of each predictor's box, before decoding",
            ),
            Tensor(name=f"scores_{grid.stride}", shape=(*cells, depth), meaning=each),
        ]
    signature = Signature(inputs=(picture_input(shape),), outputs=tuple(outputs), labels=labels)
    return Parts(
        signatures={NETWORK: signature},
        split=lambda model: {NETWORK: model},
        drive=drive(detector),
    )


def with_anchors(detector: GridCells, sizes: Array, num_classes: int) -> GridCells:
    """Return a detector for other classes, with anchors that suit other boxes.

    Args:
        detector: How many anchors each grid has; those of small cells get the small ones.
        sizes: Width and height of the boxes to train on, `(k, 2)`, in pixels.
        num_classes: How many classes there are.
    """
    counts = [len(grid.anchors) for grid in detector.grids]
    found = anchors_of(sizes, sum(counts)).round()
    # Where there are few sizes there are fewer anchors: some then serve twice.
    found = found[np.arange(sum(counts)) * len(found) // sum(counts)]
    anchors = np.split(found, np.cumsum(counts)[:-1])
    grids = [
        Grid(grid.stride, [(float(width), float(height)) for width, height in own])
        for grid, own in zip(detector.grids, anchors, strict=True)
    ]
    return detector._replace(grids=grids, num_classes=num_classes)


def own_epochs(pictures: BoxedSet, size: Size) -> int:
    """Return how often training shows each of a user's pictures: 10 to 100 times."""
    return min(100, max(10, SEEN[size] // len(pictures)))


def train_on(
    models: Mapping[tuple[int, ...], keras.Model],
    pictures: BoxedSet,
    loss: WholeLoss,
    *,
    epochs: int,
    progress: Progress,
    upside_down: bool = False,
    batch_size: int = 8,
    peak_learning_rate: float = 2e-3,
) -> None:
    """Train models that share their weights, in place, on pictures varied anew in each epoch.

    The weights that are left are averages over about the last thirtieth of the training.

    Args:
        models: Shape of a picture -> model for it; where there are several, chance says which one
            a batch is for.
        pictures: Of the shape of one of them, and the proportions of all.
        loss: Of the boxes and labels, and of the outputs by name.
        epochs: How often each picture is shown.
        progress: Told the loss of every epoch.
        upside_down: Whether the pictures have no up.
        batch_size: Pictures of a step.
        peak_learning_rate: The highest rate; it falls as a cosine.
    """
    import keras

    random = np.random.default_rng(int(keras.random.randint((), 0, 2**31 - 1)))
    shapes, steps = list(models), max(1, len(pictures) // batch_size)
    batches = endless_batches(pictures, random, batch_size=batch_size, upside_down=upside_down)
    rate = warm_up_and_fall(peak_learning_rate, epochs * steps)
    momentum = 1 - 1 / max(1, epochs * steps // 30)
    fit_batches(
        models,
        loss,
        (resized(batch, shapes[random.integers(len(shapes))]) for batch in batches),
        optimizer=keras.optimizers.AdamW(
            rate, weight_decay=5e-4, use_ema=momentum > 0, ema_momentum=momentum
        ),
        epochs=epochs,
        steps=steps,
        progress=progress,
    )
