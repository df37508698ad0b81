"""What a tree of names is taught by: labels at any depth."""

from __future__ import annotations

import numpy as np

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


def test_a_shown_rank_teaches_the_predictor_that_is_surest_of_it() -> None:
    import tensorflow as tf

    random = np.random.default_rng(0)
    sure = tf.constant(random.normal(0, 1, (2, 7)).astype(np.float32))
    scores = tf.constant(random.normal(0, 1, (2, 7, TREE.num_scores)).astype(np.float32))
    shown = np.zeros((2, TREE.num_scores), np.float32)
    queen, king, nine = (TREE.names.index(name) - 1 for name in ("queen", "king", "nine"))
    shown[0, queen] = 1
    with tf.GradientTape() as tape:
        tape.watch([sure, scores])
        costs = shown_loss(TREE, shown, sure, scores)
    slopes = [np.asarray(slope) for slope in tape.gradient(costs, [sure, scores])]
    assert costs[0] > 0
    assert costs[1] == 0
    taught = np.abs(slopes[1]).sum(axis=2) > 0
    assert taught.sum(axis=1).tolist() == [1, 0]
    assert ((np.abs(slopes[0]) > 0) == taught).all()
    column = slopes[1][taught][0]
    assert column[queen] < 0 < column[king]
    assert column[nine] == 0
