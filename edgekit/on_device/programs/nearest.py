"""Name the words whose vectors are nearest to a word's: `nearest.py king`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Sequence

import numpy as np

from ..answering import TEXTS, Answer, Models, Program, at_least_one
from ..arrays import Array

VOCABULARY = "vocabulary.txt"


def read_words(folder: Path | str) -> list[str]:
    """Return the words of `vocabulary.txt`, in the order of their numbers.

    Raises:
        OSError: There is no such file in the folder.
    """
    return (Path(folder) / VOCABULARY).read_text(encoding="utf-8").splitlines()


def number_of(word: str, words: list[str]) -> int:
    """Return the number of a word, in whatever case.

    Raises:
        ValueError: The vocabulary lacks it.
    """
    try:
        return words.index(word.lower())
    except ValueError:
        raise ValueError(
            f"'{word}' is not among the {len(words):,} words of {VOCABULARY}; "
            "give one that is, or use the model words_fasttext, which reads any word."
        ) from None


def nearest(
    similarity: Array, words: Sequence[str], *, exclude: str = "", count: int = 10
) -> list[str]:
    """Return the words with the highest similarity, the nearest first.

    Args:
        similarity: One for each word, `(rows,)`; rows beyond the vocabulary are not looked at.
        words: The vocabulary.
        exclude: A word to leave out: the one that was asked for.
        count: How many words to return.
    """
    order = np.argsort(-similarity[: len(words)], kind="stable")
    return [words[number] for number in order[: count + 1] if words[number] != exclude][:count]


def answer(models: Models, word: str, options: Namespace) -> Answer:
    """Return a word's nearest neighbours, one a line with its similarity."""
    words = read_words(models.folder)
    number = number_of(word, words)
    similarity = models.runs["model"]({"word": np.array([[number]], np.int32)})["similarity"][0]
    found = nearest(similarity, words, exclude=words[number], count=options.count)
    return Answer([f"{similarity[words.index(word)]:.2f}  {word}" for word in found])


def add_count(parser: ArgumentParser) -> None:
    """Add the option that says how many neighbours are named."""
    parser.add_argument(
        "--count", type=at_least_one, default=10, help="how many neighbours to name"
    )


program = Program(
    answer,
    takes=replace(TEXTS, name="WORD", help="a word of vocabulary.txt"),
    description="Name the words whose vectors are nearest to a word's.",
    example="king",
    options=add_count,
)
main = program.main

if __name__ == "__main__":
    main()
