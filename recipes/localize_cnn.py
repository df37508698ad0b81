"""CNN that says where the one playing card in a photo lies, and of which rank it is.

Data: the photos of playing cards that hold exactly one (EdjeElectronics 2018), 165 to train, beside
those of several in which all but one are painted over, and 30 to test; `tiny` uses those that ship
with edgekit. Model: OverFeat (Sermanet et al. 2014) in small: one network votes for a box and a
class at each of 12x12 positions, and the votes are merged. Score: mean intersection over union of
the boxes, since 30 photos tell boxes apart much more finely than they tell six classes; the
accuracy of the classes stands beside it. Takes pictures of your own with a box around one thing
each: VOC, COCO or YOLO.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import (
    Dataset,
    FineTuning,
    Metric,
    Parts,
    Program,
    Recipe,
    Signature,
    Tensor,
)
from edgekit.core.types import Progress, Size, Split
from edgekit.domains.learning.convolutions import convolution, residual
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.learning.whole_loss import fit_batches
from edgekit.domains.localizing.pictures import each_alone, examples_of, varied
from edgekit.domains.localizing.scoring import details, key_of, mean_box, score, show_of
from edgekit.domains.localizing.votes import loss_of
from edgekit.domains.own_boxed.reading import own_boxed
from edgekit.domains.own_boxed.single import are_single
from edgekit.domains.own_data.examples import SPLITS_FILE
from edgekit.domains.vision import detection
from edgekit.domains.vision.boxed_pictures import RANKS, BoxedSet, playing_cards
from edgekit.on_device.programs.localize import NETWORK, drive

if TYPE_CHECKING:
    import keras

SIDE = 192
"""Pixels of the input's side: most cards are 50 to 80 of them high, and 9 and 10 pips are still
told apart."""
SHAPE = (SIDE, SIDE, 3)
STRIDE = 16
"""Pixels between two positions that vote."""
CELLS = SIDE // STRIDE

EPOCHS: dict[Size, int] = {"tiny": 6, "full": 75}
BATCH_SIZE: dict[Size, int] = {"tiny": 5, "full": 16}
PEAK_LEARNING_RATE = 3e-3


# Data: photos with exactly one card, whole and with grey around them.


def data(split: Split, size: Size) -> Dataset:
    """Return photos `(n, 192, 192, 3)`, float32 in 0..1; the targets are `box` and `label`."""
    return examples_of(one_card(split, size))


def one_card(split: Split, size: Size) -> BoxedSet:
    """Return the photos of a split that hold exactly one card.

    To train on there are those of several cards too, once for each card that lies apart, with the
    others painted over.
    """
    photos = playing_cards(split, size, SHAPE)
    return each_alone(photos) if split == "train" else photos.only(are_single(photos))


# Model: 192x192 -> 12x12 positions, each of which sees 119 pixels around it.

_convolution = partial(convolution, largest=6.0)
_residual = partial(residual, largest=6.0)


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(len(RANKS))


def network(num_labels: int) -> keras.Model:
    """Return the untrained network."""
    import keras

    image = keras.Input(SHAPE, name="image")
    x = _convolution(image, 16, stride=2)
    for filters in (32, 64, 128):
        x = _residual(_convolution(x, filters, stride=2))
    hidden = keras.layers.SpatialDropout2D(0.1)(x)
    middling = keras.initializers.Constant(2.0)  # edges are about two positions away
    outputs = {
        "where": keras.layers.Conv2D(1, 1, name="where")(_convolution(x, 32)),
        "box": keras.layers.Conv2D(4, 1, bias_initializer=middling, name="box")(
            _convolution(x, 64)
        ),
        "scores": keras.layers.Conv2D(num_labels, 1, name="scores")(_convolution(hidden, 128)),
    }
    return keras.Model(image, outputs, name="localize_cnn")


# Training: positions in the middle of the card are to vote, all of them for its box and its class;
# what their merged votes say is judged as well. Photos are turned, enlarged, moved and lit anew.

loss = loss_of(CELLS, STRIDE)


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split, varied anew for every batch, and return the model."""
    return train_on(one_card("train", size), model, EPOCHS[size], BATCH_SIZE[size], progress)


