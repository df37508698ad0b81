"""Interpolated Kneser-Ney n-gram model: the baseline of the neural language models.

Modified Kneser-Ney with interpolation was the best n-gram model in the comparison of Chen and
Goodman. Counts are sorted NumPy arrays: a trigram model of millions of words takes seconds to make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from edgekit.core.errors import BadInput
from edgekit.core.types import Array

ORDER = 3
USUAL_DISCOUNT = 0.75
"""Used when a text is too small to estimate discounts from it."""


@dataclass(frozen=True, kw_only=True)
class _Level:
    """N-grams of one length: their discounted probabilities, and the weight of shorter ones.

    Attributes:
        grams: Sorted numbers of the n-grams seen.
        shares: Discounted count of each, divided by the count of its context.
        contexts: Sorted numbers of their contexts: all words but the last.
        backoffs: Weight of the shorter n-grams after each context.
    """

    grams: Array
    shares: Array
    contexts: Array
    backoffs: Array


@dataclass(frozen=True, kw_only=True)
class KneserNey:
    """A trigram model, made by `fit`."""

    num_tokens: int
    levels: tuple[_Level, ...]

    def log_probabilities(self, contexts: Array, tokens: Array) -> Array:
        """Return the natural logarithm of each token's probability after its context.

        Args:
            contexts: The two tokens before each, `(n, 2)`, integers in 0..num_tokens - 1.
            tokens: `(n,)`, in the same range.

        Raises:
            BadInput: A token is out of range, or the shapes differ from these.
        """
        contexts, tokens = np.asarray(contexts, np.int64), np.asarray(tokens, np.int64)
        if contexts.shape != (len(tokens), ORDER - 1):
            raise BadInput(
                f"{len(tokens)} tokens have contexts of shape {contexts.shape}; give the "
                f"{ORDER - 1} tokens before each: ({len(tokens)}, {ORDER - 1})."
            )
        _check(np.concatenate([contexts.ravel(), tokens]), self.num_tokens)
        probabilities = np.full(len(tokens), 1 / self.num_tokens)
        for length, level in enumerate(self.levels):
            context = _numbered(contexts[:, ORDER - 1 - length :], self.num_tokens)
            share = _look_up(level.grams, level.shares, context * self.num_tokens + tokens, 0.0)
            backoff = _look_up(level.contexts, level.backoffs, context, 1.0)
            probabilities = share + backoff * probabilities
        return cast("Array", np.log(probabilities))

    def score(self, stream: Array) -> Array:
        """Return the log-probability of each token of a row but the first, after those before it.

        The first token also stands for whatever came before it.
        """
        padded = np.concatenate([stream[:1], stream])
        contexts = np.stack([padded[:-2], padded[1:-1]], axis=1)
        return self.log_probabilities(contexts, stream[1:])


def fit(stream: Array, num_tokens: int) -> KneserNey:
    """Count the n-grams of a row of tokens and estimate the model.

    Args:
        stream: Training text, integers in 0..num_tokens - 1, at least three.
        num_tokens: Size of the vocabulary, 1..2,000,000.

    Raises:
        BadInput: The row is too short, or a token is out of range.

    Source: Kneser & Ney, Improved Backing-off for M-gram Language Modeling, 1995,
        https://doi.org/10.1109/ICASSP.1995.479394; Chen & Goodman, An Empirical Study of Smoothing
        Techniques for Language Modeling, 1999, https://doi.org/10.1006/csla.1999.0128, equations
        23 to 27.
    """
    stream = np.asarray(stream, np.int64)
    if len(stream) < ORDER or not 1 <= num_tokens <= 2_000_000:
        raise BadInput(
            f"The text has {len(stream)} tokens and the vocabulary {num_tokens}; needed are at "
            f"least {ORDER} tokens, and 1 to 2,000,000 different ones."
        )
    _check(stream, num_tokens)
    rows = np.stack([stream[start : len(stream) - ORDER + 1 + start] for start in range(ORDER)], 1)
    grams, counts = np.unique(_numbered(rows, num_tokens), return_counts=True)
    levels = [_level(grams, counts, num_tokens)]
    for length in range(ORDER - 1, 0, -1):
        # A shorter n-gram counts by how many different words it followed, not by how often.
        grams, counts = np.unique(grams % num_tokens**length, return_counts=True)
        levels.append(_level(grams, counts, num_tokens))
    return KneserNey(num_tokens=num_tokens, levels=tuple(reversed(levels)))


def discounts(counts: Array) -> Sequence[float]:
    """Return the discounts of counts of 1, of 2, and of 3 and more.

    Source: Chen & Goodman 1999, equation 26.
    """
    ones, twos, threes, fours = (int(np.count_nonzero(counts == n)) for n in (1, 2, 3, 4))
    if not (ones and twos and threes and fours):
        return (USUAL_DISCOUNT,) * 3
    share = ones / (ones + 2 * twos)
    ratios = (twos / ones, threes / twos, fours / threes)
    return [
        float(np.clip(n - (n + 1) * share * ratio, 0, n)) for n, ratio in enumerate(ratios, start=1)
    ]


def _level(grams: Array, counts: Array, num_tokens: int) -> _Level:
    contexts, owner = np.unique(grams // num_tokens, return_inverse=True)
    totals = np.bincount(owner, counts)
    discount = np.array(discounts(counts))[np.minimum(counts, 3) - 1]
    return _Level(
        grams=grams,
        shares=(counts - discount) / totals[owner],
        contexts=contexts,
        backoffs=np.bincount(owner, discount) / totals,
    )


def _numbered(rows: Array, num_tokens: int) -> Array:
    """Return one number per row of tokens; 0 for an empty row."""
    numbers = np.zeros(len(rows), np.int64)
    for column in rows.T:
        numbers = numbers * num_tokens + column
    return numbers


def _look_up(keys: Array, values: Array, wanted: Array, otherwise: float) -> Array:
    index = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[index] == wanted, values[index], otherwise)


def _check(tokens: Array, num_tokens: int) -> None:
    if tokens.size and not (tokens.min() >= 0 and tokens.max() < num_tokens):
        raise BadInput(
            f"Tokens are {tokens.min()} to {tokens.max()}; allowed are 0 to {num_tokens - 1}."
        )
