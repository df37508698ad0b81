"""YOLOv3: three grids, of small, middling and large cells, find blood cells of any size.

Data: BCCD, 364 pictures of stained blood with boxes around red cells, white cells and platelets
(Shenggan 2018), by its own lists; `tiny` uses the 90 that ship with edgekit. Model: a small Darknet
of residual blocks with three grids on a pyramid of its features (Redmon, Farhadi 2018). Several
predictors learn each box, by complete IoU, as in YOLOv4 (Bochkovskiy et al. 2020). Score: mean
average precision at an overlap of 0.5. Takes pictures of your own, with boxes in Pascal VOC, COCO
or YOLO files.
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
from edgekit.domains.vision.overlaps import complete_iou
from edgekit.on_device.programs.detect import FACTS, to_json
from edgekit.on_device.vision.grid_cells import Grid, GridCells

if TYPE_CHECKING:
    import keras

SHAPE = (192, 256, 3)
DETECTOR = GridCells(
    grids=(
        Grid(8, ((16, 15), (34, 34), (42, 31))),
        Grid(16, ((34, 43), (40, 38), (43, 44))),
        Grid(32, ((47, 40), (50, 48), (87, 79))),
    ),
    num_classes=len(CELLS),
    reach=2.0,
    threshold=0.4,
)
"""The anchors are k-means of the training boxes: one is a platelet, one a white cell, and seven are
red cells, whole or cut by an edge. Of those boxes 1.5 % overlap another of their class by more than
the threshold."""

EPOCHS: Mapping[Size, int] = {"tiny": 3, "full": 140}


# Data: a picture has no up, so training turns half of them upside down.


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 192, 256, 3)`, float32 in 0..1, and their boxes, padded."""
    return detection.dataset(blood_cells(split, size, SHAPE))


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program has to know of the detector, and a picture to try it with."""
    example = detection.example(blood_cells("test", "tiny", SHAPE))
    return {FACTS: to_json(SHAPE, DETECTOR.facts()), **example}


# Model: each grid sees what lies under its cells, and what the next coarser one made of it.

_convolution = partial(convolution, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(SHAPE, DETECTOR)


def network(shape: tuple[int, ...], detector: GridCells) -> keras.Model:
    """Return the untrained network for pictures of a shape, and for a detector of three grids."""
    import keras

    image = keras.Input(shape, name="image")
    x = _residual(_convolution(_convolution(image, 16, stride=2), 32, stride=2))
    fine = _residual(_convolution(x, 64, stride=2), 2)
    middling = _residual(_convolution(fine, 128, stride=2), 2)
    x = _residual(_convolution(middling, 192, stride=2))
    outputs: list[keras.KerasTensor] = []
    for grid, beside, filters in zip(
        reversed(detector.grids), (None, middling, fine), (96, 64, 48), strict=True
    ):
        if beside is not None:
            x = _convolution(x, filters, kernel=1)
            # Keras 3 repeats the nearest values in five axes, which accelerators refuse.
            x = keras.layers.UpSampling2D(2, interpolation="bilinear")(x)
            x = keras.layers.Concatenate()([x, beside])
        x = _convolution(_convolution(x, filters, kernel=1), 2 * filters)
        x = _convolution(x, filters, kernel=1)
        outputs = [*_head(_convolution(x, 2 * filters), grid, detector.num_classes), *outputs]
    return keras.Model(image, outputs, name="detect_yolov3")


def _residual(x: keras.KerasTensor, count: int = 1) -> keras.KerasTensor:
    """Blocks of Darknet-53: down to half of the channels, up again, added to what came in."""
    import keras

    for _ in range(count):
        filters = x.shape[-1]
        change = _convolution(_convolution(x, filters // 2, kernel=1), filters)
        x = keras.layers.Add()([x, change])
    return x


def _head(x: keras.KerasTensor, grid: Grid, num_classes: int) -> list[keras.KerasTensor]:
    """Boxes and scores leave apart, so that in int8 each has the scale of its own numbers."""
    import keras

    count = len(grid.anchors)
    boxes = keras.layers.Conv2D(count * 4, 1, name=f"boxes_{grid.stride}")
    # Nearly all predictors see nothing: at the start each is sure by 1 %.
    start = keras.initializers.Constant([-4.6, *[0.0] * num_classes] * count)
    scores = keras.layers.Conv2D(
        count * (1 + num_classes), 1, bias_initializer=start, name=f"scores_{grid.stride}"
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
    matches = grid_cells.responsible(targets, said.where, detector, least_fit=0.8, neighbours=True)
    overlap = complete_iou(grid_cells.gathered(said.boxes, matches), matches.boxes)
    classes = ops.one_hot(matches.labels, detector.num_classes)
    confused = ops.binary_crossentropy(
        classes, grid_cells.gathered(said.classes, matches), from_logits=True
    )
    return (
        2.0 * grid_cells.mean_of(1 - overlap, matches)
        + grid_cells.mean_of(ops.sum(confused, axis=-1), matches)
        + grid_cells.unsureness(said, targets, matches, overlap, near=0.6)
    )


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, varied anew in each epoch, and return the model."""
    pictures = blood_cells("train", size, SHAPE)
    train_on(
        {SHAPE: model}, pictures, loss, epochs=EPOCHS[size], progress=progress, upside_down=True
    )
    return model


# Data of your own: the same network for other classes, with anchors for their boxes.


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures; labels, anchors and splits follow them."""
    own = own_boxed(folder, SHAPE)
    detector = with_anchors(DETECTOR, own.sizes(), len(own.names))
    return with_grids(recipe, own, detector, network=network, loss=loss)


recipe = Recipe(
    signature=detection.signature(SHAPE, CELLS),
    metric=detection.METRIC,
    baseline=("nothing is found", 0.0),
    source=(
        "Redmon, Farhadi, YOLOv3: An Incremental Improvement, 2018, "
        "https://arxiv.org/abs/1804.02767; Bochkovskiy, Wang, Liao, YOLOv4, 2020, "
        "https://arxiv.org/abs/2004.10934; Zheng et al., Distance-IoU Loss, 2020, "
        "https://arxiv.org/abs/1911.08287; data: Shenggan, BCCD Dataset, 2018, "
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
    variants=("float32", "float16", "dynamic_int8", "int8", "pruned-int8", "qat-int8"),
    drop_limits=detection.DROP_LIMITS,
    parts=parts(SHAPE, DETECTOR, CELLS),
    program=Program(name="detect", example=(detection.EXAMPLE,)),
    assets=assets,
    with_data=with_data,
    num_emulated=12,
)
