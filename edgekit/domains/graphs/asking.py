"""What bundles of networks for graphs bring with their program, and how answers are shown."""

from __future__ import annotations

import json

from edgekit.core.types import Batch
from edgekit.domains.graphs.citations import EXAMPLE, FIELDS, NUM_WORDS, citations
from edgekit.on_device.graphs.drawn import drawn
from edgekit.on_device.graphs.neighbourhoods import Graph, neighbourhood
from edgekit.on_device.programs.classify_node import FACTS
from edgekit.on_device.vision.drawing import Drawing

NUM_ASKED = 2
MOST_NEIGHBOURS = 60
"""Nodes of the example's neighbourhoods, so that the file stays small."""


def assets(*, symmetric: bool) -> dict[str, str]:
    """Return what the program has to know, and a graph to ask it about: papers of the sample."""
    facts = {"num_words": NUM_WORDS, "symmetric": symmetric}
    return {FACTS: json.dumps(facts), EXAMPLE: _example()}


def _example() -> str:
    """Return a JSON file with two papers of the test, and everyone two links from them."""
    cited = citations("tiny")
    near = [neighbourhood(cited.graph, int(node), 1000) for node in cited.splits["test"]]
    asked = [nodes for nodes in near if 8 <= len(nodes) <= MOST_NEIGHBOURS][:NUM_ASKED]
    kept = list(dict.fromkeys(int(node) for nodes in asked for node in nodes))
    return written(cited.graph, kept, [int(nodes[0]) for nodes in asked])


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


def show(inputs: Batch, answers: Batch) -> list[Drawing]:
    """Return each paper among those that cite it or that it cites, and its field."""
    drawings = []
    for index, scores in enumerate(answers["scores"]):
        one = {name: array[index : index + 1] for name, array in inputs.items()}
        kind = int(scores.argmax())
        drawings.append(drawn(one, kind, f"{FIELDS[kind]}, {scores[kind]:.2f}"))
    return drawings
