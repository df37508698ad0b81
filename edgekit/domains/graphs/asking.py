"""What bundles of networks for graphs bring with their program, and how answers are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence

from edgekit.core.types import Batch
from edgekit.domains.graphs.labelled import LabelledGraph
from edgekit.on_device.graphs.drawn import drawn
from edgekit.on_device.graphs.neighbourhoods import Graph, neighbourhood
from edgekit.on_device.programs.classify_node import FACTS
from edgekit.on_device.vision.drawing import Drawing

EXAMPLE = "example.json"
NUM_ASKED = 2
FEWEST, MOST = 8, 60
"""Nodes of the example's neighbourhoods: there is something to draw, and the file stays small."""


def assets(labelled: LabelledGraph, *, symmetric: bool) -> dict[str, str]:
    """Return what the program has to know, and a part of a graph to ask it about.

    Args:
        labelled: The graph.
        symmetric: As of `edgekit.on_device.graphs.neighbourhoods.example`.
    """
    facts = {"num_words": labelled.num_words, "symmetric": symmetric}
    return {FACTS: json.dumps(facts), EXAMPLE: _example(labelled)}


def _example(labelled: LabelledGraph) -> str:
    """Return a JSON file with two nodes of the test, and those up to two links from them."""
    graph, test = labelled.graph, labelled.splits["test"]
    near = [neighbourhood(graph, int(node), MOST) for node in test[:200]]
    near.sort(key=lambda nodes: not FEWEST <= len(nodes) < MOST)
    asked = near[:NUM_ASKED]
    kept = list(dict.fromkeys(int(node) for nodes in asked for node in nodes))
    return written(graph, kept, [int(nodes[0]) for nodes in asked])


def written(graph: Graph, kept: list[int], asked: list[int]) -> str:
    """Return the JSON file of some nodes and the links among them, and those asked for."""
    place = {node: index for index, node in enumerate(kept)}
    links = [
        [place[node], place[int(other)]]
        for node in kept
        for other in graph.neighbours[node]
        if int(other) in place and node < other
    ]
    content = {
        "words": [graph.words[node].tolist() for node in kept],
        "links": links,
        "asked": [place[node] for node in asked],
    }
    return json.dumps(content) + "\n"


def show(class_names: Sequence[str], inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return a drawing of each node among its neighbours, and the class it is taken for."""
    drawings = []
    for index, scores in enumerate(answers["scores"]):
        one = {name: array[index : index + 1] for name, array in inputs.items()}
        kind = int(scores.argmax())
        drawings.append(drawn(one, kind, f"{class_names[kind]}, {scores[kind]:.2f}"))
    return drawings
