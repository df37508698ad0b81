"""Papers, their words and whom they cite: Cora and CiteSeer with their public split.

A paper is an example: its neighbourhood, and the field it is of. `tiny` takes a part of Cora that
ships with edgekit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from edgekit.core.recipe import Dataset, Signature, Tensor
from edgekit.core.types import Array, Size, Split
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.graphs import CITATION_GRAPHS
from edgekit.on_device.graphs.neighbourhoods import Graph, Room, example, graph_of

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

ROOM = Room(nodes=256, links=1280, words=32)
"""All but 3 of Cora's 2,708 neighbourhoods fit, and all of its training, validation and test. They
have 37 nodes on average. The longest list of words has 30, the most links that are heard are
1,207."""

NUM_CALIBRATION = 500
EXAMPLE = "example.json"


@dataclass(frozen=True, kw_only=True)
class Citations:
    """A graph of papers and what is known of them.

    Attributes:
        graph: Papers, their words and citations.
        labels: Field of each paper, `(papers,)`; -1 if unknown.
        num_words: In the dictionary.
        splits: Split -> its papers. `calibration` holds those to train on, then papers that no
            split has a label of: a network sees their words and links as it learns.
    """

    graph: Graph
    labels: Array
    num_words: int
    splits: Mapping[Split, Array]

    @property
    def room(self) -> Room:
        """What the whole graph takes."""
        links = len(self.graph) + sum(map(len, self.graph.neighbours))
        return Room(len(self.graph), links, max(map(len, self.graph.words)))

    @property
    def num_classes(self) -> int:
        """How many fields there are."""
        return int(self.labels.max()) + 1


def citations(size: Size) -> Citations:
    """Return Cora, or the part of it that ships."""
    return upstream("cora") if size == "full" else _shipped()


@lru_cache(maxsize=2)
def upstream(name: str) -> Citations:
    """Return a whole graph: `cora` or `citeseer`."""
    with np.load(locate(CITATION_GRAPHS, f"{name}.npz")) as arrays:
        return citations_of(dict(arrays))


@lru_cache(maxsize=1)
def _shipped() -> Citations:
    return citations_of(read_packaged(SAMPLE))


def citations_of(arrays: Mapping[str, Array]) -> Citations:
    """Return what the arrays of `edgekit.domains.upstream.graphs.planetoid` hold."""
    pairs = pairwise(arrays["feature_indptr"])
    words = [arrays["feature_indices"][start:end] for start, end in pairs]
    train, validation, test = (
        arrays[f"{name}_index"].astype(np.int64) for name in ("train", "val", "test")
    )
    others = np.setdiff1d(np.arange(len(words)), np.concatenate([train, validation, test]))
    return Citations(
        graph=graph_of(words, arrays["edges"].tolist()),
        labels=arrays["labels"].astype(np.int64),
        num_words=int(arrays["feature_shape"][1]),
        splits={
            "train": train,
            "validation": validation,
            "test": test,
            "calibration": np.concatenate([train, others])[:NUM_CALIBRATION],
        },
    )


def neighbourhoods(split: Split, size: Size, *, symmetric: bool) -> Dataset:
    """Return the neighbourhood of each paper of a split, and its field.

    Args:
        split: Which papers.
        size: Of the data.
        symmetric: As of `edgekit.on_device.graphs.neighbourhoods.example`, which tells the inputs.

    Returns:
        Those inputs, of `ROOM`, and targets `(papers,)`.
    """
    cited = citations(size)
    return examples_of(cited, cited.splits[split], ROOM, symmetric=symmetric)


def examples_of(
    cited: Citations, papers: Sequence[int] | Array, room: Room, *, symmetric: bool
) -> Dataset:
    """Return the neighbourhood of each of some papers, and its field; see `neighbourhoods`."""
    each = [example(cited.graph, int(paper), room, symmetric=symmetric) for paper in papers]
    inputs = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
    return Dataset(inputs=inputs, targets=cited.labels[papers])


def signature(*, symmetric: bool) -> Signature:
    """Return what a network for Cora takes and answers."""
    by_links = (
        "1 / sqrt(links of the one * links of the other)"
        if symmetric
        else "1 / links of the target"
    )
    nodes, links, words = ROOM
    meanings = {
        "words": "of each node, the asked one first, the numbers of its words",
        "shares": "1 / number of the node's words; 0 where there is no word",
        "sources": "of each link, the node that is heard",
        "targets": "of each link, the node that hears it",
        "weights": f"{by_links}; 0 where there is no link; each node is linked with itself",
    }
    shapes = {"words": (1, nodes, words), "shares": (1, nodes, words)}
    inputs = tuple(
        Tensor(
            name=name,
            shape=shapes.get(name, (1, links)),
            dtype="float32" if name in ("shares", "weights") else "int32",
            meaning=meaning,
        )
        for name, meaning in meanings.items()
    )
    scores = Tensor(name="scores", shape=(1, len(FIELDS)), meaning="how likely each field is, 0..1")
    return Signature(inputs=inputs, outputs=(scores,), labels=FIELDS)
