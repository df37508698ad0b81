"""What papers are about by their words alone: how much citations tell beyond them."""

from __future__ import annotations

import numpy as np

from edgekit.core.types import Array, Progress, Size
from edgekit.domains.graphs.citations import Citations, citations
from edgekit.domains.learning.scores import accuracy

EPOCHS = 200
DECAY = 5e-4
LEARNING_RATE = 0.05


def words_alone(size: Size, progress: Progress) -> float:
    """Return the accuracy of logistic regression on each paper's own words, in percent."""
    import keras

    cited = citations(size)
    bags = bags_of_words(cited)
    train, test = cited.splits["train"], cited.splits["test"]
    regression = keras.layers.Dense(
        cited.num_classes, "softmax", kernel_regularizer=keras.regularizers.L2(DECAY)
    )
    model = keras.Sequential([keras.Input((cited.num_words,)), regression])
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE), "sparse_categorical_crossentropy", jit_compile=False
    )
    model.fit(bags[train], cited.labels[train], batch_size=len(train), epochs=EPOCHS, verbose=0)
    progress(1.0, "logistic regression")
    return accuracy(model.predict(bags[test], verbose=0), cited.labels[test])


def bags_of_words(cited: Citations) -> Array:
    """Return one part in as many as a paper has words, for each of them: `(papers, words)`."""
    bags = np.zeros((len(cited.graph), cited.num_words), np.float32)
    for row, words in zip(bags, cited.graph.words, strict=True):
        row[words] = 1 / max(1, len(words))
    return bags
