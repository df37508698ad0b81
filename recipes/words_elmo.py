"""Vectors of words in their context, from two LSTM language models that read from both ends.

Data: English Bible verses and film reviews (`edgekit.domains.text.corpora`), 2.9 million words and
marks; `tiny` uses the sample that ships with edgekit. Model: ELMo (Peters et al. 2018) with one
layer, and an embedding of each word in place of the network over its characters. Score: perplexity
per token, the mean of both directions.

The device needs only the part `context`, from words to vectors. `neighbours` holds the softmax that
trains and scores them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.recipe import Dataset, Metric, Parts, Program, Recipe, Signature, Tensor
from edgekit.core.types import Array, Batch, Progress, Run, Size, Split
from edgekit.domains.learning.answer_keys import probabilities_key
from edgekit.domains.text.language_model import (
    LanguageModelSchedule,
    shuffled_windows,
    train_language_model,
)
from edgekit.domains.text.tokens import (
    NUM_TOKENS,
    perplexity,
    sample_windows,
    stream,
    trigram_perplexity,
    vocabulary_file,
)
from edgekit.on_device.programs.context import LENGTH

if TYPE_CHECKING:
    import keras

UNITS: Mapping[Size, int] = {"tiny": 64, "full": 192}
DIM = 128
"""Numbers in a word's vector from each direction."""
SCHEDULES: Mapping[Size, LanguageModelSchedule] = {
    "tiny": LanguageModelSchedule(epochs=2, full_softmax_share=0.0, batch_size=32, peak_rate=1e-2),
    "full": LanguageModelSchedule(epochs=2, full_softmax_share=0.1, batch_size=64, peak_rate=4e-3),
}
NUM_WINDOWS = {"train": 0, "validation": 300, "test": 300, "calibration": 100}


# Data: windows of the text. Each word is predicted from those before it, and from those after it.


def data(split: Split, size: Size) -> Dataset:
    """Return windows `(n, 32)`, int32, evenly spread over the text; they hold their own answers."""
    tokens = sample_windows(split, size, length=LENGTH, most=NUM_WINDOWS[split])
    return Dataset(inputs={"tokens": tokens}, targets=_neighbours(tokens))


def _neighbours(tokens: Array) -> Array:
    """Return what both directions have to predict, `(n, 62)`: next words, then previous ones."""
    return np.concatenate([tokens[:, 1:], tokens[:, :-1]], axis=1)


# Model: an embedding, an LSTM in each direction, projections. The embedding is the softmax of both.


def build(size: Size) -> keras.Model:
    """Return the untrained network: words to vectors and to the neighbours' log-probabilities."""
    import keras

    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    words = keras.layers.ReversibleEmbedding(
        NUM_TOKENS,
        DIM,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1),
        name="words",
    )
    x = keras.layers.Dropout(0.1)(words(tokens))
    recurrent = keras.layers.LSTM(UNITS[size], return_sequences=True)
    forward, backward = keras.layers.Bidirectional(recurrent, merge_mode=None, name="read")(x)
    both = [
        keras.layers.Dense(DIM, name=name)(keras.layers.Dropout(0.2)(y))
        for name, y in (("before", forward), ("behind", backward))
    ]
    vectors = keras.layers.Concatenate(name="vectors")(both)
    log_probabilities = _log_probabilities(vectors, tokens, words)
    return keras.Model(tokens, [vectors, log_probabilities], name="words_elmo")


def _log_probabilities(
    vectors: keras.KerasTensor, tokens: keras.KerasTensor, words: keras.Layer
) -> keras.KerasTensor:
    import keras
    from keras import ops

    scores = ops.log_softmax(words(_towards_neighbours(vectors), reverse=True))
    targets = ops.concatenate([tokens[:, 1:], tokens[:, :-1]], axis=1)
    chosen = ops.take_along_axis(scores, targets[..., None], axis=-1)
    return keras.layers.Reshape((2, LENGTH - 1), name="log_probabilities")(chosen)


def _towards_neighbours(vectors: keras.KerasTensor) -> keras.KerasTensor:
    """Return the vectors that predict next words, then those that predict previous ones."""
    from keras import ops

    return ops.concatenate([vectors[:, :-1, :DIM], vectors[:, 1:, DIM:]], axis=1)


