"""Decoding with any model of one step, and of CTC: a beam finds better texts than the best ids."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.types import Array
from edgekit.on_device.decoding import (
    State,
    Step,
    beam_search,
    ctc_beam_search,
    ctc_greedy,
    greedy,
    log_softmax,
    take,
)

BEGIN, END = 1, 2


def table_step(table: Array) -> Step:
    """A model whose next id depends on the last one and on a number in its state."""

    def step(tokens: Array, state: State, position: int) -> tuple[Array, State]:
        assert (state["steps"] == position).all()
        scores = log_softmax(table[state["which"], tokens])
        return scores, {**state, "steps": state["steps"] + 1}

    return step


def start(rows: list[int]) -> State:
    return {"which": np.array(rows), "steps": np.zeros(len(rows), int)}


def random_table(seed: int, ids: int) -> Array:
    return 2 * np.random.default_rng(seed).standard_normal((3, ids, ids))


def mean_log_probability(table: Array, tokens: Array) -> float:
    """Score a text as the search does, computed anew."""
    ids = [int(token) for token in tokens if token]
    before = [BEGIN, *ids[:-1]]
    scores = log_softmax(table[0])
    return float(np.mean([scores[last, token] for last, token in zip(before, ids, strict=True)]))


@given(seed=st.integers(0, 10_000))
def test_texts_decoded_together_are_those_decoded_alone(seed: int) -> None:
    step = table_step(random_table(seed, 7))
    marks = {"begin": BEGIN, "end": END, "length": 6}
    together = greedy(step, start([0, 1, 2]), **marks)
    alone = [greedy(step, start([row]), **marks) for row in range(3)]
    assert (together == np.concatenate(alone)).all()


@given(seed=st.integers(0, 10_000))
def test_greedy_says_the_best_id_until_the_end(seed: int) -> None:
    table = random_table(seed, 7)
    table[..., 0] = -99.0  # padding is never said
    tokens = greedy(table_step(table), start([0]), begin=BEGIN, end=END, length=6)[0]
    last = BEGIN
    for position, token in enumerate(tokens):
        if last == END:
            assert not tokens[position:].any()
            break
        assert token == np.argmax(table[0, last])
        last = token


@given(seed=st.integers(0, 10_000))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    step = table_step(random_table(seed, 7))
    marks = {"begin": BEGIN, "end": END, "length": 6}
    narrow = beam_search(step, start([0]), width=1, **marks)
    assert (narrow == greedy(step, start([0]), **marks)).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_a_beam_as_wide_as_all_texts_finds_the_best_of_them(seed: int) -> None:
    table = random_table(seed, 5)
    table[..., :2] = -99.0  # neither padding nor the beginning is said
    found = beam_search(table_step(table), start([0]), begin=BEGIN, end=END, length=4, width=625)
    texts = []
    for length in range(1, 5):
        for ids in itertools.product([3, 4], repeat=length - 1):
            texts += [(*ids, END)]
            texts += [(*ids, last) for last in (3, 4) if length == 4]
    best = max(mean_log_probability(table, np.array(text)) for text in texts)
    assert np.isclose(mean_log_probability(table, found[0]), best)


@given(seed=st.integers(0, 10_000), width=st.integers(1, 4))
def test_a_beam_searches_each_text_as_if_it_were_alone(seed: int, width: int) -> None:
    step = table_step(random_table(seed, 7))
    marks = {"begin": BEGIN, "end": END, "length": 6}
    rows = [0, 2, 1, 2]
    alone = [beam_search(step, start([row]), width=width, **marks) for row in rows]
    assert (beam_search(step, start(rows), width=width, **marks) == np.concatenate(alone)).all()


def test_a_beam_finds_what_greedy_misses() -> None:
    """A first id of 0.6 that leads nowhere, one of 0.4 that leads to a certain end."""
    chances = np.full((3, 6, 6), 1e-9)
    chances[0, BEGIN, [3, 4]] = 0.6, 0.4
    chances[0, 3] = 1 / 6
    chances[0, 4, END] = 1.0
    step = table_step(np.log(chances))
    marks = {"begin": BEGIN, "end": END, "length": 3}
    assert greedy(step, start([0]), **marks)[0, 0] == 3
    assert beam_search(step, start([0]), width=2, **marks)[0].tolist() == [4, END, 0]


def test_rows_are_taken_from_every_array() -> None:
    taken = take({"a": np.arange(3), "b": np.eye(3)}, np.array([2, 0]))
    assert taken["a"].tolist() == [2, 0]
    assert taken["b"].tolist() == [[0, 0, 1], [1, 0, 0]]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=9))
def test_log_softmax_gives_probabilities(scores: list[float]) -> None:
    assert np.isclose(np.exp(log_softmax(np.array([scores]))).sum(), 1.0)


def collapsed(path: tuple[int, ...]) -> tuple[int, ...]:
    """What CTC reads from a path: equal neighbours are one, then blanks are left out."""
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)


def paths_to_texts(steps: Array) -> dict[tuple[int, ...], float]:
    """Text -> the probability of all paths to it."""
    texts: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(steps.shape[1]), repeat=len(steps)):
        probability = float(np.prod(steps[np.arange(len(steps)), path]))
        texts[collapsed(path)] = texts.get(collapsed(path), 0.0) + probability
    return texts


def without_padding(tokens: Array) -> tuple[int, ...]:
    return tuple(int(token) for token in tokens if token)


@given(seed=st.integers(0, 10_000))
def test_ctc_greedy_reads_the_best_path(seed: int) -> None:
    rows = np.random.default_rng(seed).dirichlet(np.full(4, 0.5), (3, 6))
    for tokens, steps in zip(ctc_greedy(rows), rows, strict=True):
        assert without_padding(tokens) == collapsed(tuple(steps.argmax(axis=1)))
        assert not tokens[len(without_padding(tokens)) :].any()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_wide_ctc_beam_finds_the_most_probable_text(seed: int) -> None:
    steps = np.random.default_rng(seed).dirichlet(np.full(3, 0.5), 5)
    texts = paths_to_texts(steps)
    found = without_padding(ctc_beam_search(steps[np.newaxis], width=500)[0])
    np.testing.assert_allclose(texts[found], max(texts.values()))


def test_a_ctc_beam_adds_up_what_greedy_looks_at_alone() -> None:
    steps = np.array([[[0.4, 0.6], [0.6, 0.4]], [[0.6, 0.4], [0.6, 0.4]]])
    assert [without_padding(tokens) for tokens in ctc_greedy(steps)] == [(1,), ()]
    assert [without_padding(tokens) for tokens in ctc_beam_search(steps)] == [(1,), (1,)]


def test_a_ctc_beam_bears_certainty_and_many_steps() -> None:
    sure = np.eye(3)[np.array([[1, 0, 1, 1, 2] + [0] * 2000])]
    assert without_padding(ctc_beam_search(sure, width=2)[0]) == (1, 1, 2)
