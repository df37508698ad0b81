"""The n-gram model is a probability distribution, and the one of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import BadInput
from edgekit.domains.text.kneser_ney import KneserNey, discounts, fit

TEXTS = st.lists(st.integers(0, 6), min_size=3, max_size=60)


def probability(model: KneserNey, context: tuple[int, int], token: int) -> float:
    return float(np.exp(model.log_probabilities(np.array([context]), np.array([token]))[0]))


@given(TEXTS, st.tuples(st.integers(0, 6), st.integers(0, 6)))
@settings(max_examples=60, deadline=None)
def test_probabilities_of_all_tokens_sum_to_one(text: list[int], context: tuple[int, int]) -> None:
    model = fit(np.array(text), 7)
    contexts = np.tile(context, (7, 1))
    probabilities = np.exp(model.log_probabilities(contexts, np.arange(7)))
    assert (probabilities > 0).all()
    assert probabilities.sum() == pytest.approx(1.0)


def test_they_sum_to_one_with_estimated_discounts() -> None:
    text = np.random.default_rng(0).zipf(1.5, 5000) % 50
    model = fit(text, 50)
    contexts = np.repeat(text[:20].reshape(10, 2), 50, axis=0)
    probabilities = np.exp(model.log_probabilities(contexts, np.tile(np.arange(50), 10)))
    np.testing.assert_allclose(probabilities.reshape(10, 50).sum(1), 1.0)


def test_a_case_worked_out_by_hand() -> None:
    """Text 0 1 2 0 1 0: trigrams 012, 120, 201, 010, each once; every discount is 0.75.

    Different left neighbours: of bigrams 12, 20, 01, 10 one each; of unigram 0 two (20, 10), of
    1 and 2 one each. P(2) = (1 - .75)/4 + 3 * .75/4 / 3 = 0.25.
    P(2 | 1) = (1 - .75)/2 + 2 * .75/2 * P(2) = 0.3125.
    P(2 | 0 1) = (1 - .75)/2 + 2 * .75/2 * P(2 | 1) = 0.359375.
    """
    model = fit(np.array([0, 1, 2, 0, 1, 0]), 3)
    assert probability(model, (0, 1), 2) == pytest.approx(0.359375)


def test_a_context_never_seen_falls_back_to_shorter_ones() -> None:
    model = fit(np.array([0, 1, 2, 0, 1, 0]), 4)
    assert probability(model, (2, 1), 2) == pytest.approx(probability(model, (3, 1), 2))
    assert probability(model, (3, 3), 0) > probability(model, (3, 3), 3)


def test_a_word_after_one_word_only_is_unlikely_elsewhere() -> None:
    """As often seen as another, but always after the same word: the idea of Kneser and Ney."""
    text = np.array([1, 2, 0, 1, 2, 4, 1, 2, 5, 1, 2, 6, 3, 0, 3, 4, 3, 5, 3])
    model = fit(text, 8)
    assert probability(model, (7, 7), 2) < probability(model, (7, 7), 3)


def test_discounts_are_those_of_chen_and_goodman() -> None:
    counts = np.array([1] * 10 + [2] * 5 + [3] * 3 + [4] * 2)  # Y = 10 / (10 + 2 * 5) = 0.5
    expected = [1 - 2 * 0.5 * 5 / 10, 2 - 3 * 0.5 * 3 / 5, 3 - 4 * 0.5 * 2 / 3]
    assert discounts(counts) == pytest.approx(expected)


def test_a_row_is_scored_token_by_token() -> None:
    text = np.array([0, 1, 2, 0, 1, 0])
    model = fit(text, 3)
    probabilities = np.exp(model.score(text))
    assert probabilities[0] == pytest.approx(probability(model, (0, 0), 1))
    assert probabilities[1] == pytest.approx(probability(model, (0, 1), 2))
    assert len(probabilities) == 5


def test_it_says_what_it_takes() -> None:
    with pytest.raises(BadInput, match="has 2 tokens"):
        fit(np.array([1, 2]), 3)
    with pytest.raises(BadInput, match="allowed are 0 to 2"):
        fit(np.array([1, 2, 3]), 3)
    model = fit(np.array([0, 1, 2]), 3)
    with pytest.raises(BadInput, match=r"give the 2 tokens before each: \(1, 2\)"):
        model.log_probabilities(np.zeros((1, 3)), np.zeros(1))
    with pytest.raises(BadInput, match="allowed are 0 to 2"):
        model.log_probabilities(np.zeros((1, 2)), np.full(1, 3))
