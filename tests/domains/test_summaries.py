"""Papers and their summaries, ROUGE-1, TextRank, and which sentence is chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadData
from edgekit.core.recipe import Dataset
from edgekit.domains.summaries import choices
from edgekit.domains.summaries.papers import (
    NO_SENTENCE,
    Paper,
    papers,
    read_papers,
    rouge_of,
    summary_data,
)
from edgekit.domains.summaries.rouge import rouge_1
from edgekit.domains.summaries.text_rank import text_rank
from edgekit.on_device.programs.summarize import SENTENCES

WORDS = st.lists(st.sampled_from(["a", "net", "learns", "to", "Learn", "3d", "-"])).map(" ".join)


@pytest.mark.parametrize(
    ("summary", "reference", "f1"),
    [
        ("The cat's 3 models run.", "the cats run 3D models", 0.5454545454545454),
        ("na\u00efve Bayes, naive bayes", "Naive Bayes classifiers", 0.5),
        ("a a a b", "a b b", 0.5714285714285715),
        ("state_of_the-art (SOTA)", "State of the art, sota!", 1.0),
        ("We study pruning", "Pruned networks are studied", 0.0),
        ("", "nothing", 0.0),
    ],
)
def test_rouge_is_that_of_rouge_score(summary: str, reference: str, f1: float) -> None:
    """As `rouge_score` 0.1.2 computes it without its stemmer."""
    assert rouge_1(summary, [reference]) == pytest.approx(f1, rel=1e-12)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=3))
def test_the_best_reference_counts(summary: str, references: list[str]) -> None:
    alone = [rouge_1(summary, [reference]) for reference in references]
    assert rouge_1(summary, references) == max(alone)
    assert all(0 <= each <= 1 for each in alone)
    assert alone == [rouge_1(reference, [summary]) for reference in references]


def test_text_rank_prefers_what_is_like_the_others() -> None:
    ranks = text_rank(["pruning makes nets small", "small nets run", "nets run fast", "who knows"])
    assert ranks.argmax() == 1
    assert ranks.argmin() == 3
    assert ranks.mean() == pytest.approx(1)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_ranks_do_not_depend_on_the_order(sentences: list[str]) -> None:
    ranks = text_rank(sentences)
    np.testing.assert_allclose(text_rank(sentences[::-1]), ranks[::-1], rtol=1e-6)
    assert (ranks > 0).all()


def test_no_abstract_is_in_two_splits() -> None:
    splits = [papers(split, "tiny") for split in ("train", "validation", "test")]
    assert [len(split) for split in splits] == [240, 40, 60]
    every = [paper.sentences for split in splits for paper in split]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"source": ["A."]}', b'{"source": "A.", "target": ["B."]}', b'"source"']
    + [json.dumps({"source": ["A."], "target": target}).encode() for target in ([], [1])],
)
def test_what_is_no_paper_is_refused_with_its_line(line: bytes) -> None:
    good = b'{"source": ["A net.", "..."], "target": ["Nets."]}'
    assert list(read_papers(good)) == [Paper(sentences=("A net.",), summaries=("Nets.",))]
    with pytest.raises(BadData, match="line 2 of the papers"):
        list(read_papers(good + b"\n" + line))


def test_targets_are_the_rouge_of_the_sentences() -> None:
    found = summary_data("validation", "tiny")
    for paper, row in zip(papers("validation", "tiny"), found.target(), strict=True):
        count = min(len(paper.sentences), SENTENCES)
        np.testing.assert_allclose(row[:count], rouge_of(paper)[:count], rtol=1e-6)
        assert (row[count:] == NO_SENTENCE).all()


def test_choices_score_between_the_worst_and_the_best() -> None:
    test = summary_data("test", "tiny")
    best, worst = (
        choices.chosen_rouge(run(test.inputs)["scores"], test.target())
        for run in choices.sentences_key(test)
    )
    simple = choices.without_network(test)
    assert simple["ROUGE-1 of the best sentence"] == pytest.approx(best, rel=1e-6)
    assert worst < simple["ROUGE-1 of a random sentence"] < best
    assert worst < choices.text_rank_rouge(papers("test", "tiny")) < best


def test_scores_of_padding_do_not_count() -> None:
    rouge = np.array([[0.1, 0.4, NO_SENTENCE]])
    assert choices.chosen_rouge(np.array([[0.0, 1.0, 5.0]]), rouge) == pytest.approx(40)
    simple = choices.without_network(Dataset(inputs={}, targets=rouge))
    assert list(simple.values()) == pytest.approx([25, 10, 40])


def test_a_drawing_shows_the_chosen_sentence_and_a_bar_for_each() -> None:
    test = summary_data("test", "tiny").head(2)
    first, _ = choices.show(test.inputs, {"scores": test.target()})
    paper = papers("test", "tiny")[0]
    best = int(rouge_of(paper).argmax())
    assert first.text.startswith(f"{best + 1}: {paper.sentences[best].lower()[:30]}")
    assert first.picture.shape == (choices.ROW * len(paper.sentences) + 1, choices.BAR + 2, 1)
    assert (first.picture == 0).any(axis=1).any(axis=1).sum() == choices.ROW - 1
