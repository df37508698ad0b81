"""Learn the subword pieces of a text: byte-pair encoding (Sennrich et al. 2016)."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from edgekit.core.errors import BadInput
from edgekit.on_device.subwords import (
    FIRST_BYTE,
    FIRST_MERGE,
    Subwords,
    replace_pair,
    split_words,
    to_bytes,
)

Pair = tuple[int, int]


def learn(lines: Iterable[str], num_pieces: int) -> Subwords:
    """Merge the most frequent pair of pieces within words, again and again.

    Args:
        lines: The text to learn from.
        num_pieces: How many ids there may be: 4 that stand for no text, 256 bytes, and merges.
            There are fewer when no pair occurs twice any more.

    Returns:
        The pieces; the same text gives the same ones, whatever the order of its lines.

    Raises:
        BadInput: `num_pieces` leaves no room for the bytes.

    Source: Sennrich, Haddow, Birch, Neural Machine Translation of Rare Words with Subword Units,
        2016, https://aclanthology.org/P16-1162.
    """
    if num_pieces < FIRST_MERGE:
        raise BadInput(
            f"num_pieces is {num_pieces}; the bytes take the first {FIRST_MERGE}: give more."
        )
    pairs = _Pairs(Counter(word for line in lines for word in split_words(line)))
    merges: list[Pair] = []
    while len(merges) < num_pieces - FIRST_MERGE and (pair := pairs.most_frequent()):
        pairs.merge(pair, FIRST_MERGE + len(merges))
        merges.append(pair)
    return Subwords(merges)


class _Pairs:
    """How often each pair of neighbouring pieces occurs; kept up to date while they merge.

    A heap holds every count a pair ever had; entries that are no longer true are skipped, which
    is cheaper than searching for them.
    """

    def __init__(self, words: Counter[str]) -> None:
        ordered = sorted(words.items())
        self._words = [[FIRST_BYTE + byte for byte in to_bytes(word)] for word, _ in ordered]
        self._times = [times for _, times in ordered]
        self._counts: Counter[Pair] = Counter()
        self._places: defaultdict[Pair, set[int]] = defaultdict(set)
        for index in range(len(ordered)):
            self._count(index, self._times[index])
        self._heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._heap)

    def most_frequent(self) -> Pair | None:
        """Return the most frequent pair, the smallest of equals; None if none occurs twice."""
        while self._heap:
            count, pair = self._heap[0]
            if -count == self._counts[pair]:
                return pair if -count > 1 else None
            heapq.heappop(self._heap)
        return None

    def merge(self, pair: Pair, merged: int) -> None:
        """Replace `pair` by the piece `merged` in every word."""
        changed: set[Pair] = set()
        for index in self._places.pop(pair):
            changed.update(pairwise(self._words[index]))
            self._count(index, -self._times[index])
            self._words[index] = replace_pair(self._words[index], pair, merged)
            self._count(index, self._times[index])
            changed.update(pairwise(self._words[index]))
        for other in changed:
            if self._counts[other] > 0:
                heapq.heappush(self._heap, (-self._counts[other], other))

    def _count(self, index: int, times: int) -> None:
        for pair in pairwise(self._words[index]):
            self._counts[pair] += times
            if times > 0:
                self._places[pair].add(index)
