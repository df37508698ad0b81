"""Word vectors from character n-grams: each word, as a bag of them, predicts its neighbours.

Words that are not in the vocabulary get vectors too, from their n-grams alone, on the device. Data:
2.5 million words of the English Bible and of film reviews; `tiny` uses the 68,000 that ship with
edgekit. Model: fastText, Bojanowski et al. 2017, with negative sampling. Score: rank correlation
with the word pairs of WordSim-353 that are in the vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Progress, Size, Split
from edgekit.domains.learning.answer_keys import relatedness_key
from edgekit.domains.text import word_vectors
from edgekit.domains.text.negative_sampling import (
    Bags,
    NegativeSamplingSettings,
    skip_gram,
    train_vectors,
)
from edgekit.domains.text.word_vectors import (
    DIMENSIONS,
    NUM_ROWS,
    OUTPUTS,
    start_table,
    training_text,
    unit_rows,
    vocabulary_file,
    words_of,
)
from edgekit.on_device.ngrams import FIRST_BUCKET, MOST, NUM_BUCKETS, inputs_of, rows_of

if TYPE_CHECKING:
    import keras

SETTINGS: dict[Size, NegativeSamplingSettings] = {
    "tiny": NegativeSamplingSettings(epochs=6, learning_rate=0.1),
    "full": NegativeSamplingSettings(),
}


def data(split: Split, size: Size) -> Dataset:
    """Return words as rows of n-grams and their weights, both `(n, MOST)`.

    Test words are those of the pairs that people judged; their targets are the judgements.
    """
    words, targets = words_of(split, size)
    number = {word: index for index, word in enumerate(training_text(size).words)}
    return Dataset(inputs=inputs_of(words, number), targets=targets)


# Model: the mean of a word's n-grams, scaled to length 1, and compared with all words.


def build(size: Size) -> keras.Model:
    """Return the model with random tables; it is the same for every size."""
    import keras

    ngrams = keras.Input((MOST,), dtype="int32", name="ngrams")
    weights = keras.Input((MOST,), name="weights")
    rows = keras.layers.Embedding(FIRST_BUCKET + NUM_BUCKETS + NUM_ROWS, DIMENSIONS, name="table")
    # The n-grams are the left factor of the product. As its right factor they made LiteRT 2.3 wrong
    # by 0.4 of 1 in dynamic_int8.
    columns = keras.layers.Permute((2, 1))(rows(ngrams))
    mean = keras.layers.Flatten()(
        keras.ops.matmul(columns, keras.layers.Reshape((MOST, 1))(weights))
    )
    square = keras.ops.sum(keras.ops.square(mean), axis=-1, keepdims=True)
    length = keras.ops.rsqrt(keras.ops.maximum(square, 1e-12))
    vector = keras.layers.Identity(name="vector")(keras.ops.multiply(mean, length))
    words = keras.layers.Dense(NUM_ROWS, use_bias=False, activation="relu", name="similarity")
    return keras.Model([ngrams, weights], [vector, words(vector)], name="words_fasttext")


# Training: skip-gram, where a word's input vector is the mean of its n-grams' and its own.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on running text, put n-grams and finished words into the model and return it."""
    text = training_text(size)
    bags = bags_of(text.words)
    start = start_table(FIRST_BUCKET + NUM_BUCKETS + NUM_ROWS)
    start[np.setdiff1d(np.arange(len(start)), bags.rows)] = 0
    table = train_vectors(
        text, start, skip_gram, settings=SETTINGS[size], progress=progress, bags=bags
    )
    model.get_layer("table").set_weights([table])
    model.get_layer("similarity").set_weights([unit_rows(mean_of_bags(table, bags)).T])
    return model


def bags_of(words: tuple[str, ...]) -> Bags:
    """Return the rows of every word of the vocabulary."""
    rows = [rows_of(word, number) for number, word in enumerate(words)]
    return Bags(
        rows=np.array([row for bag in rows for row in bag], np.int32),
        splits=np.cumsum([0, *map(len, rows)]),
    )


def mean_of_bags(table: Array, bags: Bags) -> Array:
    """Return the vector of every word, `(words, DIMENSIONS)`."""
    sums = np.add.reduceat(table[bags.rows], bags.splits[:-1])
    return np.asarray(sums / np.diff(bags.splits)[:, np.newaxis])


recipe = Recipe(
    signature=Signature(
        inputs=(
            Tensor(
                name="ngrams",
                shape=(1, MOST),
                dtype="int32",
                meaning="rows of the word's n-grams, then zeros",
            ),
            Tensor(name="weights", shape=(1, MOST), meaning="1 / n for each of n rows, then zeros"),
        ),
        outputs=OUTPUTS,
    ),
    metric=word_vectors.METRIC,
    baseline=word_vectors.BASELINE,
    source=(
        "Bojanowski, Grave, Joulin, Mikolov, Enriching Word Vectors with Subword Information, "
        "2017, https://arxiv.org/abs/1607.04606; " + word_vectors.SOURCE
    ),
    build=build,
    data=data,
    train=train,
    score=word_vectors.score,
    answer_key=relatedness_key(10.0),
    variants=("float32", "float16", "dynamic_int8", "int8"),
    program=Program(name="nearest_ngrams", example=("kingliest",)),
    assets=vocabulary_file,
    num_emulated=100,
)
