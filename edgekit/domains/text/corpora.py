"""The texts that language recipes train on: an aligned Bible and film reviews."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgekit.core.errors import BadData
from edgekit.core.types import Size, Split
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.texts import BIBLE, MOVIE_REVIEWS
from edgekit.on_device.words import split_words

SMALL_BIBLE = "bible_small.tsv.gz"
SMALL_REVIEWS = "reviews_small.csv.gz"

EVERY_REVIEW = 3
"""Every third review belongs to the text of `word_lines`. With the Bible it is large enough to give
vectors to the words of 300 of WordSim-353's pairs, and small enough to train on in minutes."""


@dataclass(frozen=True, kw_only=True)
class Verse:
    """One verse in two languages.

    Attributes:
        reference: Book, chapter and verse.
        english: World English Bible.
        spanish: Reina-Valera, 1909.
    """

    reference: str
    english: str
    spanish: str


@dataclass(frozen=True, kw_only=True)
class Review:
    """A film review and its label: 1 if it is positive, else 0."""

    text: str
    label: int


@lru_cache(maxsize=2)
def verses(size: Size) -> tuple[Verse, ...]:
    """Return the Bible's verses: all 31,072, or the packaged sample of short ones.

    The upstream texts lack some spaces; between a small and a capital letter one is put back.

    Raises:
        Unavailable, BadData: The file is not on this machine, or not the expected one.
    """
    path = PACKAGED / SMALL_BIBLE if size == "tiny" else locate(BIBLE)
    rows = (line.rstrip("\n").split("\t") for line in _lines(path))
    return tuple(
        Verse(reference=reference, english=_spaced(english), spanish=_spaced(spanish))
        for reference, english, spanish in rows
    )


@lru_cache(maxsize=2)
def reviews(size: Size) -> tuple[Review, ...]:
    """Return IMDB film reviews, each text once: 24,904, or the packaged sample.

    Raises:
        Unavailable, BadData: The file is not on this machine, or not the expected one.

    Source: Maas et al., Learning Word Vectors for Sentiment Analysis, 2011,
        https://aclanthology.org/P11-1015.
    """
    path = PACKAGED / SMALL_REVIEWS if size == "tiny" else locate(MOVIE_REVIEWS)
    labels: dict[str, int] = {}
    for row in csv.DictReader(_lines(path)):
        if row["source"] == "imdb":
            labels.setdefault(row["text"].replace("<br />", " "), int(row["label"]))
    return tuple(Review(text=text, label=label) for text, label in labels.items())


@lru_cache(maxsize=8)
def word_lines(split: Split, size: Size) -> tuple[tuple[str, ...], ...]:
    """Return English verses and every third review, each as a line of words.

    Of every 50 different lines one is held out for test and one for validation.
    """
    texts = [verse.english for verse in verses(size)]
    step = 1 if size == "tiny" else EVERY_REVIEW
    texts += [review.text for review in reviews(size)[::step]]
    lines = list(dict.fromkeys(words for text in texts if (words := tuple(split_words(text)))))
    held_out: dict[str, list[int]] = {"test": [0], "validation": [1]}
    kept = held_out.get(split, list(range(2, 50)))
    return tuple(line for index, line in enumerate(lines) if index % 50 in kept)


def _lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            yield from stream
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadData(f"'{path.name}' is not gzip-compressed UTF-8 text: {error}.") from error


def _spaced(text: str) -> str:
    return re.sub(r"(?<=[a-zñáéíóú])(?=[A-ZÑÁÉÍÓÚ])", " ", text)
