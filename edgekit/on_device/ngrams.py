"""Turn a word into the rows of its character n-grams, so that unseen words get vectors too.

Source: Bojanowski, Grave, Joulin, Mikolov, Enriching Word Vectors with Subword Information, 2017,
    https://arxiv.org/abs/1607.04606.
"""

from __future__ import annotations

from typing import Mapping, Sequence

import numpy as np

from .arrays import Array

SMALLEST, LARGEST = 3, 6
"""Lengths of n-grams, in characters."""
NUM_BUCKETS = 30000
"""Rows that n-grams share: its hash says which one an n-gram uses. fastText has two million."""
MOST = 64
"""Rows of a word that are looked at; a word of up to 17 letters has no more."""
PADDING = 0
"""The row that stands for no n-gram; its vector is zero."""
FIRST_BUCKET = 1


def ngrams(word: str) -> list[str]:
    """Return the n-grams of `<word>` in order, such as `<ki`, `<kin`, ..., `ng>` for "king"."""
    marked = "<" + word + ">"
    return [
        marked[start : start + length]
        for start in range(len(marked))
        for length in range(SMALLEST, LARGEST + 1)
        if start + length <= len(marked)
    ]


def fnv1a(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash of bytes as fastText computes it, 0..2**32-1.

    fastText takes bytes above 127 as negative, and so does this.

    Source: Fowler, Noll, Vo, http://www.isthe.com/chongo/tech/comp/fnv.
    """
    value = 2166136261
    for byte in data:
        signed = byte if byte < 128 else byte | 0xFFFFFF00
        value = (value ^ signed) * 16777619 & 0xFFFFFFFF
    return value


def rows_of(word: str, number: int | None = None) -> list[int]:
    """Return the rows of a word in the n-gram table, at most `MOST`.

    Args:
        word: Lower-case.
        number: The word's number in the vocabulary; None for a word that is not in it.

    Returns:
        The word's own row, if it has one, then those of its n-grams.
    """
    own = [] if number is None else [FIRST_BUCKET + NUM_BUCKETS + number]
    hashes = [fnv1a(ngram.encode("utf-8")) for ngram in ngrams(word)]
    return (own + [FIRST_BUCKET + value % NUM_BUCKETS for value in hashes])[:MOST]


def inputs_of(words: Sequence[str], vocabulary: Mapping[str, int]) -> dict[str, Array]:
    """Return what the model reads for words, in or out of the vocabulary.

    Args:
        words: Lower-case, of one letter or more.
        vocabulary: Word -> its number.

    Returns:
        `ngrams` `(words, MOST)`, int32: rows of the table, then `PADDING`; `weights`
        `(words, MOST)`, float32: the share of each row in the mean, 0 for padding.
    """
    rows = np.full((len(words), MOST), PADDING, np.int32)
    weights = np.zeros((len(words), MOST), np.float32)
    for index, word in enumerate(words):
        own = rows_of(word, vocabulary.get(word))
        rows[index, : len(own)] = own
        weights[index, : len(own)] = 1 / max(1, len(own))
    return {"ngrams": rows, "weights": weights}
