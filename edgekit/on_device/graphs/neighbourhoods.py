"""A node of a graph of any size, with its neighbours and theirs, as arrays of one size.

A network of two layers needs nothing else for its answer: the second layer reads the node's
neighbours, the first theirs. So a file has room for a neighbourhood, not for the graph, and answers
as on the whole graph as long as the neighbourhood fits. What does not fit is left out, neighbours
of the last neighbours first.

Source: Hamilton, Ying, Leskovec, Inductive Representation Learning on Large Graphs, 2017,
https://arxiv.org/abs/1706.02216, which samples neighbourhoods instead.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Sequence, Tuple, Union

import numpy as np

from ..arrays import Array


class Graph(NamedTuple):
    """Nodes that hold words, and links without a direction.

    Attributes:
        words: Of each node, the numbers of its words, each once.
        neighbours: Of each node, the nodes that it is linked with, in rising order, without itself.
    """

    words: Tuple[Array, ...]
    neighbours: Tuple[Array, ...]

    def __len__(self) -> int:
        return len(self.words)


class Room(NamedTuple):
    """How much a model's inputs hold.

    Attributes:
        nodes: At most, at least 1.
        links: At most, each direction by itself, and each node's with itself.
        words: Of a node, at most.
    """

    nodes: int
    links: int
    words: int


def graph_of(words: Sequence[Union[Sequence[int], Array]], links: Sequence[Sequence[int]]) -> Graph:
    """Return the graph of lists of numbers.

    Args:
        words: Of each node, the numbers of its words, from 0.
        links: Pairs of nodes, counted from 0; the direction does not count, nor how often a pair
            stands there, nor a link of a node with itself.

    Raises:
        ValueError: A number is negative, a link is no pair, or it names a node that is not there.
    """
    neighbours = [set() for _ in words]  # type: list[set[int]]
    for link in links:
        if len(link) != 2 or not all(0 <= node < len(words) for node in link):
            raise ValueError(
                f"The link {list(link)} does not name two of the {len(words)} nodes; give pairs of "
                "numbers, the first node is 0."
            )
        first, second = link
        if first != second:
            neighbours[first].add(second)
            neighbours[second].add(first)
    each = tuple(np.unique(np.asarray(numbers, np.int32)) for numbers in words)
    if any(len(numbers) and numbers[0] < 0 for numbers in each):
        raise ValueError("A node has a word with a negative number; words are counted from 0.")
    return Graph(each, tuple(np.array(sorted(nodes), np.int32) for nodes in neighbours))


def neighbourhood(graph: Graph, node: int, most: int) -> Array:
    """Return a node, its neighbours, and theirs, in this order, each once; `most` at most."""
    kept = {node: None}  # a dictionary keeps its order
    kept.update((int(near), None) for near in graph.neighbours[node])
    for near in graph.neighbours[node]:
        if len(kept) >= most:
            break
        kept.update((int(far), None) for far in graph.neighbours[near])
    return np.array(list(kept)[:most], np.int32)


def fits(graph: Graph, node: int, room: Room) -> bool:
    """Return whether there is room for all that the answer for a node depends on."""
    targets = (node, *graph.neighbours[node])
    num_links = sum(1 + len(graph.neighbours[target]) for target in targets)
    num_nodes = len(neighbourhood(graph, node, room.nodes + 1))
    return num_links <= room.links and num_nodes <= room.nodes


def example(graph: Graph, node: int, room: Room, *, symmetric: bool) -> Dict[str, Array]:
    """Return what a model is given to answer for a node.

    Args:
        graph: Of any size.
        node: The one asked for; it becomes the first.
        room: Of the model's inputs.
        symmetric: Whether links have the weights of `symmetric_weights`; if not, those that end at
            a node have equal ones, which sum up to 1.

    Returns:
        `words (1, nodes, words)`, int32, and `shares` of the same shape, float32: 1 / number of the
        node's words, 0 for padding. `sources`, `targets (1, links)`, int32, and `weights`, float32:
        the two ends of each link, and its weight; 0 for padding. The links that lead to the node or
        to its neighbours are there; the answer does not depend on others.

    Raises:
        ValueError: There is no such node, or a node has more words than there is room for.
    """
    if not 0 <= node < len(graph):
        raise ValueError(f"There is no node {node}; the graph has 0 to {len(graph) - 1}.")
    nodes = neighbourhood(graph, node, room.nodes)
    near = min(1 + len(graph.neighbours[node]), len(nodes))
    return arrays_of(graph, nodes, near, room, symmetric=symmetric)


def arrays_of(
    graph: Graph, nodes: Array, num_targets: int, room: Room, *, symmetric: bool
) -> Dict[str, Array]:
    """Return the arrays of `example` for these nodes and the links to the first of them.

    Args:
        graph: Of any size.
        nodes: `(n,)`, at most as many as there is room for.
        num_targets: How many of them links lead to.
        room: Of the arrays; links without room are left out, the last first.
        symmetric: As of `example`.
    """
    words = np.zeros((1, room.nodes, room.words), np.int32)
    shares = np.zeros(words.shape, np.float32)
    for row, node in enumerate(nodes):
        held = graph.words[node]
        if len(held) > room.words:
            raise ValueError(
                f"Node {node} has {len(held)} words; the model has room for {room.words}. Leave "
                "out the most frequent ones."
            )
        words[0, row, : len(held)] = held
        shares[0, row, : len(held)] = 1 / max(1, len(held))
    sources, targets = (ends[: room.links] for ends in _links(graph, nodes, num_targets))
    if symmetric:
        weights = symmetric_weights(graph, nodes[sources], nodes[targets])
    else:
        weights = (1 / np.bincount(targets)[targets]).astype(np.float32)
    padded = {"words": words, "shares": shares}
    for name, values in (("sources", sources), ("targets", targets), ("weights", weights)):
        padded[name] = np.pad(values, (0, room.links - len(values)))[np.newaxis]
    return padded


def symmetric_weights(graph: Graph, sources: Array, targets: Array) -> Array:
    """Return 1 / sqrt(links of the source * links of the target), `(links,)`, float32.

    Links are those of the whole graph and each node's with itself.

    Source: Kipf, Welling, Semi-Supervised Classification with Graph Convolutional Networks, 2017,
        https://arxiv.org/abs/1609.02907, equation 2.
    """
    counts = [[1 + len(graph.neighbours[node]) for node in ends] for ends in (sources, targets)]
    return np.asarray(1 / np.sqrt(np.prod(np.array(counts, np.float64), axis=0)), np.float32)


def _links(graph: Graph, nodes: Array, num_targets: int) -> Tuple[Array, Array]:
    """Return the places among `nodes` of each link's source and target."""
    places = {int(node): place for place, node in enumerate(nodes)}
    pairs = [
        (places[int(source)], target)
        for target, node in enumerate(nodes[:num_targets])
        for source in (node, *graph.neighbours[node])
        if int(source) in places
    ]
    sources, targets = np.array(pairs, np.int32).T
    return sources, targets
