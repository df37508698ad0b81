"""Training of recursive networks: forests of sentences, the labels of all words and phrases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.trees.forests import Forest, LabelledTree, planted
from edgekit.domains.trees.networks import Cells, cells_of

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def fit_trees(
    model: keras.Model,
    trees: Sequence[LabelledTree],
    *,
    optimizer: keras.optimizers.Optimizer,
    epochs: int,
    batch_size: int,
    progress: Progress,
) -> None:
    """Train a network in place on all labels of trees, those of words and of phrases alike.

    Args:
        model: Of `networks.joined`.
        trees: What to train on.
        optimizer: If it averages weights (`use_ema`), the network ends with the averages.
        epochs: Times each tree is seen.
        batch_size: Trees of a step; they are computed together, whatever their shapes are.
        progress: Told the loss of each epoch.
    """
    import keras

    random = np.random.default_rng(int(keras.random.randint((), 0, 2**31 - 1)))
    num_levels = 1 + max(int(tree.levels.max()) for tree in trees)
    optimizer.build(model.trainable_variables)
    step = _step(model, optimizer, num_levels)
    for epoch in range(epochs):
        losses = [
            float(step(*forest))
            for forest in _forests(trees, random.permutation(len(trees)), batch_size, num_levels)
        ]
        mean = float(np.mean(losses))
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {mean:.3f}")
    optimizer.finalize_variable_values(model.trainable_variables)


def _forests(
    trees: Sequence[LabelledTree], order: Array, batch_size: int, num_levels: int
) -> Iterator[Forest]:
    for start in range(0, len(order), batch_size):
        yield planted([trees[k] for k in order[start : start + batch_size]], num_levels)


def _step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, num_levels: int
) -> Callable[..., tf.Tensor]:
    """Return a step of training on a forest; it answers the loss of its nodes."""
    import tensorflow as tf

    cells, numbers = cells_of(model), tf.TensorSpec((num_levels,), tf.int32)
    free = tf.TensorSpec((None,), tf.int32)
    signature = (free, tf.TensorSpec((None, 2), tf.int32), numbers, numbers, free)

    def step(*forest: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            states = states_of(cells, Forest(*forest), training=True)
            scores = cells.answer(states, training=True)
            right = tf.gather(scores, forest[-1], axis=1, batch_dims=1)
            loss = -tf.reduce_mean(tf.math.log(right + 1e-7))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    function: Callable[..., tf.Tensor] = tf.function(step, signature, autograph=False)
    return function


def states_of(cells: Cells, forest: Forest, *, training: bool) -> tf.Tensor:
    """Return the states of all nodes of a forest, in its order, `(nodes, state)`."""
    import tensorflow as tf

    known = cells.lexicon(forest.words[:, None], training=training)
    levels = forest.num_words.shape[0]
    words = tf.split(known, forest.num_words, num=levels)
    pairs = tf.split(forest.pairs, forest.num_pairs, num=levels)
    below = words[-1]  # nothing is joined on the lowest level
    states = [below]
    for level in reversed(range(levels - 1)):
        both = tf.reshape(tf.gather(below, pairs[level]), (-1, 2 * below.shape[1]))
        phrases = cells.composition(both, training=training)
        below = tf.concat([phrases, words[level]], axis=0)
        states.append(below)
    return tf.concat(states[::-1], axis=0)
