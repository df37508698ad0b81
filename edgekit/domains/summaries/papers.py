"""SciTLDR-A: sentences of abstracts, and how well each sums its paper up.

`tiny` takes the 340 papers that ship with edgekit.

Source: Cachola, Lo, Cohan, Weld, TLDR: Extreme Summarization of Scientific Documents, 2020,
https://arxiv.org/abs/2004.15011.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Size, Split
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.summaries.rouge import rouge_1
from edgekit.domains.upstream import archives
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.texts import SCITLDR
from edgekit.on_device.programs.summarize import (
    MERGES,
    SENTENCES,
    TOKENS,
    fit_size,
    has_words,
    pieces,
)
from edgekit.on_device.subwords import Subwords

SMALL_PAPERS = "papers_small.tar.gz"
NUM_CALIBRATION = 200
NO_SENTENCE = -1.0
"""Stands for the ROUGE-1 of a sentence that is not there."""
EXAMPLE = "example.txt"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper.

    Attributes:
        sentences: Of its abstract, those that hold a word, as the data set cuts them.
        summaries: What authors and reviewers made of it, a sentence each; one to several.
    """

    sentences: tuple[str, ...]
    summaries: tuple[str, ...]


@lru_cache(maxsize=6)
def papers(split: Split, size: Size) -> tuple[Paper, ...]:
    """Return the papers of a split, each abstract once, and none that is in a split after it.

    The splits are the authors'; four abstracts of theirs stand in two of them, or twice. The first
    200 to train on calibrate.

    Raises:
        Unavailable, BadData: The file is not on this machine, or not the expected one.
    """
    if split == "calibration":
        return papers("train", size)[:NUM_CALIBRATION]
    order: tuple[Split, ...] = ("train", "validation", "test")
    later = order[order.index(split) + 1 :]
    kept = {paper.sentences: paper for paper in reversed(_stored(split, size))}
    for other in later:
        for paper in _stored(other, size):
            kept.pop(paper.sentences, None)
    return tuple(reversed(kept.values()))


@lru_cache(maxsize=6)
def _stored(split: Split, size: Size) -> tuple[Paper, ...]:
    path = PACKAGED / SMALL_PAPERS if size == "tiny" else locate(SCITLDR)
    part = "dev" if split == "validation" else split
    ((_, content),) = archives.members(path, rf"SciTLDR-Data/SciTLDR-A/{part}\.jsonl")
    return tuple(paper for paper in read_papers(content) if paper.sentences)


def read_papers(content: bytes) -> Iterator[Paper]:
    """Give the papers that lines of JSON describe, by `source` and `target`, lists of texts.

    Raises:
        BadData: A line is something else.
    """
    for number, line in enumerate(content.splitlines(), 1):
        try:
            row = json.loads(line)
            source, target = row["source"], row["target"]
        except (ValueError, KeyError, TypeError) as error:
            raise BadData(_not_a_paper(number)) from error
        if not (_are_texts(source) and _are_texts(target) and target):
            raise BadData(_not_a_paper(number))
        yield Paper(sentences=tuple(filter(has_words, source)), summaries=tuple(target))


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _not_a_paper(number: int) -> str:
    return (
        f"line {number} of the papers does not hold `source` and `target`, lists of sentences; "
        "take the file that was published."
    )


@lru_cache(maxsize=6)
def summary_data(split: Split, size: Size) -> Dataset:
    """Return `tokens` `(n, 24, 64)`, int32, and ROUGE-1 of each sentence `(n, 24)`, float32.

    A sentence that is not there has -1.
    """
    cut = subwords()
    chosen = papers(split, size)
    tokens = [fit_size([pieces(cut, each) for each in paper.sentences]) for paper in chosen]
    rouge = np.full((len(chosen), SENTENCES), NO_SENTENCE, np.float32)
    for row, paper in zip(rouge, chosen, strict=True):
        scores = rouge_of(paper)[:SENTENCES]
        row[: len(scores)] = scores
    return Dataset(inputs={TOKENS: np.stack(tokens)}, targets=rouge)


def rouge_of(paper: Paper) -> Array:
    """Return ROUGE-1 of each sentence of a paper as its summary, `(n,)`, 0..1."""
    return np.array([rouge_1(sentence, paper.summaries) for sentence in paper.sentences])


@lru_cache(maxsize=1)
def subwords() -> Subwords:
    """Return the subwords of all sizes, learned from all abstracts to train on."""
    return Subwords.from_text((PACKAGED / MERGES).read_text(encoding="ascii"))


def bundle_files(size: Size) -> dict[str, str]:
    """Return the subwords' merges, and a test abstract to try a bundle with."""
    text = " ".join(papers("test", "tiny")[0].sentences)
    return {MERGES: subwords().to_text(), EXAMPLE: f"{' '.join(text.split())}\n"}
