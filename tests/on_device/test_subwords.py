"""Subwords: whatever is encoded comes back, and what is learned is what the paper says."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadInput
from edgekit.domains.text.corpora import verses
from edgekit.domains.text.subword_training import learn_subwords
from edgekit.on_device.subwords import BEGIN, END, FIRST_BYTE, FIRST_MERGE, PADDING, Subwords

SPANISH = [verse.spanish for verse in verses("tiny")]


@pytest.fixture(scope="module")
def spanish() -> Subwords:
    return learn_subwords(SPANISH, 600)


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_as_it_was(spanish: Subwords, text: str) -> None:
    ids = spanish.encode(text)
    assert spanish.decode(ids) == text
    assert all(FIRST_BYTE <= number < len(spanish) for number in ids)


@given(ids=st.lists(st.integers(-5, 700)))
def test_every_row_of_ids_is_some_text(spanish: Subwords, ids: list[int]) -> None:
    assert isinstance(spanish.decode(ids), str)


def test_half_a_surrogate_pair_becomes_a_question_mark(spanish: Subwords) -> None:
    assert spanish.decode(spanish.encode("a\ud800b")) == "a?b"


def test_marks_of_begin_and_end_are_not_text(spanish: Subwords) -> None:
    ids = [BEGIN, *spanish.encode("En el principio"), END, PADDING]
    assert spanish.decode(ids) == "En el principio"


def test_the_example_of_the_paper_merges_es_then_est() -> None:
    lines = ["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3
    found = learn_subwords(lines, FIRST_MERGE + 2)
    assert [found.decode([FIRST_MERGE + number]) for number in range(2)] == ["es", "est"]


def test_no_more_pieces_than_asked_and_none_for_pairs_that_occur_once() -> None:
    assert len(learn_subwords(SPANISH, 300)) == 300
    assert len(learn_subwords(["abc"], 300)) == FIRST_MERGE


def test_the_order_of_lines_changes_nothing(spanish: Subwords) -> None:
    assert learn_subwords(SPANISH[::-1], 600).merges == spanish.merges


def test_merges_shorten_the_text(spanish: Subwords) -> None:
    ids = spanish.encode(SPANISH[0])
    assert len(ids) < 0.6 * len(SPANISH[0].encode())


def test_it_survives_being_written_and_read(spanish: Subwords) -> None:
    assert Subwords.from_text(spanish.to_text()).merges == spanish.merges


@pytest.mark.parametrize("text", ["260\n", "4 x\n", "4 5 6\n", "-4 5\n"])
def test_a_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lines of two ids"):
        Subwords.from_text(text)


def test_a_merge_of_pieces_that_do_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="pieces 4 to 259 exist"):
        Subwords([(4, 260)])


def test_no_room_for_the_bytes_is_refused() -> None:
    with pytest.raises(BadInput, match="the first 260"):
        learn_subwords(SPANISH, 100)


def test_words_are_cut_once(spanish: Subwords) -> None:
    """Thousands of reviews are encoded with it: a repeated word must cost a look-up."""
    text = " ".join(SPANISH[:500])
    spanish.encode(text)
    start = time.perf_counter()
    for _ in range(5):
        spanish.encode(text)
    assert 5 * len(text.split()) / (time.perf_counter() - start) > 200_000  # words a second
