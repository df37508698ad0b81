"""Nodes classified by their words alone, to see what links add."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.graphs.labelled import LabelledGraph
from edgekit.domains.learning.scores import accuracy

EPOCHS = 200
DECAY = 5e-4
LEARNING_RATE = 0.05


def words_alone(labelled: LabelledGraph, progress: Progress) -> float:
    """Return the accuracy of logistic regression on each node's own words, in percent."""
    import keras

    train, test = labelled.splits["train"], labelled.chosen("test")
    regression = keras.layers.Dense(
        len(labelled.class_names), "softmax", kernel_regularizer=keras.regularizers.L2(DECAY)
    )
    model = keras.Sequential([keras.Input((labelled.num_words,)), regression])
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE), "sparse_categorical_crossentropy", jit_compile=False
    )
    model.fit(
        bags_of_words(labelled, train),
        labelled.labels[train],
        batch_size=len(train),
        epochs=EPOCHS,
        verbose=0,
    )
    progress(1.0, "logistic regression")
    answers = model.predict(bags_of_words(labelled, test), verbose=0)
    return accuracy(answers, labelled.labels[test])


def bags_of_words(labelled: LabelledGraph, nodes: Array) -> Array:
    """Return 1 / number of a node's words for each of them, 0 for others: `(nodes, words)`."""
    bags = np.zeros((len(nodes), labelled.num_words), np.float32)
    for row, node in zip(bags, nodes, strict=True):
        words = labelled.graph.words[node]
        row[words] = 1 / max(1, len(words))
    return bags
