"""Word vectors by continuous bag of words: a word's neighbours together predict it (word2vec).

Data: 2.5 million words of the English Bible and of film reviews; `tiny` uses the 68,000 that ship
with edgekit. Model: Mikolov et al. 2013, with negative sampling. The file for the device looks a
word up and compares it with all others. Score: rank correlation with the word pairs of WordSim-353
that are in the vocabulary.
"""

from __future__ import annotations

from typing import Any

from edgekit.embeddings import (
    SIGNATURE,
    counts_baseline,
    fill,
    nearest_model,
    numbered_words,
    rank_correlation,
    start_table,
    training_text,
    vocabulary_file,
)
from edgekit.negative_sampling import Settings, surprise, train_vectors
from edgekit.types import Dataset, Metric, Progress, Recipe, Run, Size, Split

SETTINGS: dict[Size, Settings] = {
    "tiny": Settings(epochs=20, learning_rate=0.1),
    "full": Settings(epochs=10),
}


def data(split: Split, size: Size) -> Dataset:
    """Return words as numbers `(n, 1)`, int32; for test, those of judged pairs with judgements."""
    return numbered_words(split, size)


# Model: one table, in which a word is looked up and with which its vector is compared.


def build(size: Size) -> Any:
    """Return the model with a random table; it is the same for every size."""
    return nearest_model("words_cbow")


# Training: the mean of the neighbours' input vectors is to tell the word from noise.


def objective(inputs: Any, outputs: Any, noise: Any, near: Any, share: float) -> Any:
    """Return the loss of a step; see `edgekit.negative_sampling.Objective`."""
    import tensorflow as tf

    neighbours = tf.reduce_sum(near, axis=-1, keepdims=True)
    total = tf.matmul(near, inputs)
    mean = total / tf.maximum(neighbours, 1.0)
    # As in Mikolov's program each neighbour moves as far as the mean should, so the gradient is
    # that of the sum.
    bag = total + tf.stop_gradient(mean - total)
    right = tf.reduce_sum(bag * outputs, axis=-1, keepdims=True)
    wrong = tf.einsum("btd,nd->btn", bag, noise)
    asked = tf.minimum(neighbours, 1.0)
    found = tf.reduce_sum(asked * surprise(-right))
    return found + share * tf.reduce_sum(asked * surprise(wrong))


def train(model: Any, size: Size, progress: Progress) -> Any:
    """Train on running text, put the input vectors into the model and return it."""
    text = training_text(size)
    vectors = train_vectors(
        text,
        start_table(len(text.words)),
        objective,
        settings=SETTINGS[size],
        progress=progress,
    )
    return fill(model, vectors)


# Score: do angles between vectors order pairs of words as people do?


def score(run: Run, dataset: Dataset) -> float:
    """Return the rank correlation with human judgements in points, at most 100."""
    return rank_correlation(run(dataset.inputs)["vector"], dataset.targets)


recipe = Recipe(
    signature=SIGNATURE,
    metric=Metric(name="rank correlation on WordSim-353", unit="points"),
    baseline=("counts of neighbours", counts_baseline),
    source=(
        "Mikolov, Chen, Corrado, Dean, Efficient Estimation of Word Representations in Vector "
        "Space, 2013, https://arxiv.org/abs/1301.3781; "
        "Finkelstein et al., Placing Search in Context, 2002, "
        "https://doi.org/10.1145/503104.503110"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    variants=("float32", "float16", "dynamic_int8", "int8"),
    on_device=("nearest",),
    assets=vocabulary_file,
    num_emulated=100,
)
