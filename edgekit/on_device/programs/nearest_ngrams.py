"""Name the words nearest to any word, known or not, by its n-grams: `nearest_ngrams.py kingly`."""

from __future__ import annotations

import argparse
from typing import Sequence

from ..interpreter import add_arguments, load
from ..ngrams import inputs_of, ngrams
from .nearest import nearest, read_words


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a word's nearest neighbours, one a line with its similarity."""
    parser = argparse.ArgumentParser(
        description="Name the words whose vectors are nearest to that of any word.",
        epilog="Example: python3 nearest_ngrams.py --variant int8 kingly",
    )
    parser.add_argument("word", help="a word, whether it is in vocabulary.txt or not")
    parser.add_argument("--count", type=int, default=10, help="how many neighbours to name")
    add_arguments(parser)
    chosen = parser.parse_args(arguments)
    word = chosen.word.lower()
    if not ngrams(word):
        raise SystemExit("The word is empty; give one of at least one letter.")
    try:
        words = read_words(chosen.bundle)
    except OSError as error:
        raise SystemExit(str(error)) from error
    number = {known: index for index, known in enumerate(words)}
    run = load(chosen.bundle, chosen.variant)["model"]
    similarity = run(inputs_of([word], number))["similarity"][0]
    for neighbour in nearest(similarity, words, exclude=word, count=chosen.count):
        print(f"{similarity[number[neighbour]]:.2f}  {neighbour}")


if __name__ == "__main__":
    main()
