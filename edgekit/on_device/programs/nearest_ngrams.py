"""Name the words nearest to any word, known or not, by its n-grams: `nearest_ngrams.py kingly`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from ..answering import TEXTS, Answer, Models, Program
from ..ngrams import inputs_of, ngrams
from .nearest import add_count, nearest, read_words


def answer(models: Models, word: str, options: Namespace) -> Answer:
    """Return a word's nearest neighbours, one a line with its similarity."""
    word = word.lower()
    if not ngrams(word):
        raise ValueError("The word is empty; give one of at least one letter.")
    words = read_words(models.folder)
    number = {known: index for index, known in enumerate(words)}
    similarity = models.runs["model"](inputs_of([word], number))["similarity"][0]
    found = nearest(similarity, words, exclude=word, count=options.count)
    return Answer([f"{similarity[number[each]]:.2f}  {each}" for each in found])


program = Program(
    answer,
    takes=replace(TEXTS, name="WORD", help="a word, whether it is in vocabulary.txt or not"),
    description="Name the words whose vectors are nearest to that of any word.",
    example="kingly",
    options=add_count,
)
main = program.main

if __name__ == "__main__":
    main()
