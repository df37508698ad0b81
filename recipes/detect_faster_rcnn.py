"""Faster R-CNN: a network that proposes regions, and a second look at each of them.

Data: BCCD, 364 photos of stained blood with 4,888 boxes around red cells, white cells and
platelets; `tiny` uses 90 smaller ones that ship with edgekit. Model: a small residual network with
features at an eighth of the picture's size, from which one head proposes regions (Ren et al. 2015);
what each region covers is cut out of the same features, and a second head names it and moves its
edges. It runs as two files, `proposals` and `regions`; between them a few lines of NumPy choose 64
regions at most, and cut them out. Score: mAP at an IoU of 0.5. Takes pictures of your own with
boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, FineTuning, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Size, Split
from edgekit.domains.learning.convolutions import convolution
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.learning.whole_loss import fit_batches
from edgekit.domains.own_boxed.reading import own_boxed
from edgekit.domains.own_boxed.recipes import with_boxes
from edgekit.domains.two_looks.networks import features_of, regions_signature, second_look
from edgekit.domains.vision import detection
from edgekit.domains.vision.anchors import anchors_of
from edgekit.domains.vision.boxed_batches import endless_batches
from edgekit.domains.vision.boxed_pictures import CELLS, BoxedSet, blood_cells
from edgekit.domains.vision.regions import cut_out, proposal_loss, proposed, region_loss
from edgekit.on_device.programs.detect import to_json
from edgekit.on_device.vision.regions import TwoStages, anchor_boxes, drive

if TYPE_CHECKING:
    import keras

SHAPE = (240, 320, 3)
CHANNELS = 64
"""Of the features that regions are cut out of."""

DETECTOR = TwoStages(stride=8, side=5, anchors=((20, 20), (52, 50), (100, 92)))
"""The anchors are the median sizes of platelets, red and white cells."""

ROWS, COLUMNS = SHAPE[0] // DETECTOR.stride, SHAPE[1] // DETECTOR.stride
CROP = (DETECTOR.side, DETECTOR.side, CHANNELS)

EPOCHS: dict[Size, int] = {"tiny": 2, "full": 60}
BATCH_SIZE = 8
PEAK_LEARNING_RATE = 3e-3


# Data: pictures, and their boxes in pixels of the network's picture.


def data(split: Split, size: Size) -> Dataset:
    """Return pictures `(n, 240, 320, 3)`, float32 in 0..1, and their padded boxes and labels."""
    return detection.dataset(blood_cells(split, size, SHAPE))


def assets(size: Size) -> dict[str, str | bytes]:
    """Return what the program reads, and a test picture as a file to try a bundle with."""
    facts = {"detector.json": to_json(SHAPE, DETECTOR.facts())}
    return {**facts, **detection.example(blood_cells("test", "tiny", SHAPE))}


# Model: features of two scales, joined at the finer one; a head for proposals, one for regions.


def build(size: Size) -> keras.Model:
    """Return the untrained networks as one; it is the same for every size."""
    return network(DETECTOR, len(CELLS))


def network(detector: TwoStages, num_labels: int) -> keras.Model:
    """Return the untrained networks as one.

    Its outputs are what the loss needs: of every anchor how sure it is and its shifts, and of each
    region that was chosen its box, its scores and its shifts.
    """
    import keras

    image = keras.Input(SHAPE, name="image")
    features, objectness, shifts = _first_look(image, len(detector.anchors))
    regions = proposed(objectness, shifts, SHAPE, detector)
    crops = cut_out(features, regions, detector)
    scores, region_shifts = second_look(CROP, num_labels)(keras.ops.reshape(crops, (-1, *CROP)))
    count = ROWS * COLUMNS * len(detector.anchors)
    outputs = [
        keras.layers.Reshape((count,), name="proposal_scores")(objectness),
        keras.layers.Reshape((count, 4), name="proposal_shifts")(shifts),
        keras.layers.Identity(name="regions")(regions),
    ]
    for name, said in (("region_scores", scores), ("region_shifts", region_shifts)):
        by_picture = keras.ops.reshape(said, (-1, detector.proposals, said.shape[-1]))
        outputs.append(keras.layers.Identity(name=name)(by_picture))
    return keras.Model(image, outputs, name="detect_faster_rcnn")


def _first_look(
    image: keras.KerasTensor, num_anchors: int
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Return features at an eighth of the picture's size, and what they propose."""
    import keras

    features = features_of(image, CHANNELS)
    x = convolution(features, CHANNELS)
    rarely = keras.initializers.Constant(-4.0)  # of all anchors, few lie on a thing
    objectness = keras.layers.Conv2D(
        num_anchors, 1, activation="sigmoid", bias_initializer=rarely, name="objectness"
    )(x)
    shifts = keras.layers.Conv2D(4 * num_anchors, 1, name="shifts")(x)
    return features, objectness, shifts


# Training: both looks at once, on pictures mirrored, moved and enlarged anew each time.


