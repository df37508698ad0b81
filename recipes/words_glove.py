"""Word vectors from global counts: products of vectors are logarithms of co-occurrence (GloVe).

Data: 2.5 million words of the English Bible and of film reviews; `tiny` uses the 68,000 that ship
with edgekit. Model: Pennington et al. 2014; then the mean and the first principal direction, which
mostly encode how frequent words are, are removed (Mu and Viswanath 2018). The file for the device
looks a word up and compares it with all others. Score: rank correlation with the word pairs of
WordSim-353 that are in the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Program, Recipe
from edgekit.core.types import Array, Progress, Size
from edgekit.domains.learning.answer_keys import relatedness_key
from edgekit.domains.text import word_vectors
from edgekit.domains.text.word_vectors import (
    DIMENSIONS,
    Text,
    cooccurrences,
    fill,
    nearest_model,
    start_table,
    training_text,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Epoch = Callable[[Array, Array, Array, Array], "tf.Tensor"]
"""`(rows, columns, logarithms, weights) -> mean loss`: one pass over all counts."""


@dataclass(frozen=True, kw_only=True)
class GloVeSettings:
    """How vectors are fitted; the names are those of Pennington's program.

    Attributes:
        window: Farthest neighbour that is counted, in words.
        most: Counts above it get no more weight; it is small because the text is.
        power: How weights grow with counts.
        epochs: How often all counts are seen.
        learning_rate: Of AdaGrad.
    """

    window: int = 10
    most: float = 10.0
    power: float = 0.75
    epochs: int = 4
    learning_rate: float = 0.4


SETTINGS: dict[Size, GloVeSettings] = {"tiny": GloVeSettings(epochs=8), "full": GloVeSettings()}
BATCH_SIZE = 1024


# Model: one table, in which a word is looked up and with which its vector is compared.


def build(size: Size) -> keras.Model:
    """Return the model with a random table; it is the same for every size."""
    return nearest_model("words_glove")


# Training: AdaGrad on weighted squares of (vector . context + both biases - log count).


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Fit vectors to counts, put them into the model and return it."""
    return fill(model, without_frequency(fit(training_text(size), SETTINGS[size], progress)))


def without_frequency(vectors: Array) -> Array:
    """Return vectors without their mean and without their first principal component.

    One component for every 100 dimensions is what the paper proposes.

    Source: Mu, Viswanath, All-but-the-Top, 2018, https://arxiv.org/abs/1702.01417.
    """
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # the longest comes last
    first = directions[:, -1:]
    return np.asarray(centred - centred @ first @ first.T)


def fit(text: Text, settings: GloVeSettings, progress: Progress) -> Array:
    """Return a vector for each word of a text, `(words, DIMENSIONS)`: the sum of its two.

    The biases are two more columns: one table holds (vector, bias, 1), the other (vector, 1, bias).
    """
    import tensorflow as tf

    counts = cooccurrences(text, settings.window).tocoo()
    logarithm = np.log(counts.data).astype(np.float32)
    weight = np.minimum(1, counts.data / settings.most).astype(np.float32) ** settings.power
    pairs = np.stack([counts.row, counts.col]).astype(np.int32)
    biases = np.bincount(pairs[0], logarithm) / np.bincount(pairs[0]) / 2
    halves = [np.pad(start_table(len(text.words)), ((0, 0), (0, 2))) for _ in range(2)]
    for side, half in enumerate(halves):
        half[:, DIMENSIONS + side], half[:, DIMENSIONS + 1 - side] = biases, 1
    tables = [tf.Variable(half) for half in halves]
    epoch = _epoch_function(tables, settings.learning_rate)
    random = np.random.default_rng(np.random.randint(2**31))
    for done in range(settings.epochs):
        order = random.permutation(len(logarithm))
        loss = epoch(pairs[0][order], pairs[1][order], logarithm[order], weight[order])
        told = f"epoch {done + 1}/{settings.epochs}, loss {float(loss):.4f}"
        progress((done + 1) / settings.epochs, told)
    return np.asarray(tables[0] + tables[1])[:, :DIMENSIONS]


def _epoch_function(tables: Sequence[tf.Variable], learning_rate: float) -> Epoch:
    """Compile one pass over all counts.

    AdaGrad keeps one number per row, the mean of its squared gradients: twice as fast as one number
    per column.
    """
    import tensorflow as tf

    width = DIMENSIONS + 2
    squares = [tf.Variable(np.ones(table.shape[0], np.float32)) for table in tables]
    learns = 1 - np.eye(width, dtype=np.float32)[[DIMENSIONS + 1, DIMENSIONS]]  # the ones stay

    @tf.function  # type: ignore[untyped-decorator]
    def epoch(
        first: tf.Tensor, second: tf.Tensor, logarithm: tf.Tensor, weight: tf.Tensor
    ) -> tf.Tensor:
        total, count = 0.0, tf.shape(first)[0]
        for start in tf.range(0, count, BATCH_SIZE):
            here = slice(start, start + BATCH_SIZE)
            chosen = first[here], second[here]
            rows = [tf.gather(tables[side], chosen[side]) for side in (0, 1)]
            error = tf.reduce_sum(rows[0] * rows[1], axis=1) - logarithm[here]
            pull = weight[here] * error
            total += tf.reduce_sum(pull * error)
            for side in (0, 1):
                other = rows[1 - side] * learns[side]
                square = pull * pull * tf.reduce_sum(other * other, axis=1) / width
                squares[side].scatter_add(tf.IndexedSlices(square, chosen[side]))
                rate = learning_rate * tf.math.rsqrt(tf.gather(squares[side], chosen[side]))
                moves = (-rate * pull)[:, None] * other
                tables[side].scatter_add(tf.IndexedSlices(moves, chosen[side]))
        return total / tf.cast(count, tf.float32)

    run_epoch: Epoch = epoch
    return run_epoch


recipe = Recipe(
    signature=word_vectors.SIGNATURE,
    metric=word_vectors.METRIC,
    baseline=word_vectors.BASELINE,
    source=(
        "Pennington, Socher, Manning, GloVe: Global Vectors for Word Representation, 2014, "
        "https://aclanthology.org/D14-1162; "
        "Mu, Viswanath, All-but-the-Top, 2018, https://arxiv.org/abs/1702.01417; "
        + word_vectors.SOURCE
    ),
    build=build,
    data=word_vectors.numbered_words,
    train=train,
    score=word_vectors.score,
    answer_key=relatedness_key(10.0),
    variants=("float32", "float16", "dynamic_int8", "int8"),
    program=Program(name="nearest", example=("king",)),
    assets=word_vectors.vocabulary_file,
    num_emulated=100,
)
