"""A graph some of whose nodes have a label, from the arrays of an `.npz` file.

The arrays are those of the citation graphs that `edgekit data get` writes:

- `feature_indptr (nodes + 1,)`, `feature_indices`: the words of node `n`, counted from 0, are
  `feature_indices[feature_indptr[n]:feature_indptr[n + 1]]`;
- `feature_shape (2,)`: how many nodes there are, and how many words in the dictionary;
- `edges (edges, 2)`: pairs of nodes, in either direction;
- `labels (nodes,)`: the class of each node, -1 if it is unknown;
- `train_index`, `val_index`, `test_index`: the nodes of each split;
- `class_names`, if it is there: what the classes are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array, Split
from edgekit.on_device.graphs.neighbourhoods import Graph, Room, graph_of
from edgekit.source_model.golden_vectors import read_arrays

SPLITS: dict[Split, str] = {
    "train": "train_index",
    "validation": "val_index",
    "test": "test_index",
}
NEEDED = ("feature_indptr", "feature_indices", "feature_shape", "edges", "labels", *SPLITS.values())
NUM_CALIBRATION = 500

MOST_EXAMPLES = 1000
MOST_WORDS = 128
"""Of a node: an example of 256 nodes then takes 277 kB."""


@dataclass(frozen=True, kw_only=True)
class LabelledGraph:
    """A graph, and what is known of its nodes.

    Attributes:
        graph: Nodes, their words and links.
        labels: Class of each node, `(nodes,)`; -1 if unknown.
        class_names: By label.
        num_words: In the dictionary.
        splits: Split -> its nodes. `calibration` holds those to train on, then nodes of no split:
            training uses their words and links, too.
    """

    graph: Graph
    labels: Array
    class_names: tuple[str, ...]
    num_words: int
    splits: Mapping[Split, Array]

    @property
    def room(self) -> Room:
        """What the whole graph takes."""
        links = len(self.graph) + sum(map(len, self.graph.neighbours))
        return Room(len(self.graph), links, max(1, *map(len, self.graph.words)))

    def chosen(self, split: Split) -> Array:
        """Return the nodes of a split that become examples: every second one if they are many."""
        nodes = self.splits[split]
        return nodes[:: -(-len(nodes) // MOST_EXAMPLES)]


def read_graph(path: Path) -> LabelledGraph:
    """Read a graph from an `.npz` file.

    Raises:
        BadData: It is another file, arrays are missing, or they contradict each other.
    """
    return labelled_graph(read_arrays(path), path.name)


def labelled_graph(arrays: Mapping[str, Array], where: str) -> LabelledGraph:
    """Return the graph that arrays hold.

    Args:
        arrays: See above.
        where: The file's name, for messages.

    Raises:
        BadData: Arrays are missing, or they contradict each other.
    """
    if missing := [name for name in NEEDED if name not in arrays]:
        raise BadData(f"'{where}' has no array '{missing[0]}'; a graph needs {', '.join(NEEDED)}.")
    check = _Checked(arrays, where)
    num_nodes, num_words = check.numbers("feature_shape", (2,), 1, 2**31).tolist()
    labels = check.numbers("labels", (num_nodes,), -1, 2**15)
    splits = {split: check.numbers(name, (-1,), 0, num_nodes) for split, name in SPLITS.items()}
    names = check.class_names(labels)
    check.splits(splits, labels)
    others = np.setdiff1d(np.arange(num_nodes), np.concatenate(list(splits.values())))
    splits["calibration"] = np.concatenate([splits["train"], others])[:NUM_CALIBRATION]
    edges = check.numbers("edges", (-1, 2), 0, num_nodes)
    return LabelledGraph(
        graph=graph_of(check.words(num_nodes, num_words), edges.tolist()),
        labels=labels,
        class_names=names,
        num_words=num_words,
        splits=splits,
    )


class _Checked:
    """Arrays of a file, each looked at before it is used."""

    def __init__(self, arrays: Mapping[str, Array], where: str) -> None:
        self._arrays = arrays
        self._where = where

    def numbers(self, name: str, shape: tuple[int, ...], least: int, end: int) -> Array:
        """Return whole numbers from `least` to below `end`; -1 in `shape` stands for any length."""
        array = self._arrays[name]
        fits = array.ndim == len(shape) and all(
            allowed in (-1, length) for allowed, length in zip(shape, array.shape, strict=True)
        )
        if not fits or array.dtype.kind not in "iu":
            self._refuse(
                f"'{name}' is {array.dtype} of shape {array.shape}; give whole numbers of shape "
                f"{str(shape).replace('-1', 'n')}"
            )
        if array.size and not least <= int(array.min()) <= int(array.max()) < end:
            self._refuse(
                f"'{name}' has {array.min()} to {array.max()}; allowed is {least} to {end - 1}"
            )
        return array.astype(np.int64)

    def words(self, num_nodes: int, num_words: int) -> list[Array]:
        """Return the words of each node."""
        indices = self.numbers("feature_indices", (-1,), 0, num_words)
        ends = self.numbers("feature_indptr", (num_nodes + 1,), 0, len(indices) + 1)
        counts = np.diff(ends)
        if ends[0] != 0 or ends[-1] != len(indices) or (counts < 0).any():
            self._refuse(f"'feature_indptr' must rise from 0 to {len(indices)}; make it anew")
        if counts.max() > MOST_WORDS:
            self._refuse(
                f"node {counts.argmax()} has {counts.max()} words; there is room for {MOST_WORDS}, "
                "leave out the most frequent ones"
            )
        if (self._arrays.get("feature_values", np.ones(1)) != 1).any():
            self._refuse("'feature_values' are not all 1; a node has a word or not")
        return [indices[start:end] for start, end in pairwise(ends.tolist())]

    def class_names(self, labels: Array) -> tuple[str, ...]:
        """Return what the classes are called: by their numbers if there are no names."""
        count = int(labels.max()) + 1
        given = self._arrays.get("class_names")
        if given is None:
            return tuple(f"class {number}" for number in range(count))
        names = tuple(map(str, given.tolist())) if given.shape == (count,) else ()
        if len(set(names)) < count:
            self._refuse(f"'class_names' must hold {count} different names, one a label")
        return names

    def splits(self, splits: Mapping[Split, Array], labels: Array) -> None:
        """Refuse splits that share nodes, hold nodes without a label, or lack a class to learn."""
        nodes = np.concatenate(list(splits.values()))
        if min(map(len, splits.values())) == 0 or len(set(nodes.tolist())) < len(nodes):
            self._refuse("'train_index', 'val_index' and 'test_index' must each name other nodes")
        if (labels[nodes] < 0).any():
            self._refuse("a node of a split has the label -1; only others may be unknown")
        seen, count = set(labels[splits["train"]].tolist()), int(labels.max()) + 1
        if len(seen) < max(2, count):
            self._refuse(
                f"'train_index' has nodes of {len(seen)} of {count} classes; name some of each, of "
                "two classes or more"
            )

    def _refuse(self, why: str) -> NoReturn:
        raise BadData(f"In '{self._where}', {why}.")
