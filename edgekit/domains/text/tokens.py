"""What the language models share: the vocabulary, the token stream, its windows, perplexity.

All of them, the n-gram model included, read the same stream: the lines of `word_lines` one after
another, each closed by `<end>`, with `<unk>` for words outside the vocabulary. Perplexity counts
every token, `<end>` and `<unk>` like any other.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import chain

import numpy as np

from edgekit.core.errors import BadInput
from edgekit.core.types import Array, Size, Split
from edgekit.domains.text import kneser_ney
from edgekit.domains.text.corpora import word_lines
from edgekit.on_device.vocabulary import END, FILE_NAME, SPECIAL, Vocabulary

NUM_TOKENS = 6144
"""Rows of every vocabulary, so that models of both sizes have the same shape. They cover 95 % of
unseen text; twice as many would cover 2 % more and cost as much as the rest of a small network."""


@lru_cache(maxsize=2)
def vocabulary(size: Size) -> Vocabulary:
    """Return the most frequent words of the training text, at most `NUM_TOKENS`.

    Words of equal frequency are in alphabetical order.
    """
    counts = Counter(chain.from_iterable(word_lines("train", size)))
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return Vocabulary([*SPECIAL, *ordered[: NUM_TOKENS - len(SPECIAL)]])


def vocabulary_file(size: Size) -> dict[str, str]:
    """Return the asset `vocabulary.txt`: one word per line, in the order of their numbers."""
    return {FILE_NAME: "\n".join(vocabulary(size).words) + "\n"}


@lru_cache(maxsize=8)
def stream(split: Split, size: Size) -> Array:
    """Return a split as one row of tokens, int32; it begins and ends with `END`."""
    encode = vocabulary(size).encode
    lines = (np.array([*encode(line), END], np.int32) for line in word_lines(split, size))
    return np.concatenate([np.array([END], np.int32), *lines])


def windows(tokens: Array, length: int) -> Array:
    """Cut a row of tokens into windows `(n, length)`.

    Each window begins with the last token of the one before it, so that each token but the first is
    predicted once. Tokens that do not fill a window at the end are left out.

    Raises:
        BadInput: The row is shorter than a window, or a window than two tokens.
    """
    if not 2 <= length <= len(tokens):
        raise BadInput(
            f"The windows are {length} tokens long, of {len(tokens)}; allowed are 2 up to all."
        )
    count = (len(tokens) - 1) // (length - 1)
    starts = np.arange(count)[:, np.newaxis] * (length - 1)
    return np.ascontiguousarray(tokens[starts + np.arange(length)])


def perplexity(log_probabilities: Array) -> float:
    """Return the perplexity of tokens with these natural logarithms of their probabilities.

    It is the number of equally likely tokens that would be as hard to predict; lower is better.
    """
    return float(np.exp(-np.mean(np.asarray(log_probabilities, np.float64))))


def sample_windows(split: Split, size: Size, *, length: int, most: int) -> Array:
    """Return windows `(n, length)` of a split, spread evenly over its text.

    There are at most `most` of them; of the training split there are all.
    """
    every = windows(stream("train" if split == "calibration" else split, size), length)
    return every if split == "train" else every[_spread(len(every), most)]


def trigram_perplexity(size: Size, *, length: int, most: int) -> float:
    """Return a Kneser-Ney trigram's perplexity on the tokens of `sample_windows("test", ...)`.

    The trigram is made from the same training text and sees all words before a token, also those
    before the window. The first token of a window is not counted, since no network predicts it.
    """
    model = kneser_ney.fit(stream("train", size), NUM_TOKENS)
    log_probabilities = model.score(stream("test", size))
    count = len(log_probabilities) // (length - 1)
    by_window = log_probabilities[: count * (length - 1)].reshape(count, length - 1)
    return perplexity(by_window[_spread(count, most)])


def _spread(available: int, wanted: int) -> Array:
    return np.unique(np.linspace(0, available - 1, wanted).astype(int))
