"""What a tree of names is taught by: labels at any depth."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.domains.vision.word_tree import log_probabilities, name_loss, shown_loss
from edgekit.on_device.vision.word_tree import absolute, tree_of

TREE = tree_of(
    ["card", "court", "pip", "ace", "jack", "queen", "king", "nine", "ten"],
    [-1, 0, 0, 0, 1, 1, 1, 2, 2],
)
SCORES = np.random.default_rng(0).normal(0, 3, (5, 4, TREE.num_scores)).astype(np.float32)


def test_training_and_device_see_the_same_probabilities() -> None:
    trained = np.exp(np.asarray(log_probabilities(TREE, SCORES)))
    np.testing.assert_allclose(trained, absolute(TREE, SCORES)[..., 1:], rtol=1e-4)


def test_the_loss_is_how_improbable_the_label_is() -> None:
    for number in range(1, len(TREE.names)):
        loss = np.asarray(name_loss(TREE, SCORES, np.full((5, 4), number)))
        np.testing.assert_allclose(loss, -np.log(absolute(TREE, SCORES)[..., number]), rtol=1e-3)


def test_the_root_and_no_label_cost_nothing() -> None:
    for number in (0, -1):
        assert not np.asarray(name_loss(TREE, SCORES, np.full((5, 4), float(number)))).any()


def test_a_group_teaches_nothing_below_it() -> None:
    import tensorflow as tf

    scores = tf.constant(SCORES)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = name_loss(TREE, scores, np.full((5, 4), TREE.names.index("court")))
    slope = np.asarray(tape.gradient(loss, scores))
    assert slope[..., :3].any()
    assert not slope[..., 3:].any()


QUEEN, KING, NINE = (TREE.names.index(name) - 1 for name in ("queen", "king", "nine"))


def shown_and_slopes(*names: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the loss of two pictures, of which the first shows names, and how scores change it.

    Of seven predictors the third is sure of a thing.
    """
    import tensorflow as tf

    shown = np.zeros((2, TREE.num_scores), np.float32)
    shown[0, list(names)] = 1
    sure = tf.constant(np.where(np.arange(7) == 2, 5, -5).astype(np.float32) * np.ones((2, 1), "f"))
    scores = tf.constant(np.zeros((2, 7, TREE.num_scores), np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([sure, scores])
        costs = shown_loss(TREE, shown, sure, scores)
    assert tape.gradient(costs, sure) is None
    slopes = np.asarray(tape.gradient(costs, scores))
    return np.asarray(costs), slopes[0], slopes[1]


def test_what_is_found_in_a_picture_learns_what_it_shows() -> None:
    costs, slopes, others = shown_and_slopes(QUEEN)
    assert costs[0] == pytest.approx(1.5 * np.log(9), rel=0.01)
    assert costs[1] == 0
    assert not others.any()
    assert np.abs(np.delete(slopes, 2, axis=0)).max() < 0.01 * np.abs(slopes[2]).max()
    assert slopes[2, QUEEN] < 0 < slopes[2, KING]
    assert slopes[2, NINE] == 0


def test_of_two_names_that_a_picture_shows_either_will_do() -> None:
    one, two = shown_and_slopes(QUEEN), shown_and_slopes(QUEEN, KING)
    assert two[0][0] < one[0][0]
    jack = TREE.names.index("jack") - 1
    assert two[1][2, jack] > 0 > two[1][2, KING]
