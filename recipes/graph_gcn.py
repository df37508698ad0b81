"""Graph convolutional network that says what a paper is about, from words and citations.

Data: Cora, 2,708 papers, of which 140 have a label to learn from; the public split (Yang et al.
2016); `tiny` takes a part of it, which ships with edgekit. CiteSeer, or a graph of your own, by
`--data`. Model: two graph convolutions of 16 units (Kipf & Welling 2017). Score: share of the 1,000
papers of the test whose field is found. A file takes a paper and those up to two citations from it,
so the graph may have any size.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.recipe import Dataset, FineTuning, Metric, Program, Recipe
from edgekit.core.types import Progress, Run, Size, Split
from edgekit.domains.graphs import asking
from edgekit.domains.graphs.baseline import words_alone
from edgekit.domains.graphs.citations import FIELDS, NUM_WORDS, ROOM, citations
from edgekit.domains.graphs.examples import neighbourhoods, signature
from edgekit.domains.graphs.labelled import LabelledGraph
from edgekit.domains.graphs.own_graph import on_graph
from edgekit.domains.graphs.propagation import convolve, graph_inputs, mean_of_words
from edgekit.domains.graphs.training import Schedule, fit_whole
from edgekit.domains.learning.answer_keys import labels_key
from edgekit.domains.learning.scores import accuracy
from edgekit.on_device.graphs.neighbourhoods import Room

if TYPE_CHECKING:
    import keras

SYMMETRIC = True
"""A link's weight depends on how many links both its ends have."""

UNITS = 16
DROPOUT = 0.6
DECAY = 5e-4
SCHEDULE: dict[Size, Schedule] = {
    "tiny": Schedule(epochs=60, patience=60, learning_rate=0.02),
    "full": Schedule(epochs=300, patience=100, learning_rate=0.01),
}


def data(split: Split, size: Size) -> Dataset:
    """Return the neighbourhoods of papers as `examples.py` describes, and fields `(n,)`."""
    return neighbourhoods(citations(size), split, ROOM, symmetric=SYMMETRIC)


# Model: each of two layers replaces a node's features by a weighted sum over it and its neighbours.
# The same layers are built for a neighbourhood of 256 nodes, which becomes the file, and for the
# whole graph, which is trained on. Links are listed; `benchmarks/graphs.py` compares with a matrix.


def build(size: Size) -> keras.Model:
    """Return the untrained network; it is the same for every size."""
    return network(ROOM, num_words=NUM_WORDS, num_classes=len(FIELDS))


def network(room: Room, *, num_words: int, num_classes: int, whole: bool = False) -> keras.Model:
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
    """Train on Cora and return the model."""
    return train_on(model, citations(size), size, progress)


def train_on(
    model: keras.Model, labelled: LabelledGraph, size: Size, progress: Progress
) -> keras.Model:
    """Train on a whole graph; return the model with the weights of the best validation."""
    num_words, num_classes = labelled.num_words, len(labelled.class_names)
    whole = network(labelled.room, num_words=num_words, num_classes=num_classes, whole=True)
    fit_whole(whole, labelled, SCHEDULE[size], symmetric=SYMMETRIC, progress=progress)
    model.set_weights(whole.get_weights())
    return model


# Score: how many fields are found.


def score(run: Run, dataset: Dataset) -> float:
    """Return the share of papers whose likeliest field is theirs, in percent."""
    return accuracy(run(dataset.inputs)["scores"], dataset.target())


def assets(size: Size) -> dict[str, str]:
    """Return what the program has to know, and papers to try a bundle with."""
    return asking.assets(citations("tiny"), symmetric=SYMMETRIC)


def with_data(given: Path) -> Recipe:
    """Return the recipe on a user's graph, or on CiteSeer."""
    return on_graph(recipe, given, network=network, train=train_on, symmetric=SYMMETRIC)


recipe = Recipe(
    signature=signature(ROOM, FIELDS, symmetric=SYMMETRIC),
    metric=Metric(name="accuracy", unit="%", is_share=True),
    baseline=(
        "logistic regression on the words alone",
        lambda size, progress: words_alone(citations(size), progress),
    ),
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
    fine_tuning=FineTuning(epochs={"tiny": 1, "full": 10}, batch_size=1),  # an example is a graph
    # No dynamic_int8: XNNPACK in LiteRT 2.3 multiplies floats by looked-up int8 rows wrongly (31 %
    # in place of 84.5 % with graph_gat in tiny; tflite-runtime is right).
    variants=("float32", "float16", "int8"),
    drop_limits={"int8": 1.0},
    program=Program(name="classify_node", example=(asking.EXAMPLE,)),
    assets=assets,
    show=partial(asking.show, FIELDS),
    with_data=with_data,
)
