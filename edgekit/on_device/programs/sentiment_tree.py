"""Tell the sentiment of a sentence and of each phrase in it, with the models of this bundle.

    python3 sentiment_tree.py --variant int8 "((a (good film)) .)"

A sentence is a tree in brackets, of any depth; labels of 0 to 4, as `(3 (2 good) (2 film))` has
them, are allowed and not looked at. In a sentence without brackets each word is joined with all
that follow it, which is how most English phrases are built.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import List

import numpy as np

from ..answering import TEXTS, Answer, Models, Program
from ..trees.bracketed import Tree, known_as, read_tree, right_branching, spans, split_sentence
from ..trees.composing import Shape, composed
from ..trees.drawn import depths_of, drawn
from ..vocabulary import Vocabulary, read_vocabulary

WITHOUT_BRACKETS = "No brackets were given: each word was joined with all that follow it."


def shape_of(tree: Tree, vocabulary: Vocabulary) -> Shape:
    """Return a tree with the numbers of its words, as networks take it."""
    ids = np.array(vocabulary.encode(map(known_as, tree.words)), np.int32)
    return Shape(ids, np.array(tree.children, np.int32).reshape(-1, 2))


def from_the_left(tree: Tree) -> List[int]:
    """Return all nodes, each before its parts, the left part before the right."""
    count, order = len(tree.words), []
    waiting = [count + len(tree.children) - 1]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if node >= count:
            left, right = tree.children[node - count]
            waiting += [right, left]
    return order


def answer(models: Models, text: str, options: Namespace) -> Answer:
    """Name the label of a sentence, then of each phrase in it, indented as they are nested."""
    is_tree = text.lstrip().startswith("(")
    tree = read_tree(text) if is_tree else right_branching(split_sentence(text))
    (scores,) = composed(models.runs, [shape_of(tree, read_vocabulary(models.folder))])
    best, depths, covered = scores.argmax(axis=1), depths_of(tree), spans(tree)
    wide = max(len(label) for label in models.labels)
    lines = []
    for node in from_the_left(tree):
        said = f"{models.labels[best[node]]:{wide}} {100 * scores[node].max():3.0f} %"
        first, end = covered[node]
        lines.append(f"{said}  {'  ' * depths[node]}{' '.join(tree.words[first:end])}")
    title = f"{models.labels[best[-1]]} {100 * scores[-1].max():.0f} %"
    drawing = drawn(tree, best.tolist(), f"{title}\n{' '.join(tree.words)}")
    return Answer(lines if is_tree else [*lines, WITHOUT_BRACKETS], drawing)


program = Program(
    answer,
    takes=replace(
        TEXTS, help='a tree such as "((a (good film)) .)", or a sentence; or a .txt, one a line'
    ),
    description="Tell the sentiment of a sentence and of each phrase in it. A sentence is a tree "
    "in brackets; in one without, each word is joined with all that follow it.",
    example='"((a (good film)) .)"',
    draws=True,
)
main = program.main

if __name__ == "__main__":
    main()
