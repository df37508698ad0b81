"""Name the label of an English text, such as a film review, with the models of this bundle.

python3 sentiment.py --variant int8 "a wonderful film"
"""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from ..answering import TEXTS, Answer, Models, Program, Steps
from ..arrays import Array
from ..subwords import PADDING, Subwords
from ..words import split_words

LENGTH = 128
"""Pieces the network reads. Half of the reviews are longer than 200."""

MERGES = "merges.txt"
"""File of the bundle that holds the subwords."""

TOKENS, SCORES = "tokens", "scores"
"""What the network takes, and what it gives."""

LABELS = ("negative", "positive")


def normalize(text: str) -> str:
    """Return the words of a text in lower case, with exclamation and question marks.

    Apostrophes are dropped ("don't" is one word, "dont") and so are the other marks: what is left
    fits more of a review into the network's length.
    """
    return " ".join(word for word in split_words(text) if word not in ".,;:").replace("'", "")


def pieces(subwords: Subwords, text: str) -> Array:
    """Return the ids of all of a text's pieces, int32; there may be none."""
    return np.array(subwords.encode(normalize(text)), np.int32)


def fit_length(ids: Array) -> Array:
    """Return `LENGTH` ids: padded at the end, or the first and the last half of a longer text.

    Reviews most often give their verdict at the end, and next often at the beginning.
    """
    if len(ids) > LENGTH:
        half = LENGTH // 2
        ids = np.concatenate([ids[:half], ids[-half:]])
    padded = np.full(LENGTH, PADDING, np.int32)
    padded[: len(ids)] = ids
    return padded


def answer(models: Models, text: str, options: Namespace) -> Answer:
    """Return the label of a text and its probability."""
    subwords = Subwords.from_text((models.folder / MERGES).read_text(encoding="utf-8"))
    ids = pieces(subwords, text)
    if not len(ids):
        raise ValueError(f"There is no word in '{text}'; give an English text.")
    scores = models.runs["model"]({TOKENS: fit_length(ids)[np.newaxis]})[SCORES][0]
    best = int(np.argmax(scores))
    return Answer([f"{models.labels[best]} ({100 * scores[best]:.0f} %)"])


def steps(models: Models) -> Steps:
    """Describe what is done with a text, and with the scores."""
    return Steps(
        before={
            "kind": "text",
            "input": TOKENS,
            "normalize": "words",
            "subwords": MERGES,
            "length": LENGTH,
            "padding": PADDING,
            "too_long": "both_ends",
        },
        after={"kind": "labels", "output": SCORES, "top": 1},
    )


program = Program(
    answer,
    takes=TEXTS,
    description="Name the label of an English text, such as a film review.",
    example='"a wonderful film"',
    steps=steps,
)
main = program.main

if __name__ == "__main__":
    main()
