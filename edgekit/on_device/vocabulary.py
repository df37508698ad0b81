"""A vocabulary of words as a text file, one a line; the line is the token's number."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Sequence

PAD, UNKNOWN, END = 0, 1, 2
SPECIAL = ("<pad>", "<unk>", "<end>")
"""Names of the first three tokens: no word, a word not in the vocabulary, the end of a line."""
FILE_NAME = "vocabulary.txt"


class Vocabulary:
    """Words and their numbers, 0 up; the first are those of `SPECIAL`."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take the words in the order of their numbers, `SPECIAL` first.

        Raises:
            ValueError: They begin with others.
        """
        if tuple(words[: len(SPECIAL)]) != SPECIAL:
            raise ValueError(
                f"A vocabulary begins with {', '.join(SPECIAL)}; this one begins with "
                f"{', '.join(words[:3])}. Give the {FILE_NAME} that came with the model."
            )
        self.words = tuple(words)
        self._numbers = {word: number for number, word in enumerate(words)}

    def encode(self, words: Iterable[str]) -> list[int]:
        """Return the number of each word; of a word that is not in it, `UNKNOWN`."""
        return [self._numbers.get(word, UNKNOWN) for word in words]

    def decode(self, tokens: Iterable[int]) -> list[str]:
        """Return the word of each number."""
        return [self.words[token] for token in tokens]


def read_vocabulary(folder: Path | str) -> Vocabulary:
    """Read `vocabulary.txt` in a folder."""
    return Vocabulary((Path(folder) / FILE_NAME).read_text(encoding="utf-8").splitlines())
