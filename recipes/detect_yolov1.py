"""YOLOv1: one grid whose cells each say two boxes and one class finds blood cells in one pass.

Data: BCCD, 364 pictures of stained blood with boxes around red cells, white cells and platelets
(Shenggan 2018), by its own lists; `tiny` uses the 90 that ship with edgekit. Model: convolutions
and a grid of 12x16 cells, of which each has the two boxes, the confidences and the classes of the
paper (Redmon et al. 2016), with its loss of squares. Score: mean average precision at an overlap of
0.5. Takes pictures of your own, with boxes in Pascal VOC, COCO or YOLO files.
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
from edgekit.domains.vision.grid_recipes import parts, train_on
from edgekit.domains.vision.overlaps import iou
from edgekit.on_device.programs.detect import FACTS, to_json
from edgekit.on_device.vision.grid_cells import Grid, GridCells

if TYPE_CHECKING:
    import keras

SHAPE = (192, 256, 3)
UNIT = (32.0, 32.0)
DETECTOR = GridCells(
    grids=(Grid(16, (UNIT, UNIT)),),
    num_classes=len(CELLS),
    size="square",
    classes="cell",
    threshold=0.4,
)
"""The network says the square roots of width and height, as in the paper; there in pictures, here
in units of two cells, so that they are about as large as the numbers for the middle and in int8
have steps as fine."""

EPOCHS: Mapping[Size, int] = {"tiny": 10, "full": 150}


# Data: a picture has no up, so training turns half of them upside down.


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 192, 256, 3)`, float32 in 0..1, and their boxes, padded."""
    return detection.dataset(blood_cells(split, size, SHAPE))


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program has to know of the detector, and a picture to try it with."""
    example = detection.example(blood_cells("test", "tiny", SHAPE))
    return {FACTS: to_json(SHAPE, DETECTOR.facts()), **example}


# Model: the paper reads the whole picture by fully connected layers; convolutions see enough of it
# for a cell to know what lies around it, with a hundredth of the weights.

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
    x = _convolution(_convolution(x, 32, kernel=1), 64)
    x = _convolution(x, 128, stride=2)
    for filters in (128, 128):
        x = _convolution(_convolution(x, filters // 2, kernel=1), filters)
    return keras.Model(image, _head(_convolution(x, 192), detector), name="detect_yolov1")


def _head(x: keras.KerasTensor, detector: GridCells) -> list[keras.KerasTensor]:
    """Boxes and scores leave apart, so that in int8 each has the scale of its own numbers."""
    import keras

    (grid,) = detector.grids
    count = len(grid.anchors)
    # At the start boxes have a size, so that they can overlap what they should say.
    start = keras.initializers.Constant([0.0, 0.0, 1.0, 1.0] * count)
    boxes = keras.layers.Conv2D(count * 4, 1, bias_initializer=start, name=f"boxes_{grid.stride}")
    scores = keras.layers.Conv2D(count + detector.num_classes, 1, name=f"scores_{grid.stride}")
    return [boxes(x), scores(x)]


# Training: of a cell's two predictors, the one whose box is better already learns the box.


def loss(
    targets: Mapping[str, keras.KerasTensor],
    answers: Mapping[str, keras.KerasTensor],
    detector: GridCells = DETECTOR,
) -> keras.KerasTensor:
    """Return the loss of each picture, `(b,)`; the factors 5 and 0.5 are the paper's.

    Args:
        targets: `boxes (b, most, 4)` and `labels (b, most)`, -1 for none.
        answers: Outputs of the network by name.
        detector: What they mean.
    """
    from keras import ops

    said = grid_cells.predicted(answers, detector)
    matches = grid_cells.responsible(targets, said.where, detector, least_fit=0.0)
    overlap = ops.stop_gradient(iou(grid_cells.gathered(said.boxes, matches), matches.boxes))
    matches = grid_cells.only_best(matches, overlap, len(detector.grids[0].anchors))
    raw = grid_cells.gathered(said.raw, matches)
    off = grid_cells.squared_differences(raw, matches, said.where, detector)
    classes = ops.one_hot(matches.labels, detector.num_classes)
    confused = ops.square(classes - grid_cells.gathered(said.classes, matches))
    count = said.sure.shape[1]
    wanted = grid_cells.spread(overlap, matches, count)
    is_responsible = grid_cells.spread(matches.real, matches, count)
    unsure = ops.square(wanted - said.sure) * (0.5 + 0.5 * is_responsible)
    return (
        5.0 * grid_cells.mean_of(off, matches)
        + grid_cells.mean_of(ops.sum(confused, axis=-1), matches)
        + ops.sum(unsure, axis=1) / grid_cells.num_real(matches)
    )


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, varied anew in each epoch, and return the model."""
    pictures = blood_cells("train", size, SHAPE)
    train_on(
        {SHAPE: model}, pictures, loss, epochs=EPOCHS[size], progress=progress, upside_down=True
    )
    return model


# Data of your own: the same network for other classes, which need no anchors.


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures; labels and splits follow them."""
    own = own_boxed(folder, SHAPE)
    detector = DETECTOR._replace(num_classes=len(own.names))
    return with_grids(recipe, own, detector, network=network, loss=loss)


recipe = Recipe(
    signature=detection.signature(SHAPE, CELLS),
    metric=detection.METRIC,
    baseline=("nothing is found", 0.0),
    source=(
        "Redmon et al., You Only Look Once, 2016, https://arxiv.org/abs/1506.02640; "
        "data: Shenggan, BCCD Dataset, 2018, "
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
