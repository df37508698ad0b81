"""Deep belief network that names the garment in a 28x28 grey picture, taught by 1,000 labels.

Data: Fashion-MNIST (Xiao et al. 2017); `tiny` uses the 6,000 + 1,000 images that ship with edgekit.
Model: three layers of hidden units, each trained without labels as a restricted Boltzmann machine
on the layer below (Hinton, Osindero, Teh 2006), on all training pictures; then all together on the
labels of a few. Score: top-1 accuracy. Compared with the same network without pre-training, the
mean of five seeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Program, Recipe, Signature, Tensor
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.fashion.garments import (
    EXAMPLE,
    IMAGE,
    LABELS,
    SHAPE,
    SOURCE,
    example,
    garments,
)
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.fit import fit
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.learning.scores import accuracy
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import keras

HIDDEN = (500, 500, 1000)
NUM_LABELS: dict[Size, int] = {"tiny": 200, "full": 1000}
PRETRAINING_EPOCHS: dict[Size, int] = {"tiny": 3, "full": 15}
EPOCHS: dict[Size, int] = {"tiny": 40, "full": 60}
BATCH_SIZE = 50
PEAK_LEARNING_RATE = 1e-3
SEEDS = range(5)
"""Of the trainings without pre-training; few labels make accuracies differ."""


def data(split: Split, size: Size) -> Dataset:
    """Return images `(n, 28, 28, 1)`, float32 in 0..1, and their class numbers `(n,)`."""
    images, labels = garments(split, size)
    return Dataset(inputs={"image": images}, targets=labels)


def labelled(size: Size) -> Dataset:
    """Return the training pictures whose labels are used: the first of each class, as many each."""
    train = data("train", size)
    labels, each = train.target(), NUM_LABELS[size] // len(LABELS)
    first = [np.flatnonzero(labels == label)[:each] for label in range(len(LABELS))]
    chosen = np.sort(np.concatenate(first))
    return Dataset(inputs={"image": train.inputs["image"][chosen]}, targets=labels[chosen])


# Model: layers of units that are on with some probability, which the network passes on.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    from keras import Input, Model, layers

    image = Input(SHAPE, name="image")
    x = layers.Flatten()(image)
    for number, units in enumerate(HIDDEN, 1):
        x = layers.Dense(units, activation="sigmoid", name=f"hidden_{number}")(x)
    scores = layers.Dense(len(LABELS), activation="softmax", name="scores")(x)
    return Model(image, scores, name="image_dbn")


# Training: layer by layer on pictures alone, whose grey values are probabilities that a pixel is
# on, drawn anew each time; then the labels.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    from edgekit.domains.boltzmann.stacking import pretrain
    from edgekit.domains.boltzmann.training import Schedule

    images = data("train", size).inputs["image"]
    layers = [model.get_layer(f"hidden_{number}") for number in range(1, len(HIDDEN) + 1)]
    schedule = Schedule(epochs=PRETRAINING_EPOCHS[size])
    pretrain(layers, images.reshape(len(images), -1), schedule, progress)
    return fine_tune(model, size, progress)


def fine_tune(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Teach the model the labels and return it."""
    examples = labelled(size)
    steps = EPOCHS[size] * -(-len(examples) // BATCH_SIZE)
    model.compile(adamw(PEAK_LEARNING_RATE, steps), recipe.loss)
    fit(
        model,
        examples,
        epochs=EPOCHS[size],
        batch_size=BATCH_SIZE,
        progress=progress,
        stage="labels",
    )
    return model


def without_pretraining(size: Size, progress: Progress) -> float:
    """Return the mean score of the same network when it learns the labels only, of five seeds."""
    import keras

    test, scores = data("test", size), []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        scores.append(score(runner(fine_tune(build(size), size, progress)), test))
    return float(np.mean(scores))


# Score: the share of images whose highest score is the right class.


def score(run: Run, dataset: Dataset) -> float:
    """Return top-1 accuracy in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


recipe = Recipe(
    signature=Signature(
        inputs=(IMAGE,),
        outputs=(Tensor(name="scores", shape=(1, 10), meaning="probability of each label"),),
        labels=LABELS,
    ),
    metric=Metric(name="accuracy", unit="%", is_share=True),
    baseline=("the same network without pre-training, mean of 5 seeds", without_pretraining),
    source=(
        "Hinton, Osindero, Teh, A Fast Learning Algorithm for Deep Belief Nets, 2006, "
        f"https://doi.org/10.1162/neco.2006.18.7.1527; {SOURCE}"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=labels_key(len(LABELS)),
    variants=("float32", "float16", "dynamic_int8", "int8", "int16x8"),
    drop_limits={"int8": 0.5},
    loss="sparse_categorical_crossentropy",
    program=Program(name="classify", example=(EXAMPLE,)),
    assets=example,
    num_emulated=300,
)
