"""A tree beside its words, each phrase painted as the sentiment it was said to have."""

from __future__ import annotations

from typing import List, Sequence

import numpy as np

from ..arrays import Array
from ..vision.drawing import Drawing
from .bracketed import Tree, spans

KINDS = (5, 8, 0, 1, 4)
"""Colour in `drawing.COLOURS` of each label: vermilion and orange blame, the blues praise."""

ROW, COLUMN, TEXT = 20, 14, 150
"""Pixels: height of a word, width of a level, least width of the column with the words."""

NARROWEST, LEVELS = 320, 560
"""Pixels: least width of a drawing; most of all its levels, which are narrower in deep trees."""

LINE = 0.6
"""Grey of the lines around phrases."""


def drawn(tree: Tree, labels: Sequence[int], text: str = "") -> Drawing:
    """Return a drawing: a row for each word, from the whole sentence at the left to the words.

    Args:
        tree: The sentence.
        labels: 0 to 4 for each node.
        text: To write below.
    """
    depths = depths_of(tree)
    levels = max(depths) + 1
    column = max(1, min(COLUMN, LEVELS // levels))
    width = max(NARROWEST, column * levels + TEXT)
    height = ROW * len(tree.words)
    paper = np.ones((height, width, 3), np.float32)
    mask = np.zeros((height, width), np.int32)
    for node, (first, end) in enumerate(spans(tree)):
        left = column * depths[node]
        right = width if node < len(tree.words) else left + column
        mask[ROW * first : ROW * end, left:right] = KINDS[labels[node]]
        paper[ROW * first, left:right] = paper[ROW * first : ROW * end, left] = LINE
    starts = [column * depths[word] + 6 for word in range(len(tree.words))]
    return Drawing(picture=_written(paper, tree.words, starts), mask=mask, text=text)


def depths_of(tree: Tree) -> List[int]:
    """Return how many phrases lie around each node; 0 of the root."""
    count = len(tree.words)
    depths = [0] * (count + len(tree.children))
    for number in reversed(range(len(tree.children))):
        for child in tree.children[number]:
            depths[child] = depths[count + number] + 1
    return depths


def _written(paper: Array, words: Sequence[str], starts: Sequence[int]) -> Array:
    """Return the paper with a word in each row; as it is where Pillow is not installed."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        return paper
    image = Image.fromarray((255 * paper).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for row, (word, start) in enumerate(zip(words, starts)):
        pen.text((start, ROW * row + 4), word, fill="black")
    return np.asarray(image, np.float32) / 255