def loss_of(detector: TwoStages) -> Callable[..., keras.KerasTensor]:
    """Return the loss of each picture: of its proposals, and of the second look at them."""
    anchors = anchor_boxes(detector, ROWS, COLUMNS)

    def loss(
        targets: Mapping[str, keras.KerasTensor], answers: Mapping[str, keras.KerasTensor]
    ) -> keras.KerasTensor:
        first = proposal_loss(
            answers["proposal_scores"], answers["proposal_shifts"], anchors, targets
        )
        second = region_loss(
            answers["region_scores"], answers["region_shifts"], answers["regions"], targets
        )
        return first + second

    return loss


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    pictures = blood_cells("train", size, SHAPE)
    return train_on(model, pictures, DETECTOR, EPOCHS[size], progress)


def train_on(
    model: keras.Model, pictures: BoxedSet, detector: TwoStages, epochs: int, progress: Progress
) -> keras.Model:
    """Train on any pictures and return the model."""
    import keras

    random = np.random.default_rng(int(keras.random.randint((), 0, 2**31 - 1)))
    batch_size = max(1, min(BATCH_SIZE, len(pictures) // 16))  # of few pictures, more steps
    steps = len(pictures) // batch_size
    rate = warm_up_and_fall(PEAK_LEARNING_RATE, epochs * steps)
    fit_batches(
        {SHAPE: model},
        loss_of(detector),
        endless_batches(pictures, random, batch_size=batch_size, upside_down=True),
        optimizer=keras.optimizers.AdamW(rate, weight_decay=5e-4, clipnorm=5.0),
        epochs=epochs,
        steps=steps,
        progress=progress,
    )
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the two networks of a trained model."""
    import keras

    names = ("features", "objectness", "shifts")
    outputs = [model.get_layer(name).output for name in names]
    return {
        "proposals": keras.Model(model.inputs, outputs, name="proposals"),
        "regions": model.get_layer("second_look"),
    }


def parts_of(detector: TwoStages, names: tuple[str, ...]) -> Parts:
    """Return the two files, and the loop around them."""
    count = len(detector.anchors)
    picture = detection.picture_input(SHAPE)

    def map_of(name: str, channels: int, meaning: str) -> Tensor:
        return Tensor(name=name, shape=(1, ROWS, COLUMNS, channels), meaning=meaning)

    features = map_of("features", CHANNELS, "what regions are cut out of")
    objectness = map_of("objectness", count, "how sure each anchor is that it is on a thing, 0..1")
    shifts = map_of("shifts", 4 * count, "moves of each anchor's middle and sides")
    return Parts(
        signatures={
            "proposals": Signature(inputs=(picture,), outputs=(features, objectness, shifts)),
            "regions": regions_signature(CROP, names, "the features of a region"),
        },
        split=split,
        drive=drive(detector),
    )


# Data of your own: anchors follow the sizes of their boxes.

SEEN: dict[Size, int] = {"tiny": 200, "full": 16_000}
"""Pictures that training shows in all."""


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures with boxes."""
    own = own_boxed(folder, SHAPE)
    anchors = anchors_of(own.sizes(), len(DETECTOR.anchors)).round(1)
    detector = DETECTOR._replace(anchors=[(float(w), float(h)) for w, h in anchors])

    def train_own(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        pictures = own.of_split("train", size)
        return train_on(model, pictures, detector, -(-SEEN[size] // len(pictures)), progress)

    return with_boxes(
        recipe,
        own,
        build=lambda size: network(detector, len(own.names)),
        train=train_own,
        parts=parts_of(detector, own.names),
        assets=lambda size: {"detector.json": to_json(SHAPE, detector.facts())},
        loss=loss_of(detector),
    )


recipe = Recipe(
    signature=detection.signature(SHAPE, CELLS),
    metric=detection.METRIC,
    baseline=("a one-stage detector of 0.4 million weights, on the whole data", 87.4),
    source=(
        "Ren, He, Girshick, Sun, Faster R-CNN, 2015, https://arxiv.org/abs/1506.01497; Girshick, "
        "Fast R-CNN, 2015, https://arxiv.org/abs/1504.08083; He et al., Mask R-CNN, 2017, "
        "https://arxiv.org/abs/1703.06870; Lin et al., Focal Loss, 2017, "
        "https://arxiv.org/abs/1708.02002"
    ),
    build=build,
    data=data,
    train=train,
    score=detection.score,
    details=detection.details(CELLS),
    show=detection.show(CELLS),
    answer_key=detection.answer_key,
    loss=loss_of(DETECTOR),
    fine_tuning=FineTuning(epochs={"tiny": 1, "full": 10}, batch_size=BATCH_SIZE),
    variants=("float32", "float16", "dynamic_int8", "int8"),
    drop_limits=detection.DROP_LIMITS,
    num_emulated=12,
    parts=parts_of(DETECTOR, CELLS),
    program=Program(name="detect", example=(detection.EXAMPLE,)),
    assets=assets,
    with_data=with_data,
)
