"""Names in a tree, from what is certainly true down to what exactly it is: a WordTree.

A network scores each name among its siblings only, so that it may know the group of a thing without
knowing which of the group it is, and can learn from labels at any depth. A detector of such names
is one of `grid_cells.py` whose classes are the scores of a tree.

Source: Redmon, Farhadi, YOLO9000: Better, Faster, Stronger, 2017,
https://arxiv.org/abs/1612.08242, section 4.
"""

from __future__ import annotations

from typing import Callable, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from ..arrays import Array, Batch, Run
from .boxes import Detections, clipped, moved_apart, non_maximum_suppression, padded
from .grid_cells import NETWORK, GridCells, Predictors, decoded, joined, sigmoid
from .grid_cells import from_facts as grid_cells

KIND = "word_tree"
"""What `detector.json` calls such a detector."""

ROOT = 0
"""Number of the name that everything has."""


class Tree(NamedTuple):
    """Names and which belongs under which; `tree_of` makes one that is sound.

    Attributes:
        names: The root first, and every name after the one it belongs under.
        parents: For each name the number of the one it belongs under; -1 for the root.
    """

    names: Tuple[str, ...]
    parents: Tuple[int, ...]

    @property
    def num_scores(self) -> int:
        """How many scores a network gives: one for each name but the root, in their order."""
        return len(self.names) - 1

    @property
    def leaves(self) -> Tuple[int, ...]:
        """Numbers of the names that have none under them."""
        return tuple(n for n in range(len(self.names)) if n not in self.parents)

    def siblings(self) -> List[List[int]]:
        """Return the numbers of the names under each name that has any, a list each."""
        return [
            [n for n, parent in enumerate(self.parents) if parent == above]
            for above in sorted(set(self.parents) - {-1})
        ]

    def path(self, number: int) -> List[int]:
        """Return the numbers from below the root down to `number`, itself included."""
        path: List[int] = []
        while number != ROOT:
            path.insert(0, number)
            number = self.parents[number]
        return path

    def groups(self) -> Array:
        """Return which name right below the root each name is or belongs under; the root itself."""
        return np.array([(self.path(n) or [ROOT])[0] for n in range(len(self.names))])


def tree_of(names: Sequence[str], parents: Sequence[int]) -> Tree:
    """Return a tree, such as of the two lists in a file.

    Raises:
        ValueError: They are no tree whose root and whose parents come first.
    """
    numbers = range(len(names))
    if (
        len(parents) != len(names)
        or list(parents[:1]) != [-1]
        or not all(0 <= parents[n] < n for n in numbers[1:])
    ):
        raise ValueError(
            f"{len(names)} names with the parents {list(parents)} are no tree; give one parent for "
            "each name: -1 for the first, the root, and for others the number of one before it."
        )
    return Tree(tuple(names), tuple(int(parent) for parent in parents))


def conditional(tree: Tree, scores: Array) -> Array:
    """Return how probable each name is where the one above it is right.

    Args:
        tree: Of the names.
        scores: `(..., num_scores)`, any real numbers.

    Returns:
        `(..., names)`: 1 for the root; those of siblings add up to 1 (a softmax among them).
    """
    answer = np.ones((*scores.shape[:-1], len(tree.names)), np.float64)
    for numbers in tree.siblings():
        own = scores[..., np.array(numbers) - 1].astype(np.float64)
        powers = np.exp(own - own.max(axis=-1, keepdims=True))
        answer[..., numbers] = powers / powers.sum(axis=-1, keepdims=True)
    return answer


def absolute(tree: Tree, scores: Array) -> Array:
    """Return how probable each name is: it among its siblings, times the one above.

    The probabilities of the names under one add up to its own.

    Args:
        tree: Of the names.
        scores: `(..., num_scores)`, any real numbers.

    Returns:
        `(..., names)`.
    """
    answer = conditional(tree, scores)
    for number in range(1, len(tree.names)):
        answer[..., number] *= answer[..., tree.parents[number]]
    return answer


def descend(tree: Tree, probabilities: Array, least: float) -> Array:
    """Return the deepest name that is sure enough, going down by the most probable at each branch.

    Args:
        tree: Of the names.
        probabilities: `(n, names)`, from `absolute`.
        least: Probability that a name must have to be said; the root always has 1.

    Returns:
        `(n,)`: numbers of names.
    """
    said = np.full(len(probabilities), ROOT)
    rows = np.arange(len(probabilities))
    for numbers in tree.siblings():  # from the top down: a parent comes before its children
        best = np.array(numbers)[np.argmax(probabilities[:, numbers], axis=1)]
        deeper = (said == tree.parents[numbers[0]]) & (probabilities[rows, best] >= least)
        said = np.where(deeper, best, said)
    return said


class TreeDetector(NamedTuple):
    """A detector that names things by a tree.

    Attributes:
        cells: How boxes are found; `num_classes` are the scores of the tree.
        tree: The names.
        least_sure: How probable a name must be to be said; what it belongs under is said instead.
    """

    cells: GridCells
    tree: Tree
    least_sure: float

    def facts(self) -> Mapping[str, object]:
        """Return this as what `detector.json` holds."""
        return {
            **self.cells.facts(),
            "kind": KIND,
            "names": list(self.tree.names),
            "parents": list(self.tree.parents),
            "least_sure": self.least_sure,
        }


def from_facts(facts: Mapping[str, object]) -> TreeDetector:
    """Return the detector that `detector.json` describes."""
    tree = tree_of(facts["names"], facts["parents"])  # type: ignore[arg-type]
    least_sure = float(facts["least_sure"])  # type: ignore[arg-type]
    return TreeDetector(grid_cells(facts), tree, least_sure)


def drive(detector: TreeDetector) -> Callable[[Mapping[str, Run]], Run]:
    """Return the loop around such a network: `image` in; `boxes`, `labels` and `scores` out.

    Labels are numbers of names. Scores say how sure it is that there is a thing of the name's
    group, which is the name right below the root; of one group, no two boxes overlap much.
    """

    def driven(runs: Mapping[str, Run]) -> Run:
        def run(batch: Batch) -> Batch:
            shape = batch["image"].shape[1:3]
            boxes, sure, scores, where = joined(runs[NETWORK](batch), detector.cells)
            rows = zip(boxes, sigmoid(sure[..., 0]), scores)
            found = [_found(*row, shape, where, detector) for row in rows]
            return padded(found, detector.cells.most)

        return run

    return driven


def _found(
    raw: Array,
    sure: Array,
    scores: Array,
    shape: Sequence[int],
    where: Predictors,
    detector: TreeDetector,
) -> Detections:
    """Return what one picture shows; only the boxes of predictors that are sure are worked out."""
    cells, tree = detector.cells, detector.tree
    chosen = np.argsort(-sure, kind="stable")[: cells.candidates]
    chosen = chosen[sure[chosen] >= cells.least_score]
    own = where._replace(
        cells=where.cells[chosen], strides=where.strides[chosen], anchors=where.anchors[chosen]
    )
    boxes = clipped(decoded(raw[chosen], own, cells), shape[1], shape[0])
    probable = absolute(tree, scores[chosen])
    groups = tree.groups()[descend(tree, probable, 0.0)]
    sure = sure[chosen] * probable[np.arange(len(chosen)), groups]
    kept = non_maximum_suppression(
        moved_apart(boxes, groups), sure, threshold=cells.threshold, most=cells.most
    )
    said = descend(tree, probable[kept], detector.least_sure)
    return Detections(boxes[kept], said.astype(np.int32), sure[kept].astype(np.float32))
