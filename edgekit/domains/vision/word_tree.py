"""What teaches a network a tree of names, from labels at any depth.

Source: Redmon, Farhadi, YOLO9000: Better, Faster, Stronger, 2017,
https://arxiv.org/abs/1612.08242, section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.domains.vision.overlaps import TINY
from edgekit.on_device.vision.word_tree import Tree

if TYPE_CHECKING:
    import keras


def log_probabilities(tree: Tree, scores: keras.KerasTensor) -> keras.KerasTensor:
    """Return the logarithm of how probable each name is, that of the root left out.

    Args:
        tree: Of the names.
        scores: `(..., num_scores)`, any real numbers.

    Returns:
        `(..., num_scores)`: the logarithms add up along the way from the root.
    """
    from keras import ops

    columns: dict[int, keras.KerasTensor] = {}
    for numbers in tree.siblings():
        own = ops.stack([scores[..., number - 1] for number in numbers], axis=-1)
        among = ops.log_softmax(own, axis=-1)
        for place, number in enumerate(numbers):
            above = columns.get(tree.parents[number], 0.0)
            columns[number] = above + among[..., place]
    return ops.stack([columns[number] for number in range(1, len(tree.names))], axis=-1)


def name_loss(
    tree: Tree, scores: keras.KerasTensor, labels: keras.KerasTensor
) -> keras.KerasTensor:
    """Return what is lost at each label: how improbable it is, in nats.

    A label teaches the branches above it and nothing of what is below: where only a group is known,
    the network stays free to say which of it.

    Args:
        tree: Of the names.
        scores: `(..., num_scores)`.
        labels: `(...)`: numbers of names; of the root, or negative where there is none: no loss.

    Returns:
        `(...)`, 0 or more.
    """
    from keras import ops

    chosen = ops.one_hot(ops.cast(labels, "int32") - 1, tree.num_scores)  # zeros if negative
    return -ops.sum(chosen * log_probabilities(tree, scores), axis=-1)


def shown_loss(
    tree: Tree,
    shown: keras.KerasTensor,
    sure: keras.KerasTensor,
    scores: keras.KerasTensor,
) -> keras.KerasTensor:
    """Return what is lost where it is known what a picture shows, and not where, `(n,)`, in nats.

    Whatever is found there must be one of the shown names; and of each shown name, the surest of
    what is found must be it. The paper has the second rule alone. With a few hundred pictures, each
    name then gets a predictor of its own that says it of everything: ranks of cards were right no
    more often than by guessing.

    Args:
        tree: Of the names.
        shown: `(n, num_scores)`, 1 for each name that the picture is known to show; all 0: no loss.
        sure: `(n, predictors)`, the logit that there is a thing; nothing is taught of this.
        scores: `(n, predictors, num_scores)`.
    """
    from keras import ops

    names = log_probabilities(tree, scores)
    is_thing = ops.stop_gradient(ops.log_sigmoid(sure))
    weights = ops.softmax(2 * is_thing, axis=1)  # squared: of many that are unsure, little is left
    any_shown = ops.log(ops.sum(shown[:, None] * ops.exp(names), axis=-1) + TINY)
    costs = -ops.max(is_thing[..., None] + names, axis=1)
    each = ops.sum(shown * costs, axis=1) / ops.maximum(ops.sum(shown, axis=1), 1.0)
    return each / 2 - ops.max(shown, axis=1) * ops.sum(weights * any_shown, axis=1)
