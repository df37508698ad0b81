"""Word vectors by skip-gram: each word predicts its neighbours (word2vec).

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
from edgekit.domains.text.negative_sampling import NegativeSamplingSettings, skip_gram, train_table

if TYPE_CHECKING:
    import keras

SETTINGS: dict[Size, NegativeSamplingSettings] = {
    "tiny": NegativeSamplingSettings(epochs=20, learning_rate=0.1),
    "full": NegativeSamplingSettings(),
}


# Model: one table, in which a word is looked up and with which its vector is compared.


def build(size: Size) -> keras.Model:
    """Return the model with a random table; it is the same for every size."""
    return word_vectors.nearest_model("words_skipgram")


# Training: a word's input vector is to tell its neighbours' output vectors from noise.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on running text, put the input vectors into the model and return it."""
    return train_table(model, size, skip_gram, settings=SETTINGS[size], progress=progress)


recipe = Recipe(
    signature=word_vectors.SIGNATURE,
    metric=word_vectors.METRIC,
    baseline=word_vectors.BASELINE,
    source=(
        "Mikolov, Sutskever, Chen, Corrado, Dean, Distributed Representations of Words and "
        "Phrases, 2013, https://arxiv.org/abs/1310.4546; " + word_vectors.SOURCE
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
