"""Name the words whose vectors are nearest to a word's: `nearest.py king`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Sequence

import numpy as np

from ..arrays import Array
from ..interpreter import add_arguments, load

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a word's nearest neighbours, one a line with its similarity."""
    parser = argparse.ArgumentParser(
        description="Name the words whose vectors are nearest to a word's.",
        epilog="Example: python3 nearest.py --variant int8 king",
    )
    parser.add_argument("word", help="a word of vocabulary.txt")
    parser.add_argument("--count", type=int, default=10, help="how many neighbours to name")
    add_arguments(parser)
    chosen = parser.parse_args(arguments)
    try:
        words = read_words(chosen.bundle)
        number = number_of(chosen.word, words)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    run = load(chosen.bundle, chosen.variant)["model"]
    similarity = run({"word": np.array([[number]], np.int32)})["similarity"][0]
    for word in nearest(similarity, words, exclude=words[number], count=chosen.count):
        print(f"{similarity[words.index(word)]:.2f}  {word}")


if __name__ == "__main__":
    main()
