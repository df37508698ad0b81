"""A tree of names: the probabilities of those under a name add up to its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.types import Batch
from edgekit.on_device.vision.boxes import unpadded
from edgekit.on_device.vision.grid_cells import Grid, GridCells
from edgekit.on_device.vision.word_tree import (
    ROOT,
    Tree,
    TreeDetector,
    absolute,
    conditional,
    descend,
    drive,
    from_facts,
    tree_of,
)

CARDS = tree_of(
    ["card", "court", "pip", "ace", "jack", "queen", "king", "nine", "ten"],
    [-1, 0, 0, 0, 1, 1, 1, 2, 2],
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    count = draw(st.integers(2, 12))
    parents = [-1, *(draw(st.integers(0, number - 1)) for number in range(1, count))]
    return tree_of([f"name {number}" for number in range(count)], parents)


@given(tree=trees(), seed=st.integers(0, 10_000), spread=st.floats(0, 100))
def test_what_is_under_a_name_adds_up_to_it(tree: Tree, seed: int, spread: float) -> None:
    scores = np.random.default_rng(seed).normal(0, spread, (3, 2, tree.num_scores))
    found = absolute(tree, scores)
    assert found.shape == (3, 2, len(tree.names))
    assert (found[..., ROOT] == 1).all()
    for numbers in tree.siblings():
        above = found[..., tree.parents[numbers[0]]]
        np.testing.assert_allclose(found[..., numbers].sum(axis=-1), above, atol=1e-12)
    np.testing.assert_allclose(found[..., list(tree.leaves)].sum(axis=-1), 1, atol=1e-12)


@given(tree=trees(), seed=st.integers(0, 10_000))
def test_a_name_is_as_probable_as_all_on_its_path(tree: Tree, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(0, 3, (4, tree.num_scores))
    among, found = conditional(tree, scores), absolute(tree, scores)
    for number in range(len(tree.names)):
        expected = among[:, tree.path(number)].prod(axis=1)
        np.testing.assert_allclose(found[:, number], expected, rtol=1e-12)


@given(tree=trees(), seed=st.integers(0, 10_000), least=st.floats(0, 1))
def test_it_says_no_name_that_is_not_sure_enough(tree: Tree, seed: int, least: float) -> None:
    found = absolute(tree, np.random.default_rng(seed).normal(0, 3, (20, tree.num_scores)))
    said = descend(tree, found, least)
    assert ((said == ROOT) | (found[np.arange(20), said] >= least)).all()
    for row, number in enumerate(said):
        under = [n for n, parent in enumerate(tree.parents) if parent == number]
        assert all(found[row, n] < least for n in under)


def test_without_a_threshold_it_names_a_leaf() -> None:
    found = absolute(CARDS, np.random.default_rng(0).normal(0, 3, (50, CARDS.num_scores)))
    assert set(descend(CARDS, found, 0.0)) == set(CARDS.leaves)


def test_it_names_the_group_where_it_does_not_know_the_rank() -> None:
    scores = np.array(
        [[9, 0, 0, 1, 1, 1, 0, 0], [9, 0, 0, 1, 9, 1, 0, 0], [0, 0, 0, 9, 0, 0, 0, 0]]
    )
    said = descend(CARDS, absolute(CARDS, scores), 0.5)
    assert [CARDS.names[number] for number in said] == ["court", "queen", "card"]


def test_groups_stand_right_below_the_root() -> None:
    assert CARDS.groups().tolist() == [0, 1, 2, 3, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("parents", [[], [0], [-1, 1], [-1, -1], [-1, 0, 0]])
def test_what_is_no_tree_is_refused(parents: list[int]) -> None:
    with pytest.raises(ValueError, match="are no tree"):
        tree_of(["a", "b"], parents)


DETECTOR = TreeDetector(
    cells=GridCells(grids=(Grid(16, ((20.0, 30.0),)),), num_classes=CARDS.num_scores, most=5),
    tree=CARDS,
    least_sure=0.6,
)


Cells = Mapping[tuple[int, int], tuple[float, Sequence[float]]]
"""Row and column -> how sure a predictor is, and its scores of the names."""


def answered(cells: Cells, threshold: float = 0.45) -> Batch:
    """Return what a detector finds whose network is sure in a few of 4x4 cells."""
    scores = np.full((1, 4, 4, 1 + CARDS.num_scores), -9.0, np.float32)
    for (row, column), (sure, names) in cells.items():
        scores[0, row, column] = [sure, *names]
    outputs = {"boxes_16": np.zeros((1, 4, 4, 4), np.float32), "scores_16": scores}
    detector = DETECTOR._replace(cells=DETECTOR.cells._replace(threshold=threshold))
    run = drive(detector)({"network": lambda _: outputs})
    return run({"image": np.zeros((1, 64, 64, 3), np.float32)})


QUEEN = [9, 0, 0, 0, 9, 0, 0, 0]
COURT = [9, 0, 0, 1, 1, 1, 0, 0]
TEN = [0, 9, 0, 0, 0, 0, 0, 9]


def test_it_finds_a_card_and_says_as_much_as_it_is_sure_of() -> None:
    found = unpadded(answered({(0, 1): (3, QUEEN), (2, 2): (5, COURT)}), 0)
    assert [CARDS.names[label] for label in found.labels] == ["court", "queen"]
    np.testing.assert_allclose(found.boxes, [[30, 25, 50, 55], [14, 0, 34, 23]])
    assert (np.diff(found.scores) < 0).all()


def test_of_one_group_only_the_surest_of_two_that_overlap_is_kept() -> None:
    cards = {(1, 1): (3.0, QUEEN), (1, 2): (5.0, COURT), (2, 1): (4.0, TEN)}
    assert len(unpadded(answered(cards), 0).labels) == 3  # they share less than 0.45
    found = unpadded(answered(cards, threshold=0.05), 0)
    assert [CARDS.names[label] for label in found.labels] == ["court", "ten"]


def test_a_detector_is_what_its_file_says() -> None:
    file = json.dumps(DETECTOR.facts())
    assert json.dumps(from_facts(json.loads(file)).facts()) == file


def test_a_picture_without_cards_has_no_boxes() -> None:
    assert (answered({})["labels"] == -1).all()
