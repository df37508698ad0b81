"""Which sentence is chosen of each paper: its score, how good that is, how a report shows it."""

from __future__ import annotations

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Batch, Run
from edgekit.domains.learning.answer_keys import fixed
from edgekit.domains.summaries.papers import NO_SENTENCE, Paper, rouge_of, subwords
from edgekit.domains.summaries.text_rank import text_rank
from edgekit.on_device.programs.summarize import SCORES, TOKENS, best_sentences, is_sentence
from edgekit.on_device.subwords import PADDING
from edgekit.on_device.vision.drawing import Drawing

BAR, ROW = 48, 3
"""Pixels of the longest bar in a drawing, and from one bar to the next."""


def chosen_rouge(scores: Array, rouge: Array) -> float:
    """Return the mean ROUGE-1 of the sentences that score best, 0..100.

    Args:
        scores: Of each sentence, `(n, 24)`.
        rouge: ROUGE-1 of each, `(n, 24)`, 0..1; -1 where there is no sentence.
    """
    best = np.where(rouge == NO_SENTENCE, -np.inf, scores).argmax(axis=1)
    return 100 * float(np.take_along_axis(rouge, best[:, None], axis=1).mean())


def without_network(dataset: Dataset) -> dict[str, float]:
    """Return the ROUGE-1 of choosing at random (its mean), the first sentence, and the best."""
    rouge = np.where(dataset.target() == NO_SENTENCE, np.nan, dataset.target())
    return {
        "ROUGE-1 of a random sentence": 100 * float(np.nanmean(rouge, axis=1).mean()),
        "ROUGE-1 of the first sentence": 100 * float(rouge[:, 0].mean()),
        "ROUGE-1 of the best sentence": 100 * float(np.nanmax(rouge, axis=1).mean()),
    }


def text_rank_rouge(papers: tuple[Paper, ...]) -> float:
    """Return the mean ROUGE-1 of the sentences that TextRank finds, 0..100."""
    return 100 * float(
        np.mean([rouge_of(paper)[text_rank(paper.sentences).argmax()] for paper in papers])
    )


def sentences_key(dataset: Dataset) -> tuple[Run, Run]:
    """Return runs that find the best sentence of each paper, and the worst."""
    rouge = dataset.target()
    return fixed({SCORES: rouge}, {SCORES: -rouge})


def show(inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return for each paper the chosen sentence, and a bar for the score of every sentence."""
    return [
        _drawing(tokens, scores)
        for tokens, scores in zip(inputs[TOKENS], answers[SCORES], strict=True)
    ]


def _drawing(tokens: Array, scores: Array) -> Drawing:
    (best,) = best_sentences(scores, tokens)
    there = scores[is_sentence(tokens)]
    shares = (there - there.min()) / max(float(np.ptp(there)), 1e-9)
    picture = np.ones((ROW * len(there) + 1, BAR + 2, 1), np.float32)
    for number, share in enumerate(shares):
        top = ROW * number + 1
        picture[top : top + ROW - 1, 1 : 2 + round(float(share) * (BAR - 1))] = (
            0 if number == best else 0.7
        )
    ids = [int(piece) for piece in tokens[best] if piece != PADDING]
    return Drawing(picture=picture, text=f"{best + 1}: {subwords().decode(ids)}")
