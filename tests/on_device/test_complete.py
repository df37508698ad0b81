"""The loop around the step of a language model: what it feeds it, and what it makes of answers."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.types import Batch
from edgekit.on_device.programs.complete import (
    COMPLETION,
    CONTEXT,
    HEAD_DIM,
    HEADS,
    LAYERS,
    PROMPT,
    VISIBLE,
    complete,
    drive,
    sample,
)
from edgekit.on_device.vocabulary import END, PAD, UNKNOWN

NUM_WORDS = 200


def counting(batch: Batch) -> Batch:
    """Stand in for a model that always says the next number, and remembers what it was given.

    A word's key is the word itself; a step that does not find all words before it, in order and
    visible, says `PAD`.
    """
    token, position = batch["token"][:, 0], batch["position"][:, 0]
    rows = len(token)
    scores = np.zeros((rows, NUM_WORDS), np.float32)
    for row in range(rows):
        seen = batch["visible"][row] > 0
        assert set(np.unique(np.abs(batch["visible"]))) == {VISIBLE}
        assert seen[0]
        assert not batch["keys"][row, :, 0].any()  # the slot of nothing
        before = batch["keys"][row, 0, seen[:-1], 0][1:]
        expected = token[row] - np.arange(len(before), 0, -1)
        right = len(before) == position[row] and (before == expected).all()
        scores[row, token[row] + 1 if right else PAD] = 9
        scores[row, UNKNOWN] = 20  # what must never be said
        scores[row, token[row] + 2] = 5
    key = np.broadcast_to(token[:, None, None, None], (rows, LAYERS * HEADS, 1, HEAD_DIM))
    return {"scores": scores, "key": key.astype(np.float32), "value": key.astype(np.float32)}


def test_it_goes_on_from_the_prompt() -> None:
    assert complete(counting, np.arange(10, 14), length=5).tolist() == [14, 15, 16, 17, 18]


def test_a_beam_finds_the_same_where_one_word_is_always_best() -> None:
    found = complete(counting, np.arange(10, 14), length=5, beam=3)
    assert found.tolist() == [14, 15, 16, 17, 18]


def test_only_the_newest_words_of_a_long_prompt_are_read() -> None:
    found = complete(counting, np.arange(10, 110), length=8)
    assert found.tolist() == list(range(110, 118))


def test_the_end_ends_it() -> None:
    def ending(batch: Batch) -> Batch:
        scores = np.zeros((len(batch["token"]), NUM_WORDS), np.float32)
        scores[:, END] = 5
        return {**counting(batch), "scores": scores}

    assert complete(ending, np.array([50, 51]), length=4).tolist() == [END, PAD, PAD, PAD]
    assert sample(ending, np.array([50]), length=3, among=1, seed=0).tolist() == [END, PAD, PAD]


def test_a_sample_among_one_is_the_best_and_a_seed_repeats_itself() -> None:
    def draw(among: int, seed: int) -> list[int]:
        tokens = sample(counting, np.arange(10, 14), length=6, among=among, seed=seed)
        return [int(token) for token in tokens]

    assert draw(1, 0) == [14, 15, 16, 17, 18, 19]
    assert draw(50, 1) == draw(50, 1)
    assert len({tuple(draw(50, seed)) for seed in range(8)}) > 1


def test_it_is_judged_by_all_tokens_and_completes_the_first_half() -> None:
    tokens = np.stack([np.arange(5, 6 + CONTEXT), np.arange(40, 41 + CONTEXT)]).astype(np.int32)
    tokens[1, PROMPT:] = 3  # what comes after the prompt is not looked at for the completion
    answer = drive({"step": counting})({"tokens": tokens})
    assert answer["log_probabilities"].shape == (2, CONTEXT)
    assert np.ptp(answer["log_probabilities"][0]) == pytest.approx(0, abs=1e-6)
    assert (answer["log_probabilities"][1, PROMPT:] < answer["log_probabilities"][1, 0]).all()
    first = tokens[:, PROMPT - 1 : PROMPT]
    assert (answer["completion"] == first + np.arange(1, COMPLETION + 1)).all()
    assert answer["completion"].dtype == np.int32
