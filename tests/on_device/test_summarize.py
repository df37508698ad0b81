"""Sentences of a text, and the program that picks the best."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.domains.summaries.papers import bundle_files, papers, subwords
from edgekit.on_device import answering
from edgekit.on_device.arrays import Batch, Run
from edgekit.on_device.programs import summarize
from edgekit.on_device.programs.summarize import (
    PIECES,
    SENTENCES,
    best_sentences,
    fit_size,
    has_words,
    is_sentence,
    pieces,
    split_sentences,
)

TEXT = "Networks grow. We prune them, cf. Fig. 2! Does it help? It does."


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Smith et al. (2019) and J. Doe win.", ["Smith et al. (2019) and J. Doe win."]),
        ("It has 1.5 M weights, i.e. 6 MB.", ["It has 1.5 M weights, i.e. 6 MB."]),
        ('He said "No." She left.', ['He said "No."', "She left."]),
        ("e.g. a net... and so on", ["e.g. a net... and so on"]),
        ("A title\n\nA text\nof two lines", ["A title", "A text of two lines"]),
        ("so am I. You are.", ["so am I.", "You are."]),
        (" \n ", []),
    ],
)
def test_a_sentence_ends_where_a_reader_thinks(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(alphabet=" \n.!?ABcd1\u00e9\"'()", max_size=80))
def test_splitting_loses_nothing_but_white_space(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    assert all(sentence == " ".join(sentence.split()) for sentence in sentences)


def test_abstracts_are_cut_as_their_data_set_cuts_them() -> None:
    """It splits some abstracts within sentences, where a line ends; most are right."""
    given = [
        [" ".join(each.split()) for each in paper.sentences] for paper in papers("test", "tiny")
    ]
    same = [split_sentences(" ".join(sentences)) == sentences for sentences in given]
    assert np.mean(same) > 0.8


@given(st.lists(st.integers(0, 2 * PIECES), max_size=SENTENCES + 5))
def test_a_text_of_any_size_fits(lengths: list[int]) -> None:
    tokens = fit_size([list(range(4, 4 + length)) for length in lengths])
    assert tokens.shape == (SENTENCES, PIECES)
    for row, length in zip(tokens, lengths, strict=False):
        assert np.count_nonzero(row) == min(length, PIECES)
    np.testing.assert_array_equal(
        is_sentence(tokens)[: len(lengths)], [length > 0 for length in lengths[:SENTENCES]]
    )


def test_the_best_sentences_stand_in_the_order_of_the_text() -> None:
    tokens = fit_size([[4], [5], [6]])
    scores = np.full(SENTENCES, 9.0)  # padding never counts
    scores[:3] = [1, 3, 2]
    assert best_sentences(scores, tokens).tolist() == [1]
    assert best_sentences(scores, tokens, 2).tolist() == [1, 2]
    assert best_sentences(scores, tokens, 7).tolist() == [0, 1, 2]


def test_capital_letters_and_line_breaks_make_no_difference() -> None:
    assert pieces(subwords(), "We\n study  NETS.") == pieces(subwords(), "we study nets.")
    assert not has_words("...\u00e9!")


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Return what the program gives to a model that finds later sentences better."""
    for name, content in bundle_files("tiny").items():
        (tmp_path / name).write_text(content)
    tokens: list[np.ndarray] = []

    def run(batch: Batch) -> Batch:
        tokens.append(batch["tokens"])
        return {"scores": np.arange(SENTENCES, dtype=np.float32)[np.newaxis]}

    def load(folder: Path, variant: str, **options: object) -> dict[str, Run]:
        assert (folder, variant) == (tmp_path, "int8")
        return {"model": run}

    monkeypatch.setattr(answering, "load", load)
    monkeypatch.setattr(answering, "describe", lambda *_: {})
    monkeypatch.setattr(
        sys, "argv", ["summarize.py", "--variant", "int8", "--bundle", str(tmp_path)]
    )
    return tokens


def test_the_program_prints_the_sentence_that_scores_best(
    seen: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    sys.argv.append(TEXT)
    summarize.main()
    assert capsys.readouterr().out == "It does.\n"
    assert seen[0].shape == (1, SENTENCES, PIECES)
    assert is_sentence(seen[0]).sum() == 4


def test_the_program_prints_as_many_as_are_asked_for(
    seen: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    sys.argv += ["--sentences", "2", TEXT]
    summarize.main()
    assert capsys.readouterr().out == "Does it help?\nIt does.\n"


def test_the_program_says_what_it_did_not_read(
    seen: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    sys.argv.append("We go on. " * 25 + "And on.")
    summarize.main()
    assert capsys.readouterr().out == "We go on.\n(not read: sentences 25 to 26)\n"
    sys.argv[-1] = "very " * 100 + "long."
    summarize.main()
    assert capsys.readouterr().out.endswith("\n(not read: the ends of 1 long sentence)\n")


def test_a_text_without_words_is_refused(seen: list[np.ndarray]) -> None:
    sys.argv.append("...")
    with pytest.raises(SystemExit, match=r"no word in '\.\.\.'; give an English text"):
        summarize.main()
    assert seen == []
