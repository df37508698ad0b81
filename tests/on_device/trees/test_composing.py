"""Trees answered phrase by phrase and at once: both ways, any shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.types import Batch
from edgekit.on_device.trees.bracketed import Tree, right_branching
from edgekit.on_device.trees.composing import (
    MOST_LEVELS,
    MOST_WORDS,
    NUM_NODES,
    NUM_PHRASES,
    ROOM,
    Shape,
    at_once,
    composed,
    drive,
    heights,
    padded,
    slotted,
    unpadded,
)
from tests.on_device.trees.test_bracketed import trees

MIX = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def shape_of(tree: Tree) -> Shape:
    ids = np.arange(1, len(tree.words) + 1, dtype=np.int32)
    return Shape(ids, np.array(tree.children, np.int32).reshape(-1, 2))


def word(batch: Batch) -> Batch:
    state = np.sin(batch["word"] * np.array([1.0, 2.0, 3.0])).astype(np.float32)
    return {"state": state, "scores": state[:, :2]}


def phrase(batch: Batch) -> Batch:
    state = np.tanh(np.concatenate([batch["left"], batch["right"]], axis=1) @ MIX)
    return {"state": state, "scores": state[:, :2]}


def tree_at_once(batch: Batch) -> Batch:
    """What the file `tree` does, in NumPy."""
    rows = []
    for words, children in zip(batch["words"], batch["children"], strict=True):
        states, start = word({"word": words[:, None]})["state"], 0
        for room in ROOM:
            left, right = (states[children[start : start + room, side]] for side in (0, 1))
            above = phrase({"left": left, "right": right})["state"]
            states, start = np.concatenate([states, above]), start + room
        rows.append(states[:, :2])
    return {"scores": np.stack(rows)}


RUNS = {"word": word, "phrase": phrase, "tree": tree_at_once}


@settings(deadline=None)
@given(st.lists(trees(most=MOST_WORDS // 2), min_size=1, max_size=4))
def test_both_ways_answer_the_same_of_trees_of_any_shape(several: list[Tree]) -> None:
    shapes = [shape_of(tree) for tree in several]
    stepwise, whole = composed(RUNS, shapes), at_once(tree_at_once, shapes)
    for one, other, tree in zip(stepwise, whole, several, strict=True):
        assert one.shape == (len(tree.labels), 2)
        np.testing.assert_allclose(one, other, atol=1e-6)


@given(st.lists(trees(), min_size=1, max_size=3))
def test_padding_is_taken_off_again(several: list[Tree]) -> None:
    shapes = [shape_of(tree) for tree in several]
    for before, after in zip(shapes, unpadded(padded(shapes)), strict=True):
        assert before.ids.tolist() == after.ids.tolist()
        assert before.children.tolist() == after.children.tolist()


def test_each_level_has_room_for_all_phrases_of_its_height() -> None:
    """As many phrases of height h as fit over 64 words: chains of h + 1 words, side by side."""
    for height, room in enumerate(ROOM, 1):
        chain = height + 1
        count = MOST_WORDS // chain
        children = [
            (start + place, start + chain - 1 if place == chain - 2 else None)
            for start in range(0, count * chain, chain)
            for place in reversed(range(chain - 1))
        ]
        nodes = [
            (first, second if second is not None else count * chain + number - 1)
            for number, (first, second) in enumerate(children)
        ]
        shape = Shape(np.ones(count * chain, np.int32), np.array(nodes, np.int32))
        assert (heights(shape) == height).sum() == room
        if count == 1:
            slotted(shape)


def test_a_tree_too_large_to_be_answered_at_once_is_answered_phrase_by_phrase() -> None:
    deep = shape_of(right_branching(["a"] * (MOST_LEVELS + 2)))
    with pytest.raises(ValueError, match="has 34 words and 33 levels; at once at most 64 and 32"):
        slotted(deep)
    long = shape_of(right_branching(["a"] * 300))
    assert composed(RUNS, [long])[0].shape == (599, 2)
    with pytest.raises(ValueError, match="has 300 words; allowed are 64"):
        padded([long])


def test_slots_left_over_compute_a_phrase_of_the_tree_again() -> None:
    shape = shape_of(right_branching(["a", "b", "c"]))
    batch, slots = slotted(shape)
    assert slots.tolist() == [0, 1, 2, MOST_WORDS, MOST_WORDS + ROOM[0]]
    pairs = {tuple(pair) for pair in batch["children"][0].tolist()}
    assert pairs == {(1, 2), (0, MOST_WORDS)}
    single = slotted(shape_of(right_branching(["a"])))[0]["children"]
    assert single.shape == (1, NUM_PHRASES, 2)
    assert not single.any()


def test_nodes_of_shorter_trees_are_zeros() -> None:
    shapes = [shape_of(right_branching(["a"] * count)) for count in (1, 3)]
    answers = drive(RUNS)(padded(shapes))
    for scores in answers.values():
        assert scores.shape == (2, NUM_NODES, 2)
        used = np.abs(scores).max(axis=2) > 0
        assert used.sum(axis=1).tolist() == [1, 5]
        assert used[1, [0, 1, 2, MOST_WORDS, MOST_WORDS + 1]].all()
