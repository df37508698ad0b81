"""Answer keys: for a data set, a run that answers all of it right and one that answers it wrong.

A recipe's score is tested with them, before any model is trained.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.recipe import AnswerKey, Dataset
from edgekit.core.types import Array, Batch, Run


def fixed(right: Batch, wrong: Batch) -> tuple[Run, Run]:
    """Return two runs that give these answers, whatever they are asked."""
    return lambda _: right, lambda _: wrong


def labels_key(num_labels: int, outputs: tuple[str, ...] = ("scores",)) -> AnswerKey:
    """Return the key of a classifier: all of the score on the right label, or on the next one.

    Args:
        num_labels: How many labels there are.
        outputs: Names of the outputs that hold scores of labels.
    """

    def key(dataset: Dataset) -> tuple[Run, Run]:
        scores = np.eye(num_labels, dtype=np.float32)[dataset.target()]
        wrong = np.roll(scores, 1, axis=1)
        return fixed(dict.fromkeys(outputs, scores), dict.fromkeys(outputs, wrong))

    return key


def numbers_key(output: str) -> AnswerKey:
    """Return the key of a regression: the targets, or their negatives."""
    return lambda dataset: fixed({output: dataset.target()}, {output: -dataset.target()})


def probabilities_key(shape: tuple[int, ...], num_tokens: int) -> AnswerKey:
    """Return the key of a language model: it is sure of each right token, or knows nothing.

    Args:
        shape: Of `log_probabilities` of one example.
        num_tokens: All that are equally likely to one who knows nothing.
    """

    def key(dataset: Dataset) -> tuple[Run, Run]:
        sure = np.zeros((len(dataset), *shape), np.float32)
        return fixed({"log_probabilities": sure}, {"log_probabilities": sure - np.log(num_tokens)})

    return key


def relatedness_key(highest: float) -> AnswerKey:
    """Return the key of word vectors: cosines order pairs of words as people did, or in reverse.

    The targets are judgements of pairs, each beside the first and the second word, `(2 * pairs,)`.

    Args:
        highest: The judgement of two words that are the same; the lowest is 0.
    """

    def vectors(cosines: Array) -> Array:
        angles = np.arccos(cosines) * (np.arange(len(cosines)) % 2)  # the first of a pair is at 0
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def key(dataset: Dataset) -> tuple[Run, Run]:
        cosines = np.asarray(dataset.target(), np.float64) / highest
        return fixed({"vector": vectors(cosines)}, {"vector": vectors(1 - cosines)})

    return key
