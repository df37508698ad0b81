"""Translate word by word with IBM model 1, the simplest statistical translator: a baseline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from edgekit.core.types import Progress, Size
from edgekit.domains.translation.verses import bleu, verse_pairs

ROUNDS = 5

Pair = tuple[Sequence[str], Sequence[str]]


def word_by_word(size: Size, progress: Progress) -> float:
    """Return the BLEU of replacing each English word by its most probable Spanish translation."""
    pairs = [(v.english.split(), v.spanish.split()) for v in verse_pairs("train", size)]
    dictionary = most_probable(pairs, progress)
    test = verse_pairs("test", size)
    answers = [" ".join(dictionary.get(w, w) for w in verse.english.split()) for verse in test]
    return bleu(answers, [verse.spanish for verse in test])


def most_probable(pairs: Sequence[Pair], progress: Progress) -> dict[str, str]:
    """Return the most probable translation of each word, learned from aligned sentences.

    Expectation maximization: each target word is divided among the words of its source in
    proportion to their probability of being translated to it, and the sums of these shares are the
    next probabilities. The first round has none yet and divides equally.

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
        probabilities = {word: _shares(targets) for word, targets in counts.items()}
        progress((number + 1) / ROUNDS, f"round {number + 1}/{ROUNDS} of IBM model 1")
    return {word: max(shares, key=lambda w: shares[w]) for word, shares in probabilities.items()}


def _shares(counts: dict[str, float]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}