def train_on(
    photos: BoxedSet, model: keras.Model, epochs: int, batch_size: int, progress: Progress
) -> keras.Model:
    """Train on any pictures of one thing each and return the model."""
    steps = -(-len(photos) // batch_size)
    fit_batches(
        {SHAPE: model},
        loss,
        varied(photos, batch_size),
        optimizer=adamw(PEAK_LEARNING_RATE, epochs * steps),
        epochs=epochs,
        steps=steps,
        progress=progress,
    )
    return model


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the trained network as the part that votes."""
    return {NETWORK: model}


# What goes in and comes out; and pictures of your own, those with exactly one box.

SEEN: dict[Size, int] = {"tiny": 270, "full": 21_000}
"""Pictures that training on data of your own shows in all, in 6 to 200 epochs."""


def signature(labels: tuple[str, ...]) -> Signature:
    """Return what the merged votes say."""
    outputs = (
        Tensor(name="box", shape=(1, 4), meaning="left, top, right, bottom in pixels"),
        Tensor(name="scores", shape=(1, len(labels)), meaning="probability of each label"),
    )
    return Signature(inputs=(detection.picture_input(SHAPE),), outputs=outputs, labels=labels)


def parts(labels: tuple[str, ...]) -> Parts:
    """Return the one part, and the loop that merges its votes."""
    outputs = tuple(
        Tensor(name=name, shape=(1, CELLS, CELLS, depth), meaning=meaning)
        for name, depth, meaning in (
            ("box", 4, "edges to the left, above, to the right, below, in cells"),
            ("scores", len(labels), "logit of each label"),
            ("where", 1, "logit of how much the vote counts"),
        )
    )
    votes = Signature(inputs=(detection.picture_input(SHAPE),), outputs=outputs, labels=labels)
    return Parts(signatures={NETWORK: votes}, split=split, drive=drive)


def with_data(folder: Path) -> Recipe:
    """Return the recipe on a user's pictures of one thing each; labels and splits follow them."""
    own = own_boxed(folder, SHAPE, single=True)
    labels, count = own.names, len(own.of_split("train", "full"))
    batch_size = min(BATCH_SIZE["full"], max(4, count // 8))
    epochs = {size: min(200, max(6, SEEN[size] // count)) for size in SEEN}
    example = detection.example(own.of_split("test", "full"))

    def own_data(split: Split, size: Size) -> Dataset:
        return examples_of(own.of_split(split, size))

    def train_own(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
        return train_on(own.of_split("train", size), model, epochs[size], batch_size, progress)

    return replace(
        recipe,
        signature=signature(labels),
        parts=parts(labels),
        baseline=("the mean box", mean_box(own_data("train", "full"), own_data("test", "full"))),
        build=lambda size: network(len(labels)),
        data=own_data,
        train=train_own,
        show=show_of(labels),
        answer_key=key_of(len(labels)),
        assets=lambda size: {**example, SPLITS_FILE: own.splits_csv()},
        with_data=None,
        about_data=own.remarks,
    )


recipe = Recipe(
    signature=signature(RANKS),
    metric=Metric(name="mean IoU", unit="%"),
    baseline=("the mean box", lambda size, _: mean_box(data("train", size), data("test", size))),
    source=(
        "Sermanet, Eigen, Zhang, Mathieu, Fergus, LeCun, OverFeat, 2014, "
        "https://arxiv.org/abs/1312.6229; Zheng et al., Distance-IoU Loss, 2020, "
        "https://arxiv.org/abs/1911.08287"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    details=details,
    show=show_of(RANKS),
    answer_key=key_of(len(RANKS)),
    loss=loss,
    fine_tuning=FineTuning(epochs={"tiny": 2, "full": 12}, batch_size=16, learning_rate=3e-4),
    variants=("float32", "float16", "dynamic_int8", "int8", "pruned-int8", "qat-int8"),
    drop_limits={"int8": 3.0, "pruned": 4.0, "qat": 3.0},
    parts=parts(RANKS),
    program=Program(name="localize", example=(detection.EXAMPLE,)),
    assets=lambda size: detection.example(one_card("test", "tiny")),
    with_data=with_data,
    num_emulated=40,
)
