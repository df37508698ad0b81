"""TextRank: sentences are good that are like many good sentences.

Source: Mihalcea, Tarau, TextRank: Bringing Order into Texts, 2004,
https://aclanthology.org/W04-3252.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.summaries.rouge import words

DAMPING = 0.85
"""The paper's, and PageRank's."""
STEPS = 100
"""What a step changes becomes smaller by `DAMPING`; after so many it is below 1e-6."""


def text_rank(sentences: Sequence[str]) -> Array:
    """Return the rank of each sentence of a text, `(n,)`; higher is better, the mean is 1.

    Two sentences are as alike as the number of words in both, divided by the sum of the logarithms
    of their lengths. A sentence that is like no other ranks all alike.
    """
    each = [frozenset(words(sentence)) for sentence in sentences]
    count = len(each)
    alike = np.zeros((count, count))
    for one in range(count):
        for other in range(one):
            alike[one, other] = alike[other, one] = _likeness(each[one], each[other])
    totals = alike.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, alike / np.where(totals > 0, totals, 1), 1 / count)
    ranks = np.ones(count)
    for _ in range(STEPS):
        ranks = 1 - DAMPING + DAMPING * ranks @ shares
    return ranks


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    size = math.log(max(1, len(one))) + math.log(max(1, len(other)))
    return len(one & other) / size if size else 0.0
