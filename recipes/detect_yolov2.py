"""YOLOv2: one grid with anchors, trained at several sizes, finds blood cells in one pass.

Data: BCCD, 364 pictures of stained blood with boxes around red cells, white cells and platelets
(Shenggan 2018), by its own lists; `tiny` uses the 90 that ship with edgekit. Model: a small Darknet
with batch normalization; anchors by k-means, and a passthrough that brings finer features to the
grid (Redmon, Farhadi 2017). Score: mean average precision at an overlap of 0.5. Takes pictures of
your own, with boxes in Pascal VOC, COCO or YOLO files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, FineTuning, Program, Recipe
from edgekit.core.types import Progress, Size, Split
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.own_boxed.grids import with_grids
from edgekit.domains.own_boxed.reading import own_boxed
from edgekit.domains.vision import detection, grid_cells
from edgekit.domains.vision.boxed_pictures import CELLS, blood_cells
from edgekit.domains.vision.grid_recipes import parts, train_on, with_anchors
from edgekit.domains.vision.overlaps import iou
from edgekit.on_device.programs.detect import FACTS, to_json
from edgekit.on_device.vision.grid_cells import Grid, GridCells

if TYPE_CHECKING:
    import keras

SHAPE = (192, 256, 3)
DETECTOR = GridCells(
    grids=(Grid(16, ((16, 15), (39, 35), (40, 42), (47, 44), (86, 78))),),
    num_classes=len(CELLS),
    classes="one",
    threshold=0.4,
)
"""The anchors are k-means of the training boxes: a platelet, three red cells and a white one."""

SHAPES: Mapping[Size, tuple[tuple[int, int, int], ...]] = {
    "tiny": (SHAPE,),
    "full": ((144, 192, 3), SHAPE, (240, 320, 3)),
}
"""Training shows pictures at all of these sizes; the file is for `SHAPE`."""

EPOCHS: Mapping[Size, int] = {"tiny": 6, "full": 240}


# Data: a picture has no up, so training turns half of them upside down.


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 192, 256, 3)`, float32 in 0..1, and their boxes, padded."""
    return detection.dataset(blood_cells(split, size, SHAPE))


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program has to know of the detector, and a picture to try it with."""
    example = detection.example(blood_cells("test", "tiny", SHAPE))
    return {FACTS: to_json(SHAPE, DETECTOR.facts()), **example}


# Model: 3x3 convolutions and, between them, 1x1 ones that halve the channels.

_convolution = partial(convolution, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(SHAPE, DETECTOR)


def network(shape: tuple[int, ...], detector: GridCells) -> keras.Model:
    """Return the untrained network for pictures of a shape, and for a detector of one grid."""
    import keras

    image = keras.Input(shape, name="image")
    x = _convolution(_convolution(image, 16, stride=2), 32, stride=2)
    x = _convolution(x, 64, stride=2)
    fine = _convolution(_convolution(x, 32, kernel=1), 64)
    x = _convolution(fine, 128, stride=2)
    for filters in (128, 128):
        x = _convolution(_convolution(x, filters // 2, kernel=1), filters)
    x = _convolution(x, 192)
    # The paper moves four neighbours into the channels of one cell, which a 1x1 convolution then
    # reads; a 2x2 convolution with a stride of 2 is the same in one.
    passed = _convolution(fine, 64, kernel=2, stride=2)
    x = keras.layers.Concatenate()([passed, x])
    x = _convolution(_convolution(x, 96, kernel=1), 192)
    return keras.Model(image, _head(x, detector), name="detect_yolov2")


def _head(x: keras.KerasTensor, detector: GridCells) -> list[keras.KerasTensor]:
    """Boxes and scores leave apart, so that in int8 each has the scale of its own numbers."""
    import keras

    (grid,) = detector.grids
    count = len(grid.anchors)
    boxes = keras.layers.Conv2D(count * 4, 1, name=f"boxes_{grid.stride}")
    # Nearly all predictors see nothing: at the start each is sure by 1 %.
    start = keras.initializers.Constant([-4.6, *[0.0] * detector.num_classes] * count)
    scores = keras.layers.Conv2D(
        count * (1 + detector.num_classes), 1, bias_initializer=start, name=f"scores_{grid.stride}"
    )
    return [boxes(x), scores(x)]


# Training: where a box is, what it is, and how sure each predictor should be.


def loss(
    targets: Mapping[str, keras.KerasTensor],
    answers: Mapping[str, keras.KerasTensor],
    detector: GridCells = DETECTOR,
) -> keras.KerasTensor:
    """Return the loss of each picture, `(b,)`.

    Args:
        targets: `boxes (b, most, 4)` and `labels (b, most)`, -1 for none.
        answers: Outputs of the network by name.
        detector: What they mean.
    """
    from keras import ops

    said = grid_cells.predicted(answers, detector)
    matches = grid_cells.responsible(targets, said.where, detector)
    raw = grid_cells.gathered(said.raw, matches)
    off = grid_cells.squared_differences(raw, matches, said.where, detector)
    overlap = iou(grid_cells.gathered(said.boxes, matches), matches.boxes)
    confused = ops.sparse_categorical_crossentropy(
        matches.labels, grid_cells.gathered(said.classes, matches), from_logits=True
    )
    return (
        2.0 * grid_cells.mean_of(off, matches)
        + grid_cells.mean_of(confused, matches)
        + grid_cells.unsureness(said, targets, matches, overlap, near=0.6)
    )


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, varied anew in each epoch, and return the model."""
    pictures = blood_cells("train", size, SHAPE)
    train_on(
        _at_all_sizes(model, size),
        pictures,
        loss,
        epochs=EPOCHS[size],
        progress=progress,
        upside_down=True,
    )
    return model


def _at_all_sizes(model: keras.Model, size: Size) -> dict[tuple[int, ...], keras.Model]:
    """Return the network for pictures of each of `SHAPES`: other grids, the same layers."""
    import keras

    return {
        shape: keras.models.clone_model(
            model,
            input_tensors=keras.Input(shape, name="image"),
            clone_function=lambda layer: layer,
        )
        for shape in SHAPES[size]
    }


# Data of your own: the same network for other classes, with anchors for their boxes.


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures; labels, anchors and splits follow them."""
    own = own_boxed(folder, SHAPE)
    detector = with_anchors(DETECTOR, own.sizes(), len(own.names))
    return with_grids(recipe, own, detector, network=network, loss=loss, models=_at_all_sizes)


recipe = Recipe(
    signature=detection.signature(SHAPE, CELLS),
    metric=detection.METRIC,
    baseline=("nothing is found", 0.0),
    source=(
        "Redmon, Farhadi, YOLO9000: Better, Faster, Stronger, 2017, "
        "https://arxiv.org/abs/1612.08242; data: Shenggan, BCCD Dataset, 2018, "
        "https://github.com/Shenggan/BCCD_Dataset"
    ),
    build=build,
    data=data,
    train=train,
    score=detection.score,
    answer_key=detection.answer_key,
    details=detection.details(CELLS),
    show=detection.show(CELLS),
    loss=loss,
    fine_tuning=FineTuning(epochs={"tiny": 1, "full": 6}, batch_size=8, learning_rate=3e-4),
    variants=("float32", "float16", "dynamic_int8", "int8", "qat-int8"),
    drop_limits=detection.DROP_LIMITS,
    parts=parts(SHAPE, DETECTOR, CELLS),
    program=Program(name="detect", example=(detection.EXAMPLE,)),
    assets=assets,
    with_data=with_data,
    num_emulated=12,
)
