"""Examples as people look at them: a sentence, its phrases painted as they were answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.types import Batch
from edgekit.domains.trees.treebank import LABELS, vocabulary
from edgekit.on_device.trees.bracketed import UNLABELLED, Tree
from edgekit.on_device.trees.composing import MOST_WORDS, unpadded
from edgekit.on_device.trees.drawn import drawn
from edgekit.on_device.vision.drawing import Drawing


def show(inputs: Batch, answers: Batch) -> Sequence[Drawing]:
    """Return each sentence with the label of its root below.

    Args:
        inputs: As `composing.padded` makes them.
        answers: `scores`, `(n, 127, 5)`.
    """
    drawings = []
    for shape, scores in zip(unpadded(inputs), answers["scores"], strict=True):
        count = len(shape.ids)
        words = vocabulary().decode(shape.ids.tolist())
        nodes = np.concatenate([scores[:count], scores[MOST_WORDS : MOST_WORDS + count - 1]])
        tree = Tree(words, shape.children.tolist(), [UNLABELLED] * len(nodes))
        best, share = nodes.argmax(axis=1), 100 * nodes[-1].max()
        title = LABELS[best[-1]] if share == 100 else f"{LABELS[best[-1]]} {share:.0f} %"
        drawings.append(drawn(tree, best.tolist(), f"{title}\n{' '.join(words)}"))
    return drawings
