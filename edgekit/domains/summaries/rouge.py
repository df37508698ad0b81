"""ROUGE-1: how many words a summary shares with one that a person wrote.

Source: Lin, ROUGE: A Package for Automatic Evaluation of Summaries, 2004,
https://aclanthology.org/W04-1013.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence


def words(text: str) -> list[str]:
    """Return the words of a text: runs of the letters a to z and digits, in lower case."""
    return re.findall("[a-z0-9]+", text.lower())


def rouge_1(summary: str, references: Sequence[str]) -> float:
    """Return the F1 of the words of a summary, 0..1, against the reference that fits best.

    A word counts as often as it stands in both. Words are not stemmed, as in the package
    `rouge-score` without its stemmer; with several references the best one counts, as in Cachola et
    al. 2020, https://arxiv.org/abs/2004.15011.

    Raises:
        ValueError: There is no reference.

    Example:
        >>> rouge_1("A small model.", ["A model for phones", "Nothing alike"])
        0.5714285714285714
    """
    mine = Counter(words(summary))
    return max(_f1(mine, Counter(words(reference))) for reference in references)


def _f1(one: Counter[str], other: Counter[str]) -> float:
    """Return 2 * shared / (words of one + words of the other), which is F1; 0 without any."""
    return 2 * (one & other).total() / max(1, one.total() + other.total())
