"""Labelled texts as a network that classifies them reads them: ids of subwords, of one length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Size, Split
from edgekit.domains.own_data.examples import Examples
from edgekit.domains.own_data.texts import ends, own_texts
from edgekit.domains.text.corpora import Review, reviews
from edgekit.domains.text.subword_training import learn_subwords
from edgekit.on_device.programs.sentiment import MERGES, fit_length, normalize, pieces
from edgekit.on_device.subwords import Subwords


@dataclass(frozen=True, kw_only=True)
class LabelledTexts:
    """Texts in splits, and the subwords learned from those to train on.

    Attributes:
        of_split: The texts of a split with their labels.
        vocabulary: Ids of the network's table.
        every: Subwords are learned from every so many training texts.
    """

    of_split: Callable[[Split, Size], Sequence[Review]]
    vocabulary: int
    every: int

    def data(self, split: Split, size: Size) -> Dataset:
        """Return `tokens` `(n, 128)`, int32, and labels `(n,)`."""
        tokens = np.stack([fit_length(text) for text in self.pieces(split, size)])
        labels = np.array([text.label for text in self.of_split(split, size)], np.int32)
        return Dataset(inputs={"tokens": tokens}, targets=labels)

    def pieces(self, split: Split, size: Size) -> list[Array]:
        """Return the ids of all subwords of each text of a split."""
        subwords = _subwords(self, size)
        return [pieces(subwords, text.text) for text in self.of_split(split, size)]

    def assets(self, size: Size) -> dict[str, str]:
        """Return the subwords' merges, by the name of the file in the bundle."""
        return {MERGES: _subwords(self, size).to_text()}


@lru_cache(maxsize=2)
def shuffled_reviews(size: Size) -> tuple[Review, ...]:
    """Return film reviews in random order; of those a network cannot tell apart, the first."""
    by_ends: dict[str, Review] = {}
    for review in reviews(size):
        by_ends.setdefault(ends(review.text), review)
    every = [review for words, review in by_ends.items() if words]
    return tuple(every[index] for index in np.random.default_rng(0).permutation(len(every)))


class OwnTexts:
    """A user's texts.

    Attributes:
        examples: Texts, labels and splits.
    """

    def __init__(self, given: Path) -> None:
        self.examples: Examples = own_texts(given)

    def corpus(self, vocabulary: int) -> LabelledTexts:
        """Return them with subwords learned from those to train on."""
        return LabelledTexts(of_split=self._of_split, vocabulary=vocabulary, every=1)

    def example(self) -> str:
        """Return the first words of a test text."""
        return " ".join(self._of_split("test", "full")[0].text.split()[:20])

    def _of_split(self, split: Split, size: Size) -> list[Review]:
        own = self.examples
        chosen = own.chosen(split, size)
        return [Review(text=own.values[row], label=int(own.labels[row])) for row in chosen]


@lru_cache(maxsize=4)
def _subwords(texts: LabelledTexts, size: Size) -> Subwords:
    learned_from = texts.of_split("train", size)[:: texts.every]
    return learn_subwords((normalize(text.text) for text in learned_from), texts.vocabulary)
