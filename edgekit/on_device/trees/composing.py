"""Answer trees of any shape by files that stay the same: phrase by phrase, or a tree at once.

- Phrase by phrase: `word` gives the state of each word, `phrase` that of two joined states, first
  for the phrases that join words, then for those that join them, and so on. A tree may have any
  size.
- At once: `tree` holds all levels. A phrase of height h stands over h + 1 words or more, and two
  phrases of the same height have no word in common. So a tree of 64 words has at most 64 / (h + 1)
  phrases of height h, and a fixed number of slots has room for every tree of at most 64 words and
  32 levels.

Source: Socher et al., 2013, https://aclanthology.org/D13-1170; Tai, Socher, Manning, Improved
Semantic Representations From Tree-Structured Long Short-Term Memory Networks, 2015,
https://arxiv.org/abs/1503.00075.
"""

from __future__ import annotations

from typing import List, Mapping, NamedTuple, Tuple

import numpy as np

from ..arrays import Array, Batch, Run

WORD, PHRASE, TREE = "word", "phrase", "tree"
"""Names of the files."""

MOST_WORDS, MOST_LEVELS = 64, 32
"""Of a tree that is answered at once; the longest of the treebank has 56 words, the deepest 29
levels."""

ROOM: Tuple[int, ...] = tuple(MOST_WORDS // (level + 1) for level in range(1, MOST_LEVELS + 1))
"""Slots of each level: of phrases of height 1, 2 ..."""

NUM_PHRASES = sum(ROOM)
NUM_NODES = 2 * MOST_WORDS - 1
"""Of an example: the words, padded, then the phrases, padded."""


class Shape(NamedTuple):
    """A tree of numbers; see `bracketed.Tree`.

    Attributes:
        ids: Of the words, `(n,)`, int32; 0 is none.
        children: Of the phrases, `(n - 1, 2)`, int32.
    """

    ids: Array
    children: Array


def padded(shapes: List[Shape]) -> Batch:
    """Return trees as examples: `words (b, 64)` and `children (b, 63, 2)`, int32, padded with 0.

    Children from 64 on are phrases: the first phrase is 64 in every tree.

    Raises:
        ValueError: A tree has more than 64 words.
    """
    words = np.zeros((len(shapes), MOST_WORDS), np.int32)
    children = np.zeros((len(shapes), MOST_WORDS - 1, 2), np.int32)
    for row, (ids, pairs) in enumerate(shapes):
        count = len(ids)
        if count > MOST_WORDS:
            raise ValueError(f"A tree has {count} words; allowed are {MOST_WORDS}. Cut it.")
        words[row, :count] = ids
        children[row, : len(pairs)] = np.where(pairs < count, pairs, pairs + MOST_WORDS - count)
    return {"words": words, "children": children}


def unpadded(batch: Batch) -> List[Shape]:
    """Return the trees of examples; `padded` made these."""
    shapes = []
    for row, pairs in zip(batch["words"], batch["children"]):
        count = int(np.count_nonzero(row))
        pairs = pairs[: max(0, count - 1)]
        pairs = np.where(pairs < MOST_WORDS, pairs, pairs - MOST_WORDS + count)
        shapes.append(Shape(row[:count], pairs))
    return shapes


def heights(shape: Shape) -> Array:
    """Return the height of each node: 0 of words, of a phrase 1 more than its higher part."""
    found = [0] * len(shape.ids)
    for left, right in shape.children.tolist():
        found.append(1 + max(found[left], found[right]))
    return np.array(found, np.int64)


def composed(runs: Mapping[str, Run], shapes: List[Shape]) -> List[Array]:
    """Answer trees phrase by phrase; each file is called with all nodes of the same height.

    Args:
        runs: `word` and `phrase`.
        shapes: Trees of any size.

    Returns:
        Of each tree the scores of its nodes, `(nodes, labels)`, float32.
    """
    starts = np.cumsum([0, *(len(ids) + len(pairs) for ids, pairs in shapes)])
    level = np.concatenate([heights(shape) for shape in shapes])
    parts = np.zeros((len(level), 2), np.int64)
    words = np.zeros((len(level), 1), np.int32)
    for start, (ids, pairs) in zip(starts, shapes):
        words[start : start + len(ids), 0] = ids
        parts[start + len(ids) : start + len(ids) + len(pairs)] = pairs + start
    nodes = np.flatnonzero(level == 0)
    answer = runs[WORD]({"word": words[nodes]})
    state, scores = (
        np.zeros((len(level), answer[name].shape[1]), np.float32) for name in ("state", "scores")
    )
    for height in range(int(level.max()) + 1):
        if height:
            nodes = np.flatnonzero(level == height)
            left, right = state[parts[nodes, 0]], state[parts[nodes, 1]]
            answer = runs[PHRASE]({"left": left, "right": right})
        state[nodes], scores[nodes] = answer["state"], answer["scores"]
    return np.split(scores, starts[1:-1])


def slotted(shape: Shape) -> Tuple[Batch, Array]:
    """Return what `tree` takes for a tree, and the slot of each of its nodes.

    Slots that are left over compute a phrase of the tree again: what they hold then is nothing that
    quantization has not met elsewhere.

    Raises:
        ValueError: The tree has more than 64 words or 32 levels.
    """
    level, count = heights(shape), len(shape.ids)
    if count > MOST_WORDS or level.max() > MOST_LEVELS:
        raise ValueError(
            f"A tree has {count} words and {level.max()} levels; at once at most {MOST_WORDS} and "
            f"{MOST_LEVELS} are answered. Answer it phrase by phrase."
        )
    words = np.zeros((1, MOST_WORDS), np.int32)
    words[0, :count] = shape.ids
    slots = np.arange(len(level))
    children = np.zeros((NUM_PHRASES, 2), np.int32)
    start = 0
    for height, room in enumerate(ROOM, 1):
        own = np.flatnonzero(level == height)
        slots[own] = MOST_WORDS + start + np.arange(len(own))
        known = np.flatnonzero((level > 0) & (level <= height))
        if len(known):
            chosen = np.concatenate([own, np.resize(known, room - len(own))])
            children[start : start + room] = slots[shape.children[chosen - count]]
        start += room
    return {"words": words, "children": children[np.newaxis]}, slots


def at_once(run: Run, shapes: List[Shape]) -> List[Array]:
    """Answer trees by the file `tree`; see `composed` for what it returns.

    Raises:
        ValueError: A tree has more than 64 words or 32 levels.
    """
    inputs, slots = zip(*(slotted(shape) for shape in shapes))
    batch = {name: np.concatenate([each[name] for each in inputs]) for name in inputs[0]}
    return [row[taken] for row, taken in zip(run(batch)["scores"], slots)]


def drive(runs: Mapping[str, Run]) -> Run:
    """Return both ways as one function of examples as `padded` makes them.

    It answers `scores` (phrase by phrase) and `whole` (at once), each `(b, 127, labels)`: of the
    words, padded, then of the phrases, padded, zeros where there is no node.
    """

    def run(batch: Batch) -> Batch:
        shapes = unpadded(batch)
        return {
            "scores": _in_rows(composed(runs, shapes), shapes),
            "whole": _in_rows(at_once(runs[TREE], shapes), shapes),
        }

    return run


def _in_rows(scores: List[Array], shapes: List[Shape]) -> Array:
    rows = np.zeros((len(shapes), NUM_NODES, scores[0].shape[1]), np.float32)
    for row, each, (ids, pairs) in zip(rows, scores, shapes):
        row[: len(ids)] = each[: len(ids)]
        row[MOST_WORDS : MOST_WORDS + len(pairs)] = each[len(ids) :]
    return rows
