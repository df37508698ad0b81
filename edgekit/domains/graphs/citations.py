"""Cora and CiteSeer: papers, their words and whom they cite, with their public split.

`tiny` takes a part of Cora that ships with edgekit.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from edgekit.core.types import Size
from edgekit.domains.graphs.examples import MOST_LINKS, MOST_NODES
from edgekit.domains.graphs.labelled import LabelledGraph, labelled_graph, read_graph
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.graphs import CITATION_GRAPHS
from edgekit.on_device.graphs.neighbourhoods import Room

SAMPLE = "cora_small.npz"

FIELDS = (
    "theory",
    "reinforcement learning",
    "genetic algorithms",
    "neural networks",
    "probabilistic methods",
    "case based",
    "rule learning",
)
"""Of Cora, by label; the arrays do not name them, but each has another number of papers: 351, 217,
418, 818, 426, 298 and 180 (Sen et al. 2008)."""

NUM_WORDS = 1433
"""In Cora's dictionary."""

ROOM = Room(MOST_NODES, MOST_LINKS, words=32)
"""Of examples of Cora, whose longest list of words has 30."""


def citations(size: Size) -> LabelledGraph:
    """Return Cora, or the part of it that ships."""
    return _cora() if size == "full" else _shipped()


@lru_cache(maxsize=1)
def _cora() -> LabelledGraph:
    return replace(published("cora"), class_names=FIELDS)


@lru_cache(maxsize=1)
def _shipped() -> LabelledGraph:
    return replace(labelled_graph(read_packaged(SAMPLE), SAMPLE), class_names=FIELDS)


def published(name: str) -> LabelledGraph:
    """Return a whole graph: `cora` or `citeseer`."""
    return read_graph(locate(CITATION_GRAPHS, f"{name}.npz"))
