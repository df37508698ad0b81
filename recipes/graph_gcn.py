"""Graph convolutional network that says what a paper is about, from words and citations.

Data: Cora, 2,708 papers, of which 140 have a label to learn from; the public split (Yang et al.
2016); `tiny` takes a part of it, which ships with edgekit. Model: two graph convolutions of 16
units (Kipf & Welling 2017). Score: share of the 1,000 papers of the test whose field is found.
A file takes a paper and those two citations from it, so that the graph may have any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, Metric, Program, Recipe
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.graphs import asking
from edgekit.domains.graphs.baseline import words_alone
from edgekit.domains.graphs.citations import (
    EXAMPLE,
    FIELDS,
    NUM_WORDS,
    ROOM,
    Citations,
    citations,
    neighbourhoods,
    signature,
)
from edgekit.domains.graphs.propagation import convolve, graph_inputs, mean_of_words
from edgekit.domains.graphs.training import Schedule, fit_whole
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.scores import accuracy
from edgekit.on_device.graphs.neighbourhoods import Room

if TYPE_CHECKING:
    import keras

UNITS = 16
DROPOUT = 0.6
DECAY = 5e-4
SCHEDULE: dict[Size, Schedule] = {
    "tiny": Schedule(epochs=60, patience=60, learning_rate=0.02),
    "full": Schedule(epochs=300, patience=100, learning_rate=0.01),
}


def data(split: Split, size: Size) -> Dataset:
    """Return the neighbourhoods of papers, as `ROOM` holds them, and their fields `(n,)`."""
    return neighbourhoods(split, size, symmetric=True)


# Model: what a node knows becomes the weighted mean of what it and its neighbours know, twice. The
# same layers are built for a neighbourhood of 256 nodes, which becomes the file, and for the whole
# graph, which is trained on. Links are listed: with a matrix of 256 x 256 nodes for them, an
# example would be four times as large, and takes about as long; `benchmarks/graphs.py` tells.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(ROOM, num_words=NUM_WORDS, num_classes=len(FIELDS), whole=False)


def network(room: Room, *, num_words: int, num_classes: int, whole: bool) -> keras.Model:
    """Return a network that answers for the first node of a graph, or for all of them.

    Args:
        room: For the graph.
        num_words: In the dictionary.
        num_classes: What a node may be.
        whole: Answer for all: `(1, nodes, classes)` in place of `(1, classes)`.
    """
    import keras
    from keras import ops

    inputs, links = graph_inputs(room)
    words, shares = (ops.reshape(inputs[n], (room.nodes, -1)) for n in ("words", "shares"))
    x = mean_of_words(words, shares, UNITS, num_words=num_words, dropout=DROPOUT, decay=DECAY)
    x = keras.layers.ReLU()(convolve(x, links))
    x = keras.layers.Dropout(DROPOUT)(x)
    x = convolve(keras.layers.Dense(num_classes, name="fields")(x), links)
    x = ops.expand_dims(x, 0) if whole else x[:1, :]
    scores = keras.layers.Softmax(name="scores")(x)
    return keras.Model(list(inputs.values()), scores, name="graph_gcn")


# Training: on the whole graph, each epoch one step. All papers are seen, the labels of 140.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the labels of the training split; return the model of the best validation."""
    whole = trained_whole(citations(size), SCHEDULE[size], progress)
    model.set_weights(whole.get_weights())
    return model


def trained_whole(cited: Citations, schedule: Schedule, progress: Progress) -> keras.Model:
    """Return a network that is trained on a graph and answers for all of its nodes."""
    whole = network(
        cited.room, num_words=cited.num_words, num_classes=cited.num_classes, whole=True
    )
    fit_whole(whole, cited, schedule, symmetric=True, progress=progress)
    return whole


# Score: how many fields are found.


def score(run: Run, dataset: Dataset) -> float:
    """Return the share of papers whose likeliest field is theirs, in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


def assets(size: Size) -> dict[str, str]:
    """Return what the program has to know, and papers to try a bundle with."""
    return asking.assets(symmetric=True)


recipe = Recipe(
    signature=signature(symmetric=True),
    metric=Metric(name="accuracy", unit="%"),
    baseline=("logistic regression on the words alone", words_alone),
    source=(
        "Kipf, Welling, Semi-Supervised Classification with Graph Convolutional Networks, 2017, "
        "https://arxiv.org/abs/1609.02907; Yang, Cohen, Salakhutdinov, Revisiting Semi-Supervised "
        "Learning with Graph Embeddings, 2016, https://arxiv.org/abs/1603.08861; data: "
        "https://github.com/tkipf/gcn"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=labels_key(len(FIELDS)),
    loss="sparse_categorical_crossentropy",
    variants=("float32", "float16", "dynamic_int8", "int8"),
    drop_limits={"int8": 1.0},
    program=Program(name="classify_node", example=(EXAMPLE,)),
    assets=assets,
    show=asking.show,
)
