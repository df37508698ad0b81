"""What nodes of a graph learn from their neighbours, in Keras: by a list of links, or by a matrix.

Both forms compute the same. A list of links costs memory and time by the link; a matrix by the
square of the nodes, but runs where no operator adds up by segment, and wholly in int8.
`benchmarks/graphs.py` measures from which size on which one is faster.

A batch holds one graph where links are listed: TensorFlow Lite adds up segments of matrices only.
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
"""What is taken from the logit of two nodes without a link, in a matrix. Its share of attention is
then below 1e-7 of a linked node's, unless logits differ by more than a few units. Attention masks
usually hold -1e9, which would leave int8 one step for all logits."""

SMALLEST_MEAN = 1e-12
"""Nothing is divided by less; a node is that far off only if logits differ by 27."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """The links of one graph as tensors; each node is linked with itself, too.

    Attributes:
        sources: `(links,)`, int32: the node that is heard.
        targets: `(links,)`, int32: the node that hears it.
        weights: `(links,)`: how much of it; 0 for padding.
        num_nodes: Of the graph, with padding.
    """

    sources: keras.KerasTensor
    targets: keras.KerasTensor
    weights: keras.KerasTensor
    num_nodes: int

    def heard(self, values: keras.KerasTensor) -> keras.KerasTensor:
        """Return a row of `values (nodes, units)` for each link: the source's."""
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
    """Return the mean of what a table holds of each node's words: bags of words times a matrix.

    That is the first layer's product of features, normalized by rows, and weights. A node has 18 of
    1,433 words: looked up, they cost 40 times less than the product, and an example is 40 times
    smaller.

    Args:
        words: `(..., nodes, words)`, int32.
        shares: Of the same shape: one part in as many as the node has words, 0 for padding.
        units: Columns of the table.
        num_words: Rows of the table.
        dropout: Share of the words that are left out in training.
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
    """Return the weighted sum of what each node's neighbours and itself hold.

    Args:
        values: `(nodes, units)`.
        links: With the weights of `edgekit.on_device.graphs.neighbourhoods.symmetric_weights`.

    Returns:
        `(nodes, units)`.

    Source: Kipf, Welling, Semi-Supervised Classification with Graph Convolutional Networks, 2017,
        https://arxiv.org/abs/1609.02907, equation 2.
    """
    from keras import ops

    return links.summed(links.heard(values) * ops.expand_dims(links.weights, 1))


def attend(
    values: keras.KerasTensor, links: Links, *, heads: int, dropout: float, name: str
) -> keras.KerasTensor:
    """Return what each node's neighbours and itself hold, by the attention it pays to each.

    Args:
        values: `(nodes, heads * units)`.
        links: Those that end at a node have equal weights with a sum of 1; 0 for padding. So means
            are told, which stay within what int8 holds however many links a node has.
        heads: Each pays attention of its own to its share of the units.
        dropout: Share of the attention, and of the values, that is left out in training.
        name: Of the layers with weights, which `attend_dense` calls alike.

    Returns:
        `(nodes, heads * units)`.

    Source: Velickovic et al., Graph Attention Networks, 2018, https://arxiv.org/abs/1710.10903.
    """
    import keras
    from keras import ops

    nodes, width = values.shape
    by_head = ops.reshape(values, (nodes, heads, width // heads))
    heard, hears = (_logits(by_head, heads, f"{name}_{role}") for role in ("heard", "hears"))
    logits = _leaky(links.heard(heard) + ops.take(hears, links.targets, axis=0))
    # A softmax takes away the largest logit of each node, but no built-in operator of int32 and
    # float32 files finds it on every target. Leaky ReLU only rises, so this is above all of them:
    highest = _leaky(ops.max(heard, axis=0, keepdims=True) + hears)
    strength = ops.exp(logits - ops.take(highest, links.targets, axis=0))
    strength = strength * ops.expand_dims(links.weights, 1)
    kept = ops.expand_dims(keras.layers.Dropout(dropout)(strength), 2)
    values = keras.layers.Dropout(dropout)(values)  # as the authors' code does, after the logits
    told = kept * ops.reshape(links.heard(values), (-1, heads, width // heads))
    sums = ops.reshape(links.summed(ops.reshape(told, (-1, width))), by_head.shape)
    # Divided once a node, not once a link; by a root, twice, as no runtime divides int8.
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
    heard, hears = (_logits(by_head, heads, f"{name}_{role}") for role in ("heard", "hears"))
    rows = ops.expand_dims(ops.transpose(hears, (0, 2, 1)), 3)
    columns = ops.expand_dims(ops.transpose(heard, (0, 2, 1)), 2)
    mask = ops.expand_dims((adjacency - 1.0) * UNLINKED, 1)
    shares = ops.softmax(_leaky(rows + columns) + mask)
    shares = keras.layers.Dropout(dropout)(shares)
    by_head = keras.layers.Dropout(dropout)(by_head)
    told = ops.matmul(shares, ops.transpose(by_head, (0, 2, 1, 3)))
    return ops.reshape(ops.transpose(told, (0, 2, 1, 3)), (-1, nodes, width))


def _logits(by_head: keras.KerasTensor, heads: int, name: str) -> keras.KerasTensor:
    """Return a logit of each node and head: a learned sum of the head's own units."""
    import keras

    letters = "nhu,hu->nh" if len(by_head.shape) == 3 else "bnhu,hu->bnh"
    shape = (heads,) if len(by_head.shape) == 3 else (None, heads)
    return keras.layers.EinsumDense(letters, shape, name=name)(by_head)


def _leaky(logits: keras.KerasTensor) -> keras.KerasTensor:
    from keras import ops

    return ops.leaky_relu(logits, negative_slope=SLOPE)
