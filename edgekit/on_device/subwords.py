"""Cut text into subword pieces and put pieces together again: byte-pair encoding.

Every text has pieces, whatever its language or signs, because the smallest pieces are the 256 bytes
of UTF-8. Frequent sequences of bytes were merged into larger pieces; the merges are all this needs.

Source: Sennrich, Haddow, Birch, Neural Machine Translation of Rare Words with Subword Units, 2016,
https://aclanthology.org/P16-1162; on bytes: Radford et al., Language Models are Unsupervised
Multitask Learners, 2019, https://github.com/openai/gpt-2.
"""

from __future__ import annotations

import re

PADDING, BEGIN, END, MASK = range(4)
"""The first ids stand for no text; `encode` never returns them. No piece is ever unknown, so the
fourth is free to mask a word that a model is to guess."""

FIRST_BYTE = 4
"""Id of the piece that is byte 0; the bytes take 256 ids, then the merges follow."""

FIRST_MERGE = FIRST_BYTE + 256

_WORD = re.compile(r" ?[^\W_]+| ?(?:[^\w\s]|_)+|\s")
"""Words and runs of signs, each with the space before it; together they are the whole text."""

CACHE_SIZE = 200_000


class Subwords:
    """Pieces of text and their ids.

    Args:
        merges: Pairs of ids that were merged, in the order they were learned; the first one makes
            the piece `FIRST_MERGE`, and so on.

    Raises:
        ValueError: A merge names a piece that does not exist before it.

    Example:
        >>> Subwords([(FIRST_BYTE + ord("o"), FIRST_BYTE + ord("n"))]).encode("on")
        [36, 260]
    """

    def __init__(self, merges: list[tuple[int, int]]) -> None:
        self.merges = [(left, right) for left, right in merges]
        self._pieces = [b""] * FIRST_BYTE + [bytes([byte]) for byte in range(256)]
        for number, (left, right) in enumerate(self.merges):
            if not all(FIRST_BYTE <= part < len(self._pieces) for part in (left, right)):
                raise ValueError(
                    f"Merge {number} joins the pieces {left} and {right}; pieces {FIRST_BYTE} to "
                    f"{len(self._pieces) - 1} exist before it. Take the file that was written "
                    "with the model."
                )
            self._pieces.append(self._pieces[left] + self._pieces[right])
        self._ids = {pair: FIRST_MERGE + number for number, pair in enumerate(self.merges)}
        self._cache: dict[str, list[int]] = {}

    def __len__(self) -> int:
        """Return how many ids there are, those that stand for no text included."""
        return len(self._pieces)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text's pieces; a space in front makes its first word like others."""
        ids: list[int] = []
        for word in split_words(text):
            pieces = self._cache.get(word)
            if pieces is None:
                pieces = self._merged([FIRST_BYTE + byte for byte in to_bytes(word)])
                if len(self._cache) < CACHE_SIZE:
                    self._cache[word] = pieces
            ids += pieces
        return ids

    def decode(self, ids: list[int]) -> str:
        """Return the text of pieces; what was encoded comes back as it was.

        Ids that stand for no text, or for no piece, add nothing.
        """
        known = (int(number) for number in ids if 0 <= number < len(self._pieces))
        content = b"".join(self._pieces[number] for number in known)
        text = content.decode("utf-8", errors="replace")
        return text[1:] if text.startswith(" ") else text

    def to_text(self) -> str:
        """Return the merges as text, a pair of ids a line."""
        return "".join(f"{left} {right}\n" for left, right in self.merges)

    @classmethod
    def from_text(cls, text: str) -> Subwords:
        """Return what `to_text` wrote.

        Raises:
            ValueError: A line is no pair of ids.
        """
        rows = [line.split() for line in text.splitlines()]
        if any(len(row) != 2 or not (row[0] + row[1]).isdigit() for row in rows):
            raise ValueError("The merges are not lines of two ids; take the file to_text wrote.")
        return cls([(int(left), int(right)) for left, right in rows])

    def _merged(self, ids: list[int]) -> list[int]:
        """Merge the pieces of a word, always by the merge that was learned first."""
        while len(ids) > 1:
            pairs = zip(ids[:-1], ids[1:])
            best = min(pairs, key=lambda pair: self._ids.get(pair, len(self._pieces)))
            if best not in self._ids:
                return ids
            ids = replace_pair(ids, best, self._ids[best])
        return ids


def split_words(text: str) -> list[str]:
    """Return the words within which pieces are merged; with a space in front they are the text."""
    return _WORD.findall(" " + text) if text else []


def to_bytes(word: str) -> bytes:
    """Return UTF-8; half of a surrogate pair, which is no character, becomes a question mark."""
    return word.encode("utf-8", errors="replace")


def replace_pair(ids: list[int], pair: tuple[int, int], merged: int) -> list[int]:
    """Return `ids` with each occurrence of `pair`, from the left, replaced by `merged`."""
    result: list[int] = []
    index = 0
    while index < len(ids):
        if index + 1 < len(ids) and ids[index] == pair[0] and ids[index + 1] == pair[1]:
            result.append(merged)
            index += 2
        else:
            result.append(ids[index])
            index += 1
    return result
