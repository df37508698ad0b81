"""Examples for networks that list links: one node of a graph each, in its neighbourhood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.recipe import Dataset, Signature, Tensor
from edgekit.core.types import Split
from edgekit.domains.graphs.labelled import LabelledGraph
from edgekit.on_device.graphs.neighbourhoods import Room, example

MOST_NODES, MOST_LINKS = 256, 1280
"""Of an example. All but 3 of Cora's 2,708 neighbourhoods and all but 1 of CiteSeer's 3,327 fit,
and those of every paper in a split; Cora's have 37 nodes on average, CiteSeer's 15."""


def room_for(labelled: LabelledGraph) -> Room:
    """Return the room of examples of a graph: words as many as its longest list has."""
    return Room(MOST_NODES, MOST_LINKS, labelled.room.words)


def neighbourhoods(
    labelled: LabelledGraph, split: Split, room: Room, *, symmetric: bool
) -> Dataset:
    """Return the neighbourhood of each node of a split.

    Args:
        labelled: The graph.
        split: Which nodes.
        room: Of the examples.
        symmetric: As of `edgekit.on_device.graphs.neighbourhoods.example`, which says what the
            inputs are.

    Returns:
        Those inputs, and labels `(nodes,)` as targets.
    """
    nodes = labelled.chosen(split)
    each = [example(labelled.graph, int(node), room, symmetric=symmetric) for node in nodes]
    inputs = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
    return Dataset(inputs=inputs, targets=labelled.labels[nodes])


def signature(room: Room, class_names: Sequence[str], *, symmetric: bool) -> Signature:
    """Return what a network takes and answers.

    Args:
        room: Of its inputs.
        class_names: What a node may be.
        symmetric: As of `neighbourhoods`.
    """
    by_links = (
        "1 / sqrt(links of the one * links of the other)"
        if symmetric
        else "1 / links of the target"
    )
    nodes, links, words = room
    shapes = {"words": (1, nodes, words), "shares": (1, nodes, words)}
    meanings = {
        "words": "of each node, the asked one first, the numbers of its words",
        "shares": "1 / number of the node's words; 0 where there is no word",
        "sources": "of each link, the node it comes from",
        "targets": "of each link, the node it leads to",
        "weights": f"{by_links}; 0 where there is no link; each node is linked with itself",
    }
    inputs = tuple(
        Tensor(
            name=name,
            shape=shapes.get(name, (1, links)),
            dtype="float32" if name in ("shares", "weights") else "int32",
            meaning=meaning,
        )
        for name, meaning in meanings.items()
    )
    scores = Tensor(name="scores", shape=(1, len(class_names)), meaning="of each class, 0..1")
    return Signature(inputs=inputs, outputs=(scores,), labels=tuple(class_names))