# Training.


def train(model: keras.Model, size: Size, progress: Progress) -> keras.Model:
    """Train on the training split and return the model."""
    import keras

    schedule = SCHEDULES[size]
    vectors = _towards_neighbours(model.get_layer("vectors").output)
    tokens = shuffled_windows(stream("train", size), LENGTH, schedule.epochs)
    train_language_model(
        keras.Model(model.input, vectors),
        model.get_layer("words").embeddings,
        examples=(tokens, _neighbours(tokens)),
        schedule=schedule,
        progress=progress,
    )
    return model


# The device can run two parts: one gives vectors, the other predicts neighbours from them.


def split(model: keras.Model) -> dict[str, keras.Model]:
    """Return the parts of a trained model."""
    import keras

    words = model.get_layer("words")
    vectors = keras.Input((LENGTH, 2 * DIM), name="vectors")
    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    return {
        "neighbours": keras.Model([vectors, tokens], _log_probabilities(vectors, tokens, words)),
        "context": keras.Model(model.input, model.get_layer("vectors").output),
    }


def drive(runs: Mapping[str, Run]) -> Run:
    """Return both parts as one function, from windows to vectors and log-probabilities."""

    def run(inputs: Batch) -> Batch:
        vectors = runs["context"](inputs)
        return {**vectors, **runs["neighbours"]({**vectors, **inputs})}

    return run


# Score: perplexity, as of the n-gram model on the same words.


def score(run: Run, dataset: Dataset) -> float:
    """Return the mean perplexity of both directions, `<end>` and `<unk>` included."""
    forwards, backwards = np.moveaxis(run(dataset.inputs)["log_probabilities"], 1, 0)
    return (perplexity(forwards) + perplexity(backwards)) / 2


def baseline(size: Size, progress: Progress) -> float:
    """Return the perplexity of the Kneser-Ney trigram on the words that `score` sees.

    It reads forwards; trained on the reversed text it is no better: 86.3 either way.
    """
    progress(0.0, "counting trigrams")
    return trigram_perplexity(size, length=LENGTH, most=NUM_WINDOWS["test"])


TOKENS = Tensor(name="tokens", shape=(1, LENGTH), dtype="int32", meaning="words of a text")
VECTORS = Tensor(
    name="vectors",
    shape=(1, LENGTH, 2 * DIM),
    meaning="of each word: 128 numbers from those up to it, 128 from those after it",
)
LOG_PROBABILITIES = Tensor(
    name="log_probabilities",
    shape=(1, 2, LENGTH - 1),
    meaning="natural logarithms: of each next word, of each previous word",
)

recipe = Recipe(
    signature=Signature(inputs=(TOKENS,), outputs=(VECTORS, LOG_PROBABILITIES)),
    metric=Metric(name="perplexity", higher_is_better=False),
    baseline=("Kneser-Ney trigram", baseline),
    source=(
        "Peters et al., Deep Contextualized Word Representations, 2018, "
        "https://arxiv.org/abs/1802.05365; "
        "Kneser, Ney, 1995, https://doi.org/10.1109/ICASSP.1995.479394"
    ),
    build=build,
    data=data,
    train=train,
    score=score,
    answer_key=probabilities_key((2, LENGTH - 1), NUM_TOKENS),
    # Of a perplexity of 68, four times that on 300 texts; int8 loses 0.1, in tiny 1 of 272.
    drop_limits={"float32": 0.02, "float16": 0.1, "dynamic_int8": 0.25, "int8": 0.5},
    parts=Parts(
        signatures={
            "neighbours": Signature(inputs=(VECTORS, TOKENS), outputs=(LOG_PROBABILITIES,)),
            "context": Signature(inputs=(TOKENS,), outputs=(VECTORS,)),
        },
        split=split,
        drive=drive,
    ),
    variants=("float32", "float16", "dynamic_int8", "int8"),  # int16x8 takes no token ids
    program=Program(
        name="context",
        example=(
            "he sat on the bank of the river",
            "the bank was closed",
        ),
    ),
    assets=vocabulary_file,
    num_emulated=10,
)
