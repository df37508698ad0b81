"""Pick the sentences that say best what a text says, with the models of this bundle.

    python3 summarize.py --variant int8 --sentences 2 example.txt

The network scores all sentences at once; the best ones are printed in the order of the text. It was
trained on abstracts of papers: of a longer text it sees the first 24 sentences.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from typing import List, Sequence

import numpy as np

from ..answering import TEXTS, Answer, Models, Program, at_least_one
from ..arrays import Array
from ..subwords import PADDING, Subwords

SENTENCES, PIECES = 24, 64
"""Sentences of a text and subwords of a sentence that the network sees; the rest is cut off. Of 100
abstracts, one has more sentences; of 100 sentences, two have more subwords."""

MERGES = "papers_subwords.txt"
"""File of the bundle that holds the subwords."""

TOKENS, SCORES = "tokens", "scores"
"""What the network takes, `(n, 24, 64)`, and what it gives, `(n, 24)`."""

_END = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)\]]*\s+|\s*\n\s*\n\s*")
"""Where a sentence may end: at a mark, with the quotes it closes, or at an empty line."""

LONGEST = 20
"""Characters around a mark that tell what it means."""

_LAST_WORD = re.compile(r"[\w.]*$")

_ABBREVIATION = re.compile(
    r"al|approx|cf|dr|e\.g|eqs?|figs?|i\.e|m[rs]s?|prof|refs?|sec|st|viz|vs|w\.r\.t", re.I
)
"""What a full stop follows within a sentence, although the next word may have a capital letter."""


def split_sentences(text: str) -> List[str]:
    """Return the sentences of an English text, white space between words as one space.

    A sentence ends at an empty line, and at a full stop, question or exclamation mark that white
    space follows, unless the next letter is a small one or the last word is an abbreviation or a
    single capital letter, as of a name.

    Example:
        >>> split_sentences("J. Smith et al. (2019) win.  How? By 0.5 points, i.e. clearly.")
        ['J. Smith et al. (2019) win.', 'How?', 'By 0.5 points, i.e. clearly.']
    """
    parts, start = [], 0
    for found in _END.finditer(text):
        before = text[max(start, found.start() - LONGEST) : found.start()]
        if _ends(before, found.group(), text[found.end() : found.end() + LONGEST]):
            parts.append(text[start : found.end()])
            start = found.end()
    parts.append(text[start:])
    return [sentence for sentence in (" ".join(part.split()) for part in parts) if sentence]


def _ends(before: str, mark: str, after: str) -> bool:
    """Whether a sentence ends at a mark, or an empty line, between two parts of a text."""
    if not mark.strip():
        return True
    if after.lstrip("\"'\u201c\u2018([")[:1].islower():
        return False
    word = _LAST_WORD.search(before).group()  # type: ignore[union-attr]  # it matches nothing too
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    return mark[0] != "." or not (is_initial or _ABBREVIATION.fullmatch(word))


def has_words(sentence: str) -> bool:
    """Whether a sentence has a letter a to z or a digit; others are left out."""
    return re.search(r"[a-zA-Z0-9]", sentence) is not None


def pieces(subwords: Subwords, sentence: str) -> List[int]:
    """Return the ids of all subwords of a sentence in lower case."""
    return subwords.encode(" ".join(sentence.lower().split()))


def fit_size(rows: Sequence[Sequence[int]]) -> Array:
    """Return ids of the sentences of a text as `(24, 64)`, int32: cut, padded at the ends."""
    tokens = np.full((SENTENCES, PIECES), PADDING, np.int32)
    for place, row in zip(tokens, rows):
        place[: len(row)] = row[:PIECES]
    return tokens


def is_sentence(tokens: Array) -> Array:
    """Return which rows of `(..., 24, 64)` tokens hold a sentence, `(..., 24)`."""
    return np.asarray(tokens[..., 0] != PADDING)


def best_sentences(scores: Array, tokens: Array, count: int = 1) -> Array:
    """Return the numbers of the sentences of one text that score best, in the order of the text.

    Args:
        scores: Of each sentence, `(24,)`; those of padding do not count.
        tokens: What the network was given, `(24, 64)`.
        count: How many; a text with fewer sentences gives all of them.
    """
    there = np.flatnonzero(is_sentence(tokens))
    return np.sort(there[np.argsort(-scores[there], kind="stable")[:count]])


def answer(models: Models, text: str, options: Namespace) -> Answer:
    """Return the best sentences of a text, and what of it was not read."""
    subwords = Subwords.from_text((models.folder / MERGES).read_text(encoding="utf-8"))
    sentences = [sentence for sentence in split_sentences(text) if has_words(sentence)]
    if not sentences:
        raise ValueError(f"There is no word in '{text}'; give an English text.")
    rows = [pieces(subwords, sentence) for sentence in sentences[:SENTENCES]]
    tokens = fit_size(rows)
    scores = models.runs["model"]({TOKENS: tokens[np.newaxis]})[SCORES][0]
    lines = [sentences[number] for number in best_sentences(scores, tokens, options.sentences)]
    return Answer(lines + _left_out(len(sentences), [len(row) for row in rows]))


def _left_out(num_sentences: int, lengths: Sequence[int]) -> List[str]:
    """Return a line that says what the network did not see, or none."""
    parts = []
    if num_sentences > SENTENCES:
        parts.append(f"sentences {SENTENCES + 1} to {num_sentences}")
    long = sum(length > PIECES for length in lengths)
    if long:
        parts.append(f"the ends of {long} long sentence{'s' if long > 1 else ''}")
    return [f"(not read: {' and '.join(parts)})"] if parts else []


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--sentences", type=at_least_one, default=1, help="how many; default 1")


program = Program(
    answer,
    takes=TEXTS,
    description="Pick the sentences that say best what an English text says, such as the abstract "
    f"of a paper. Of a longer text the first {SENTENCES} sentences are read.",
    example="example.txt",
    options=_options,
)
main = program.main

if __name__ == "__main__":
    main()
