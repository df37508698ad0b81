"""Many trees as one forest, level by level from the root, as they are trained together.

Every node but a root has one parent, one level above it. So a level's states are all that the next
level needs, and nothing is looked at twice, whatever shapes the trees have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edgekit.core.types import Array
from edgekit.on_device.trees.composing import Shape


class Forest(NamedTuple):
    """Trees as arrays. Nodes are in order of their level; in a level phrases stand before words.

    Attributes:
        words: `(words,)`, int32.
        pairs: Of each phrase where its left and right part stand in the level below,
            `(phrases, 2)`, int32.
        num_words: Words of each level, int32.
        num_pairs: Phrases of each level, int32.
        labels: Of each node, int32.
    """

    words: Array
    pairs: Array
    num_words: Array
    num_pairs: Array
    labels: Array


@dataclass(frozen=True, kw_only=True)
class LabelledTree:
    """A tree of numbers with its labels and the level of each node; 0 is the root."""

    shape: Shape
    labels: Array
    levels: Array


def labelled(shape: Shape, labels: Sequence[int]) -> LabelledTree:
    """Return a tree with the levels of its nodes."""
    count = len(shape.ids)
    levels = np.zeros(count + len(shape.children), np.int32)
    for number in reversed(range(len(shape.children))):
        levels[shape.children[number]] = levels[count + number] + 1
    return LabelledTree(shape=shape, labels=np.array(labels, np.int32), levels=levels)


def planted(trees: Sequence[LabelledTree], num_levels: int) -> Forest:
    """Return trees as one forest.

    Args:
        trees: Each of at most `num_levels` levels.
        num_levels: Length of the two counts.
    """
    sizes = [len(tree.levels) for tree in trees]
    starts = np.cumsum([0, *sizes[:-1]])
    levels = np.concatenate([tree.levels for tree in trees])
    labels = np.concatenate([tree.labels for tree in trees])
    ids, is_word = np.zeros(len(levels), np.int32), np.zeros(len(levels), np.int32)
    parts = np.zeros((len(levels), 2), np.int32)
    for start, tree in zip(starts, trees, strict=True):
        count = len(tree.shape.ids)
        ids[start : start + count] = tree.shape.ids
        is_word[start : start + count] = 1
        parts[start + count : start + len(tree.levels)] = tree.shape.children + start
    order = np.argsort(2 * levels + is_word, kind="stable")
    place = np.empty(len(order), np.int32)
    counts = np.bincount(levels, minlength=num_levels)
    begins = np.cumsum([0, *counts[:-1]])
    place[order] = np.arange(len(order)) - begins[levels[order]]
    words, phrases = order[is_word[order] == 1], order[is_word[order] == 0]
    num_words = np.bincount(levels[words], minlength=num_levels)
    return Forest(
        words=ids[words],
        pairs=place[parts[phrases]],
        num_words=num_words.astype(np.int32),
        num_pairs=(counts - num_words).astype(np.int32),
        labels=labels[order],
    )
