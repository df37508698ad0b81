"""Word vectors by continuous bag of words: a word's neighbours together predict it (word2vec).

Data: 2.5 million words of the English Bible and of film reviews; `tiny` uses the 68,000 that ship
with edgekit. Model: Mikolov et al. 2013, with negative sampling. The file for the device looks a
word up and compares it with all others. Score: rank correlation with the word pairs of WordSim-353
that are in the vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.core.recipe import Program, Recipe
from edgekit.core.types import Progress, Size
from edgekit.domains.learning.answer_keys import relatedness_key
from edgekit.domains.text import word_vectors
from edgekit.domains.text.negative_sampling import (
    NegativeSamplingSettings,
    clipped_softplus,
    train_table,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

SETTINGS: dict[Size, NegativeSamplingSettings] = {
    "tiny": NegativeSamplingSettings(epochs=20, learning_rate=0.1),
    "full": NegativeSamplingSettings(epochs=10),
}


# Model: one table, in which a word is looked up and with which its vector is compared.


def build(size: Size) -> keras.Model:
    """Return the model with a random table; it is the same for every size."""
    return word_vectors.nearest_model("words_cbow")


# Training: the mean of the neighbours' input vectors is to tell the word from noise.


def objective(
    inputs: tf.Tensor, outputs: tf.Tensor, noise: tf.Tensor, near: tf.Tensor, share: float
) -> tf.Tensor:
    """Return the loss of a step; see `edgekit.domains.text.negative_sampling.Objective`."""
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
    of_words = tf.reduce_sum(asked * clipped_softplus(-right))
    return of_words + share * tf.reduce_sum(asked * clipped_softplus(wrong))


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on running text, put the input vectors into the model and return it."""
    return train_table(model, size, objective, settings=SETTINGS[size], progress=progress)


recipe = Recipe(
    signature=word_vectors.SIGNATURE,
    metric=word_vectors.METRIC,
    baseline=word_vectors.BASELINE,
    source=(
        "Mikolov, Chen, Corrado, Dean, Efficient Estimation of Word Representations in Vector "
        "Space, 2013, https://arxiv.org/abs/1301.3781; " + word_vectors.SOURCE
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
