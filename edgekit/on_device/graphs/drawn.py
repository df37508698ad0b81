"""A node among its neighbours, drawn: itself in the middle, then two rings."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, Batch
from ..vision.drawing import COLOURS, Drawing

SIDE = 400
RADII = (0.0, 0.24, 0.46)
"""Of the middle and of the two rings, as shares of `SIDE`."""

DOT = 9
"""Pixels from the middle of the asked node to its edge; others are smaller with each ring."""


def drawn(inputs: Batch, kind: int, text: str = "") -> Drawing:
    """Return a drawing of the neighbourhood that a model was given.

    Args:
        inputs: `sources`, `targets` and `weights (1, links)`, as `neighbourhoods.example` makes.
        kind: Class of the asked node, which decides its colour.
        text: To write below.
    """
    sources, targets, weights = (inputs[name][0] for name in ("sources", "targets", "weights"))
    real = weights > 0
    pairs = np.stack([sources[real], targets[real]], axis=1)
    places = _places(pairs)
    paper = np.ones((SIDE, SIDE, 3), np.float32)
    for source, target in pairs:
        if source < target or target == 0:
            _line(paper, places[source], places[target])
    for node in reversed(range(len(places))):
        ring = _ring(node, pairs)
        colour = np.array(COLOURS[kind % len(COLOURS)]) / 255 if node == 0 else (0.4, 0.4, 0.4)
        _dot(paper, places[node], DOT - 3 * ring, colour)
    return Drawing(picture=paper, text=text)


def _ring(node: int, pairs: Array) -> int:
    """Return how many links a node is away from the first: 0, 1 or 2."""
    if node == 0:
        return 0
    return 1 if (pairs[pairs[:, 1] == 0, 0] == node).any() else 2


def _places(pairs: Array) -> Array:
    """Return where each node stands, `(nodes, 2)`: x and y, those of the outer ring near theirs."""
    count = int(pairs.max()) + 1
    inner = [node for node in range(1, count) if _ring(node, pairs) == 1]
    angles = np.zeros(count)
    angles[inner] = 2 * np.pi * np.arange(len(inner)) / max(1, len(inner))
    rings = np.array([_ring(node, pairs) for node in range(count)])
    outer = np.flatnonzero(rings == 2)
    nearer = {node: int(pairs[pairs[:, 0] == node, 1].min()) for node in outer}
    order = sorted(outer, key=lambda node: (angles[nearer[node]], node))
    # Spread evenly over the ring, in the order of those they are linked with.
    start = angles[nearer[order[0]]] if order else 0.0
    angles[order] = start + 2 * np.pi * np.arange(len(order)) / max(1, len(order))
    radii = SIDE * np.array(RADII)[rings]
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(SIDE / 2 + directions * radii[:, None])


def _line(paper: Array, start: Array, end: Array) -> None:
    steps = max(1, int(np.abs(end - start).max()))
    x, y = np.rint(np.linspace(start, end, steps + 1)).astype(int).T
    paper[y, x] = 0.75


def _dot(paper: Array, place: Array, radius: int, colour: "Array | tuple[float, ...]") -> None:
    y, x = np.ogrid[:SIDE, :SIDE]
    paper[(x - place[0]) ** 2 + (y - place[1]) ** 2 <= radius**2] = colour
