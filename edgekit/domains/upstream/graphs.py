"""Citation graphs with the public split, from the pickles of their first publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array
from edgekit.domains.upstream import archives, pickled_arrays
from edgekit.domains.upstream.data_set import DataFile, DataSet
from edgekit.domains.upstream.pickled_arrays import Sparse

NUM_VALIDATION = 500

_SUMS = {
    "cora": "d1ff2882d841ed9fb0d53ab15dcf5b8edad36a264fd30a73715c0dbbf2757cf7",
    "citeseer": "ea6a19ce08746168e9d8c5ec18d5ce08a4734d95c8c0b5325f67a375ddbda430",
}
_USED = r"gcn/data/ind\.(cora|citeseer)\.(x|y|tx|ty|allx|ally|graph|test\.index)"


def planetoid(downloads: Sequence[Path], folder: Path) -> None:
    """Write each graph's features, labels, edges and split as an `.npz` of plain arrays.

    The upstream keeps the nodes of the test in another order, and leaves out those that are
    connected with nothing: they get no features and the label -1.
    """
    (download,) = downloads
    files = dict(archives.members(download, _USED))
    for graph in _SUMS:
        prefix = f"gcn/data/ind.{graph}."
        parts = {n.removeprefix(prefix): files[n] for n in files if n.startswith(prefix)}
        try:
            order = np.array(parts.pop("test.index").split(), np.int64)
            arrays = _joined({n: pickled_arrays.read(parts[n], n) for n in parts}, order)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise BadData(
                f"'{download.name}' does not hold the graph '{graph}' as it was published: "
                f"{error!r}; get another copy."
            ) from error
        np.savez_compressed(folder / f"{graph}.npz", **arrays)  # type: ignore[arg-type]


def _joined(parts: Mapping[str, pickled_arrays.Pickled], order: Array) -> dict[str, Array]:
    """Return the whole graph from its parts and the nodes of the test in their order."""
    known, tested, links = parts["allx"], parts["tx"], parts["graph"]
    if not (isinstance(known, Sparse) and isinstance(tested, Sparse) and isinstance(links, dict)):
        raise ValueError("features are no sparse matrices, or links no dictionary")
    num_known, num_nodes = known.shape[0], int(order.max()) + 1
    if order.min() < num_known or num_nodes > num_known + 2 * len(order):
        raise ValueError("the nodes of the test are not those after the known ones")
    rows: list[tuple[Array, Array]] = [(np.empty(0, np.int32), np.empty(0, np.float32))] * num_nodes
    labels = np.full(num_nodes, -1, np.int8)
    where = [*range(num_known), *order.tolist()]
    for row, node in zip([*_rows(known), *_rows(tested)], where, strict=True):
        rows[node] = row
    one_hot = np.concatenate([np.asarray(parts["ally"]), np.asarray(parts["ty"])])
    labels[where] = np.where(one_hot.any(axis=1), one_hot.argmax(axis=1), -1)
    pairs = [
        (int(a), int(b))
        for a, others in links.items()
        if isinstance(a, int) and isinstance(others, list)
        for b in others
        if a != b
    ]
    num_train = len(np.asarray(parts["y"]))
    return {
        "feature_indptr": np.cumsum([0, *(len(columns) for columns, _ in rows)], dtype=np.int32),
        "feature_indices": np.concatenate([columns for columns, _ in rows]).astype(np.int32),
        "feature_values": np.concatenate([values for _, values in rows]).astype(np.float32),
        "feature_shape": np.array([num_nodes, known.shape[1]], np.int64),
        "labels": labels,
        "edges": np.array(sorted({(min(pair), max(pair)) for pair in pairs}), np.int32),
        "train_index": np.arange(num_train, dtype=np.int64),
        "val_index": np.arange(num_train, num_train + NUM_VALIDATION, dtype=np.int64),
        "test_index": np.sort(order),
    }


def _rows(matrix: Sparse) -> list[tuple[Array, Array]]:
    """Return columns and values of each row, by column."""
    pairs = zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    rows = [(matrix.indices[a:b], matrix.values[a:b]) for a, b in pairs]
    orders = [np.argsort(columns, kind="stable") for columns, _ in rows]
    return [(c[order], v[order]) for (c, v), order in zip(rows, orders, strict=True)]


CITATION_GRAPHS = DataSet(
    name="citation-graphs",
    what="Cora and CiteSeer: 2,708 and 3,327 papers, their words, citations, and 7 and 6 classes",
    licence="MIT (code); research data",
    source="Sen et al. 2008, with the split of Yang et al. 2016; https://github.com/tkipf/gcn",
    size_bytes=305_931,
    files=tuple(DataFile(path=f"{name}.npz", sha256=sha) for name, sha in _SUMS.items()),
    urls=("https://github.com/tkipf/gcn/archive/39a4089.tar.gz",),
    convert=planetoid,
)
