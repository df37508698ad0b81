"""Write `cora_small.npz`: a part of Cora, all its papers to train on, and what is near to them.

Run `python benchmarks/samples/make_cora_small.py`; it takes Cora from EDGEKIT_DATA, or downloads
it.
"""

from __future__ import annotations

import numpy as np

from edgekit.core.paths import atomic
from edgekit.core.types import Array
from edgekit.domains.graphs.citations import SAMPLE
from edgekit.domains.learning.downloads import PACKAGED
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.graphs import CITATION_GRAPHS

COUNTS = {"train": 140, "val": 100, "test": 200}
"""Papers of each split that are taken, the first ones."""


def main() -> None:
    """Write the sample into `edgekit/datasets/`."""
    with np.load(locate(CITATION_GRAPHS, "cora.npz")) as arrays:
        sample = part_of(dict(arrays))
    with atomic(PACKAGED / SAMPLE) as path, path.open("wb") as stream:
        np.savez_compressed(stream, **sample)  # type: ignore[arg-type]


def part_of(arrays: dict[str, Array]) -> dict[str, Array]:
    """Return the papers of the splits and those that are linked with them, and all their links."""
    asked = np.concatenate([arrays[f"{name}_index"][:count] for name, count in COUNTS.items()])
    edges = arrays["edges"]
    near = edges[np.isin(edges, asked).any(axis=1)]
    kept = np.union1d(asked, near)
    place = np.full(len(arrays["labels"]), -1, np.int32)
    place[kept] = np.arange(len(kept))
    starts = arrays["feature_indptr"]
    rows = [arrays["feature_indices"][starts[node] : starts[node + 1]] for node in kept]
    return {
        "feature_indptr": np.cumsum([0, *map(len, rows)], dtype=np.int32),
        "feature_indices": np.concatenate(rows).astype(np.int16),
        "feature_shape": np.array([len(kept), arrays["feature_shape"][1]], np.int64),
        "labels": arrays["labels"][kept],
        "edges": place[edges[np.isin(edges, kept).all(axis=1)]].astype(np.int16),
        **{
            f"{name}_index": place[arrays[f"{name}_index"][:count]].astype(np.int16)
            for name, count in COUNTS.items()
        },
    }


if __name__ == "__main__":
    main()
