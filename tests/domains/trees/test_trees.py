"""The treebank, forests, and networks over trees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.trees import treebank
from edgekit.domains.trees.forests import Forest, labelled, planted
from edgekit.domains.trees.shown import show
from edgekit.on_device.trees.bracketed import Tree
from edgekit.on_device.trees.composing import composed, padded
from edgekit.on_device.vision.drawing import Drawing
from tests.on_device.trees.test_bracketed import trees
from tests.on_device.trees.test_composing import RUNS, phrase, shape_of, word


def test_samples_are_small_and_cover_all_labels() -> None:
    for name in (treebank.SMALL, treebank.WORDS):
        assert (PACKAGED / name).stat().st_size < 100_000
    roots = [tree.labels[-1] for tree in treebank.trees("test", "tiny")]
    assert (np.bincount(roots) >= 30).all()
    assert len(treebank.trees("train", "tiny")) == 1200


def test_no_sentence_is_in_two_splits() -> None:
    train, validation, test = (
        {" ".join(tree.words) for tree in treebank.trees(split, "tiny")}
        for split in ("train", "validation", "test")
    )
    assert len(train | validation | test) == len(train) + len(validation) + len(test)


def test_every_node_needs_a_label_to_learn_from() -> None:
    with pytest.raises(BadData, match="Line 2: a node has no label; give each one of 0 to 4"):
        treebank.read_trees(["(2 film)", "(3 good (2 film))"])
    with pytest.raises(BadData, match=r"Line 1: '\(2' is no tree: 1 brackets are not closed"):
        treebank.read_trees(["(2"])


def test_only_roots_that_are_not_neutral_are_scored() -> None:
    scores = np.tile([0.3, 0.0, 0.0, 0.2, 0.2], (3, 1))  # positive; the likeliest label is not
    assert treebank.binary_accuracy(scores, np.array([2, 4, 0])) == 50.0


def test_the_root_is_the_last_phrase_or_the_only_word() -> None:
    shapes = [shape_of(Tree(["a"], [], [])), shape_of(Tree(["a", "b"], [(0, 1)], []))]
    assert treebank.at_roots(np.tile(np.arange(127), (2, 1)), padded(shapes)).tolist() == [0, 64]


def states_of(forest: Forest) -> Array:
    """What a forest's nodes hold, in its order, by NumPy."""
    known = word({"word": forest.words[:, None]})["state"]
    words = np.split(known, np.cumsum(forest.num_words)[:-1])
    pairs = np.split(forest.pairs, np.cumsum(forest.num_pairs)[:-1])
    states = [words[-1]]
    for level in reversed(range(len(words) - 1)):
        left, right = (states[-1][pairs[level][:, side]] for side in (0, 1))
        states.append(
            np.concatenate([phrase({"left": left, "right": right})["state"], words[level]])
        )
    return np.concatenate(states[::-1])


@settings(deadline=None)
@given(st.lists(trees(most=20), min_size=1, max_size=5))
def test_a_forest_holds_what_its_trees_hold(several: list[Tree]) -> None:
    shapes = [shape_of(tree) for tree in several]
    grown = [labelled(shape, tree.labels) for shape, tree in zip(shapes, several, strict=True)]
    forest = planted(grown, 1 + max(int(tree.levels.max()) for tree in grown))
    levels = np.concatenate([tree.levels for tree in grown])
    is_word = np.concatenate([np.arange(len(t.labels)) < len(t.words) for t in several])
    order = np.lexsort((is_word, levels))
    expected = np.concatenate(composed(RUNS, shapes))[order]
    assert states_of(forest)[:, :2] == pytest.approx(expected, abs=1e-6)
    assert forest.labels.tolist() == np.concatenate([t.labels for t in several])[order].tolist()


def test_examples_are_shown_with_the_label_of_the_root() -> None:
    test = treebank.data("test", "tiny").head(2)
    right, wrong = (show(test.inputs, run(test.inputs)) for run in treebank.answer_key(test))
    labels = [tree.labels[-1] for tree in treebank.trees("test", "tiny")[:2]]
    said = [drawing.text.splitlines()[0] for drawing in right]
    assert said == [treebank.LABELS[label] for label in labels]
    assert all(isinstance(drawing, Drawing) for drawing in wrong)
