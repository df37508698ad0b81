"""Translate word by word: IBM model 1, the simplest statistical translator, to compare with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from edgekit.core.types import Progress, Size
from edgekit.domains.translation.verses import bleu, verse_pairs

ROUNDS = 5

Pair = tuple[Sequence[str], Sequence[str]]


def word_by_word(size: Size, progress: Progress) -> float:
    """Return the BLEU of saying, for each English word, its most probable Spanish word."""
    pairs = [(v.english.split(), v.spanish.split()) for v in verse_pairs("train", size)]
    dictionary = most_probable(pairs, progress)
    test = verse_pairs("test", size)
    said = [" ".join(dictionary.get(w, w) for w in verse.english.split()) for verse in test]
    return bleu(said, [verse.spanish for verse in test])


def most_probable(pairs: Sequence[Pair], progress: Progress) -> dict[str, str]:
    """Return the most probable translation of each word, learned from aligned sentences.

    Expectation maximization: each word of a target is explained by the words of its source, each
    by its share of probability, and probabilities are the shares counted. The first round has no
    probabilities yet and takes all words of the source alike.

    Source: Brown, Della Pietra, Della Pietra, Mercer, The Mathematics of Statistical Machine
        Translation, 1993, https://aclanthology.org/J93-2003.
    """
    probabilities: dict[str, dict[str, float]] = {}
    for number in range(ROUNDS):
        counts: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for sources, targets in pairs:
            for target in targets:
                shares = [probabilities[s][target] if probabilities else 1.0 for s in sources]
                total = sum(shares)
                for word, share in zip(sources, shares, strict=True):
                    counts[word][target] += share / total
        probabilities = {word: _shares(found) for word, found in counts.items()}
        progress((number + 1) / ROUNDS, f"round {number + 1}/{ROUNDS} of IBM model 1")
    return {word: max(found, key=lambda w: found[w]) for word, found in probabilities.items()}


def _shares(counts: dict[str, float]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}
