"""Compare what words mean in two sentences, with the model of this bundle.

    python3 context.py --variant int8 "He sat on the bank of the river." "She owns a bank."

It prints the cosine of the vectors of each word that is in both. A plain table of word vectors
would answer 1 for all of them.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Iterator, Sequence, Tuple

import numpy as np

from ..answering import Answer, Kind, Models, Program
from ..arrays import Array, Run
from ..vocabulary import END, UNKNOWN, read_vocabulary
from ..words import split_words

LENGTH = 32
"""Words the model reads at once."""


def vectors(run: Run, tokens: Sequence[int]) -> Array:
    """Return the vectors of a sentence's words in their context, `(words, size)`.

    The model reads a full window of a text, so a shorter sentence is repeated until the window is
    full. Of the copies the first is used.

    Args:
        run: The part `context`.
        tokens: The sentence, 1 to 31 words.

    Raises:
        ValueError: It is empty or longer.
    """
    if not 1 <= len(tokens) < LENGTH:
        raise ValueError(
            f"The sentence has {len(tokens)} words and marks; allowed are 1 to {LENGTH - 1}. "
            "Give a part of it."
        )
    window = np.resize(np.array([END, *tokens], np.int32), (1, LENGTH))
    return run({"tokens": window})["vectors"][0, 1 : 1 + len(tokens)]


def compare(run: Run, first: Sequence[int], second: Sequence[int]) -> list[tuple[int, float]]:
    """Return each token that two sentences share, and the cosine of its vectors in them.

    The first occurrence of a token counts.
    """
    of_first, of_second = vectors(run, first), vectors(run, second)
    shared = [token for token in dict.fromkeys(first) if token in second and token != UNKNOWN]
    return [
        (token, _cosine(of_first[list(first).index(token)], of_second[list(second).index(token)]))
        for token in shared
    ]


def _cosine(first: Array, second: Array) -> float:
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second / max(lengths, 1e-12))


def answer(models: Models, sentences: Tuple[str, str], options: Namespace) -> Answer:
    """Return the words that two sentences share, and how alike their uses are."""
    words = read_vocabulary(models.folder)
    first, second = (words.encode(split_words(text)) for text in sentences)
    shared = compare(models.runs["context"], first, second)
    return Answer([f"{words.decode([token])[0]:20} {cosine:6.3f}" for token, cosine in shared])


def _pairs(arguments: Sequence[str], folder: Path) -> Iterator[Tuple[str, Tuple[str, str]]]:
    first, second = arguments
    yield f"{first} / {second}", (first, second)


program = Program(
    answer,
    takes=Kind("SENTENCE", "two sentences that share a word, each at most 31 words", _pairs, 2),
    description="Compare words in two English sentences.",
    example='"He sat on the bank of the river." "She owns a bank."',
)
main = program.main

if __name__ == "__main__":
    main()
