"""Character n-grams, their hashes, and words of none but n-grams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.on_device.ngrams import (
    FIRST_BUCKET,
    LARGEST,
    MOST,
    NUM_BUCKETS,
    SMALLEST,
    fnv1a,
    inputs_of,
    ngrams,
    rows_of,
)
from edgekit.recipes import words_fasttext


def test_ngrams_are_those_of_the_word_between_brackets() -> None:
    expected = ["<ki", "<kin", "<king", "<king>", "kin", "king", "king>", "ing", "ing>", "ng>"]
    assert ngrams("king") == expected
    assert ngrams("a") == ["<a>"]
    assert ngrams("") == []


@pytest.mark.parametrize(
    ("ngram", "expected"),
    [("<ki", 1468299675), ("king>", 894420536), ("<a>", 2359087600), ("caf\u00e9", 1970454601)],
)
def test_hashes_are_fasttext_s(ngram: str, expected: int) -> None:
    """Bytes above 127 count as negative in the program of 2017; gensim 4.4 says the same."""
    assert fnv1a(ngram.encode()) == expected


@settings(deadline=None)  # the first call imports gensim
@given(st.text(max_size=30))
def test_ngrams_and_hashes_are_gensim_s(word: str) -> None:
    inner = pytest.importorskip("gensim.models.fasttext_inner", reason="gensim is not installed")
    expected = inner.compute_ngrams_bytes(word, SMALLEST, LARGEST)
    assert [ngram.encode() for ngram in ngrams(word)] == expected
    assert [fnv1a(ngram) for ngram in expected] == [inner.ft_hash_bytes(n) for n in expected]


@given(st.text("abcdefgh", min_size=1, max_size=40), st.integers(0, 19_999))
def test_a_known_word_has_its_own_row_first(word: str, number: int) -> None:
    unknown, known = rows_of(word), rows_of(word, number)
    assert known[0] == FIRST_BUCKET + NUM_BUCKETS + number
    assert known[1:] == unknown[: MOST - 1]
    assert all(FIRST_BUCKET <= row < FIRST_BUCKET + NUM_BUCKETS for row in unknown)


def test_a_word_of_seventeen_letters_is_not_cut() -> None:
    assert len(rows_of("a" * 17, 0)) <= MOST < len(ngrams("a" * 18)) + 1


def test_rows_are_padded_and_weigh_one_together() -> None:
    found = inputs_of(["king", "xyzzy"], {"king": 7})
    rows, weights = found["ngrams"], found["weights"]
    assert rows.shape == weights.shape == (2, MOST)
    assert rows[0, 0] == FIRST_BUCKET + NUM_BUCKETS + 7
    assert ((rows > 0) == (weights > 0)).all()
    assert weights.sum(axis=1) == pytest.approx(1)
    assert np.count_nonzero(rows[0]) == 11


def test_a_word_s_vector_is_the_mean_of_its_rows() -> None:
    bags = words_fasttext.bags_of(("the", "king"))
    table = np.zeros((FIRST_BUCKET + NUM_BUCKETS + 2, 4), np.float32)
    table[FIRST_BUCKET + NUM_BUCKETS :] = [[1, 2, 3, 4], [11, 0, 0, 0]]
    vectors = words_fasttext.mean_of_bags(table, bags)
    assert vectors[0] == pytest.approx(np.array([1, 2, 3, 4]) / (1 + len(ngrams("the"))))
    assert vectors[1] == pytest.approx([1, 0, 0, 0])


@pytest.mark.slow
def test_a_word_never_seen_gets_a_vector_of_length_one() -> None:
    from edgekit.source_model.reference import runner

    run = runner(words_fasttext.build("tiny"))
    answer = run(inputs_of(["unseenable"], {}))
    assert np.linalg.norm(answer["vector"]) == pytest.approx(1, abs=1e-3)
    assert answer["similarity"].shape == (1, 20_000)
