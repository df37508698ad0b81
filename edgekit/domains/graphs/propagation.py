"""Graph convolution and graph attention in Keras, by a list of links or by a dense matrix.

Both forms compute the same. A list costs memory and time in proportion to the links, a matrix in
proportion to the square of the nodes; but a matrix needs no operator that sums by segment, and is
int8 throughout. `benchmarks/graphs.py` measures from which size on which one is faster.

With a list of links, a batch holds one graph: TensorFlow Lite sums segments of matrices only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from edgekit.on_device.graphs.neighbourhoods import Room

INPUTS = {
    "words": "int32",
    "shares": "float32",
    "sources": "int32",
    "targets": "int32",
    "weights": "float32",
}
"""Name and type of what a network of listed links takes, in its order."""

SLOPE = 0.2
"""Of the leaky ReLU that attention's logits go through below 0 (Velickovic et al. 2018)."""

UNLINKED = 20.0
"""Subtracted from the logit of two nodes without a link, in a matrix: their attention is then below
1e-7 of that of linked nodes, unless logits differ by more than a few units. The usual -1e9 would
leave int8 one step for all logits."""

SMALLEST_MEAN = 1e-12
"""Nothing is divided by less; a node's mean is that small only if logits differ by 27."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """The links of one graph as tensors; each node is linked with itself, too.

    Attributes:
        sources: `(links,)`, int32: the node that a link comes from.
        targets: `(links,)`, int32: the node that it leads to.
        weights: `(links,)`: 0 for padding.
        num_nodes: Of the graph, with padding.
    """

    sources: keras.KerasTensor
    targets: keras.KerasTensor
    weights: keras.KerasTensor
    num_nodes: int

    def of_sources(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Return for each link the row of `values (nodes, units)` of its source."""
        from keras import ops

        return ops.take(values, self.sources, axis=0)

    def summed(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Return for each node the sum of the rows `(links, units)` of links that end there."""
        from keras import ops

        return ops.segment_sum(values, self.targets, num_segments=self.num_nodes)


def graph_inputs(room: Room) -> tuple[dict[str, keras.KerasTensor], Links]:
    """Return a model's inputs, by name, and the links among them, for graphs that fit in `room`.

    They are those of `edgekit.on_device.graphs.neighbourhoods.example`; the batch is fixed at 1.
    """
    import keras
    from keras import ops

    shapes = {"words": (room.nodes, room.words), "shares": (room.nodes, room.words)}
    inputs = {
        name: keras.Input(batch_shape=(1, *shapes.get(name, (room.links,))), dtype=dtype, name=name)
        for name, dtype in INPUTS.items()
    }
    sources, targets, weights = (
        ops.reshape(inputs[name], (room.links,)) for name in ("sources", "targets", "weights")
    )
    links = Links(sources=sources, targets=targets, weights=weights, num_nodes=room.nodes)
    return inputs, links


def mean_of_words(
    words: keras.KerasTensor,
    shares: keras.KerasTensor,
    units: int,
    *,
    num_words: int,
    dropout: float,
    decay: float,
) -> keras.KerasTensor:
    """Return the mean of each node's rows in a table of words.

    That is the product of features, normalized by rows, and weights, with which the first layer of
    both papers begins. A node of Cora has 18 of 1,433 words, so looking them up takes fewer
    operations and smaller inputs than the product.

    Args:
        words: `(..., nodes, words)`, int32.
        shares: Of the same shape: 1 / number of the node's words, 0 for padding.
        units: Columns of the table.
        num_words: Rows of the table.
        dropout: Share of words dropped in training.
        decay: Times the sum of the table's squares is added to the loss.

    Returns:
        `(..., nodes, units)`.
    """
    import keras
    from keras import ops

    table = keras.layers.Embedding(
        num_words,
        units,
        embeddings_initializer="glorot_uniform",
        embeddings_regularizer=keras.regularizers.L2(decay),
        name="words_table",
    )
    kept = ops.expand_dims(keras.layers.Dropout(dropout)(shares), -2)
    return ops.squeeze(ops.matmul(kept, table(words)), -2)


def convolve(values: keras.KerasTensor, links: Links) -> keras.KerasTensor:
    """Return for each node the weighted sum of its own and its neighbours' values.

    Args:
        values: `(nodes, units)`.
        links: With the weights of `edgekit.on_device.graphs.neighbourhoods.symmetric_weights`.

    Returns:
        `(nodes, units)`.

    Source: Kipf, Welling, Semi-Supervised Classification with Graph Convolutional Networks, 2017,
        https://arxiv.org/abs/1609.02907, equation 2.
    """
    from keras import ops

    return links.summed(links.of_sources(values) * ops.expand_dims(links.weights, 1))


def attend(
    values: keras.KerasTensor, links: Links, *, heads: int, dropout: float, name: str
) -> keras.KerasTensor:
    """Return for each node the mean of its own and its neighbours' values, by attention.

    Args:
        values: `(nodes, heads * units)`.
        links: Those that lead to a node have equal weights with a sum of 1. Sums become means,
            whose range int8 holds however many links a node has.
        heads: Each computes attention of its own, for its share of the units.
        dropout: Share of attention, and of values, dropped in training.
        name: Prefix of the layers with weights, as in `attend_dense`.

    Returns:
        `(nodes, heads * units)`.

    Source: Velickovic et al., Graph Attention Networks, 2018, https://arxiv.org/abs/1710.10903.
    """
    import keras
    from keras import ops

    nodes, width = values.shape
    by_head = ops.reshape(values, (nodes, heads, width // heads))
    by_source, by_target = (
        _logits(by_head, heads, f"{name}_{end}") for end in ("source", "target")
    )
    logits = _leaky(links.of_sources(by_source) + ops.take(by_target, links.targets, axis=0))
    # A softmax subtracts the largest logit of each node, which no operator that all runtimes have
    # finds by segment. Leaky ReLU rises throughout, so this is at least as large:
    highest = _leaky(ops.max(by_source, axis=0, keepdims=True) + by_target)
    strength = ops.exp(logits - ops.take(highest, links.targets, axis=0))
    strength = strength * ops.expand_dims(links.weights, 1)
    kept = ops.expand_dims(keras.layers.Dropout(dropout)(strength), 2)
    values = keras.layers.Dropout(dropout)(values)  # as the authors' code does, after the logits
    weighted = kept * ops.reshape(links.of_sources(values), (-1, heads, width // heads))
    sums = ops.reshape(links.summed(ops.reshape(weighted, (-1, width))), by_head.shape)
    # Divided once a node, not once a link; by a root, twice, as no runtime divides int8. Nodes
    # without any link, which are padding, are divided by 1.
    padding = 1.0 - links.summed(ops.expand_dims(links.weights, 1))
    means = ops.maximum(links.summed(strength) + padding, SMALLEST_MEAN)
    root = ops.expand_dims(ops.rsqrt(means), 2)
    return ops.reshape(sums * root * root, (nodes, width))


def convolve_dense(values: keras.KerasTensor, adjacency: keras.KerasTensor) -> keras.KerasTensor:
    """Return what `convolve` does, by a matrix.

    Args:
        values: `(graphs, nodes, units)`.
        adjacency: `(graphs, targets, nodes)`: the weights of links, 0 where there is none.

    Returns:
        `(graphs, targets, units)`.
    """
    from keras import ops

    return ops.matmul(adjacency, values)


def attend_dense(
    values: keras.KerasTensor,
    adjacency: keras.KerasTensor,
    *,
    heads: int,
    dropout: float,
    name: str,
) -> keras.KerasTensor:
    """Return what `attend` does, by a matrix; nodes without any link get the mean of all.

    Args:
        values: `(graphs, nodes, heads * units)`.
        adjacency: `(graphs, nodes, nodes)`: 1 from a target (row) to each of its sources, else 0.
        heads: As of `attend`.
        dropout: As of `attend`.
        name: As of `attend`.

    Returns:
        `(graphs, nodes, heads * units)`.
    """
    import keras
    from keras import ops

    nodes, width = values.shape[1:]
    by_head = ops.reshape(values, (-1, nodes, heads, width // heads))
    by_source, by_target = (
        _logits(by_head, heads, f"{name}_{end}") for end in ("source", "target")
    )
    rows = ops.expand_dims(ops.transpose(by_target, (0, 2, 1)), 3)
    columns = ops.expand_dims(ops.transpose(by_source, (0, 2, 1)), 2)
    mask = ops.expand_dims((adjacency - 1.0) * UNLINKED, 1)
    shares = ops.softmax(_leaky(rows + columns) + mask)
    shares = keras.layers.Dropout(dropout)(shares)
    by_head = keras.layers.Dropout(dropout)(by_head)
    means = ops.matmul(shares, ops.transpose(by_head, (0, 2, 1, 3)))
    return ops.reshape(ops.transpose(means, (0, 2, 1, 3)), (-1, nodes, width))


def _logits(by_head: keras.KerasTensor, heads: int, name: str) -> keras.KerasTensor:
    """Return a logit of each node and head: a learned sum of the head's own units."""
    import keras

    letters = "nhu,hu->nh" if len(by_head.shape) == 3 else "bnhu,hu->bnh"
    shape = (heads,) if len(by_head.shape) == 3 else (None, heads)
    return keras.layers.EinsumDense(letters, shape, name=name)(by_head)


def _leaky(logits: keras.KerasTensor) -> keras.KerasTensor:
    from keras import ops

    return ops.leaky_relu(logits, negative_slope=SLOPE)
