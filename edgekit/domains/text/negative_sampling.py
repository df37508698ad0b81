"""Train word vectors by negative sampling: blocks of text, matrix products, sparse updates.

A recipe brings the objective; this module prepares what it is given and updates the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgekit.core.errors import BadInput
from edgekit.core.types import Array, Progress, Size
from edgekit.domains.text.word_vectors import Text, fill, start_table, training_text

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


@dataclass(frozen=True, kw_only=True)
class NegativeSamplingSettings:
    """How vectors are trained; names and defaults are those of word2vec.

    Attributes:
        window: Farthest neighbour, 1 to 31 words; each word draws its own reach from 1 to this.
        negatives: Words drawn from the noise distribution for each right answer.
        sample: Words more frequent than this share of the text are thinned out.
        epochs: Times the text is read.
        learning_rate: At the start; it falls linearly to `LAST_RATE`.
    """

    window: int = 5
    negatives: int = 5
    sample: float = 1e-3
    epochs: int = 5
    learning_rate: float = 0.025


LAST_RATE = 1e-4
LARGEST_SCORE = 6.0
BLOCK = 64
"""Words of a block: every pair of them is one entry of a matrix product."""
BLOCKS = 4
"""Blocks of a step, from anywhere in the text. More would be faster, but a frequent word would then
get the sum of too many stale gradients at once."""
NOISE = 256
"""Noise words of a step, shared by all its pairs (Ji et al. 2016) and weighted accordingly."""


Objective: TypeAlias = "Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, float], tf.Tensor]"
"""`(inputs, outputs, noise, near, share) -> loss`, a sum over pairs, in TensorFlow.

`inputs` and `outputs`, `(blocks, BLOCK, dimensions)`, are the two vectors of each word of a block;
`noise`, `(NOISE, dimensions)`, holds output vectors of noise words; `near`, of the shape
`(blocks, BLOCK, BLOCK)`, is 1 where the second word is a neighbour of the first; `share` is the
weight of a noise word.
"""

Lookup: TypeAlias = "Callable[[tf.Tensor], tf.Tensor]"
Update: TypeAlias = "Callable[[tf.Tensor, tf.Tensor], None]"


def clipped_softplus(scores: tf.Tensor) -> tf.Tensor:
    """Return -log(sigmoid(-score)) of each score, constant beyond 6 either way.

    Constant as in Mikolov's program: pairs that are settled get no gradient, and no row diverges.
    """
    import tensorflow as tf

    return tf.nn.softplus(tf.clip_by_value(scores, -LARGEST_SCORE, LARGEST_SCORE))


def skip_gram(
    inputs: tf.Tensor, outputs: tf.Tensor, noise: tf.Tensor, near: tf.Tensor, share: float
) -> tf.Tensor:
    """Return the loss of predicting neighbours from each word's input vector: an `Objective`."""
    import tensorflow as tf

    right = tf.matmul(inputs, outputs, transpose_b=True)
    wrong = tf.einsum("btd,nd->btn", inputs, noise)
    neighbours = tf.reduce_sum(near, axis=-1, keepdims=True)
    loss_right = tf.reduce_sum(near * clipped_softplus(-right))
    return loss_right + share * tf.reduce_sum(neighbours * clipped_softplus(wrong))


@dataclass(frozen=True, kw_only=True)
class Bags:
    """Each word as a bag of rows of the input table: itself and its character n-grams.

    Attributes:
        rows: All bags one after another, int32.
        splits: Word `i` has `rows[splits[i]:splits[i + 1]]`; `(words + 1,)`, int64.
    """

    rows: Array
    splits: Array


def train_table(
    model: keras.Model,
    size: Size,
    objective: Objective,
    *,
    settings: NegativeSamplingSettings,
    progress: Progress,
) -> keras.Model:
    """Train a `nearest_model` of `edgekit.domains.text.word_vectors` on running text, return it."""
    text = training_text(size)
    start = start_table(len(text.words))
    vectors = train_vectors(text, start, objective, settings=settings, progress=progress)
    return fill(model, vectors)


def train_vectors(
    text: Text,
    start: Array,
    objective: Objective,
    *,
    settings: NegativeSamplingSettings,
    progress: Progress,
    bags: Bags | None = None,
) -> Array:
    """Train an input table by negative sampling and return it.

    Every step reads a few blocks of text. All scores of a block are one matrix product, and each
    row moves by the sum of its gradients, as it would in sequential descent at small rates.

    Args:
        text: What to learn from.
        start: The initial input table, `(rows, dimensions)`, float32.
        objective: The loss of a step.
        settings: How to train.
        progress: Told after every epoch.
        bags: Given: the input vector of a word is the mean of the rows of its bag.

    Source: Mikolov et al., Distributed Representations of Words and Phrases, 2013,
        https://arxiv.org/abs/1310.4546; Ji et al., Parallelizing Word2Vec in Shared and
        Distributed Memory, 2016, https://arxiv.org/abs/1604.04661.
    """
    import tensorflow as tf

    table = tf.Variable(start)
    output_table = tf.Variable(np.zeros((len(text.words), start.shape[1]), np.float32))
    epoch = _epoch_function(table, output_table, objective, settings=settings, bags=bags)
    random = np.random.default_rng(np.random.randint(2**31))
    fall = (settings.learning_rate - LAST_RATE) / settings.epochs
    for done in range(settings.epochs):
        first = settings.learning_rate - fall * done
        blocks = read_blocks(text, settings, random)
        epoch(*map(tf.constant, blocks), tf.constant(first), tf.constant(first - fall))
        progress((done + 1) / settings.epochs, f"epoch {done + 1}/{settings.epochs}")
    return np.asarray(table)


def read_blocks(
    text: Text, settings: NegativeSamplingSettings, random: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """Thin out the frequent words of a text, cut it into blocks, and shuffle these into steps.

    Blocks overlap by `2 * window` words, so that each word has all its neighbours in one block.

    Returns:
        `ids` and `lines`, `(steps, BLOCKS, BLOCK)`, int32, where -1 pads the lines; `reach` of the
        same shape, int32: how far each word looks, 0 where it is in the middle of another block;
        and `noise`, `(steps, NOISE)`, int32, drawn from counts to the power of 3/4.

    Raises:
        BadInput: The window does not fit a block.
    """
    if not 1 <= settings.window < BLOCK // 2:
        raise BadInput(f"window is {settings.window}; allowed are 1 to {BLOCK // 2 - 1} words.")
    share = text.counts / text.counts.sum() / settings.sample
    keep = np.minimum(1.0, np.sqrt(1 / share) + 1 / share)
    kept = random.random(len(text.ids)) < keep[text.ids]
    window, inner = settings.window, BLOCK - 2 * settings.window
    size = -(-int(kept.sum()) // (inner * BLOCKS)) * inner * BLOCKS
    padding = (window, size + window - int(kept.sum()))
    ids = np.pad(text.ids[kept], padding)
    lines = np.pad(text.lines[kept], padding, constant_values=-1)
    reach = np.where(lines < 0, 0, random.integers(1, window + 1, len(lines)))
    indices = inner * random.permutation(size // inner)[:, None] + np.arange(BLOCK)
    middle = (np.arange(BLOCK) >= window) & (np.arange(BLOCK) < BLOCK - window)
    shape = (-1, BLOCKS, BLOCK)
    noise = _noise(text, (size // inner // BLOCKS, NOISE), random)
    blocks = (ids[indices], lines[indices], reach[indices] * middle)
    return (*(array.reshape(shape).astype(np.int32) for array in blocks), noise)


def _noise(text: Text, shape: tuple[int, int], random: np.random.Generator) -> Array:
    edges = np.cumsum(text.counts**0.75)
    drawn = np.searchsorted(edges, random.random(shape) * edges[-1])
    return np.asarray(drawn, np.int32)


def _epoch_function(
    table: tf.Variable,
    output_table: tf.Variable,
    objective: Objective,
    *,
    settings: NegativeSamplingSettings,
    bags: Bags | None,
) -> Callable[..., None]:
    """Compile one epoch: `(ids, lines, reach, noise, first rate, last rate) -> None`."""
    import tensorflow as tf

    distance = np.abs(np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK)))
    distance[distance == 0] = BLOCK  # no word is its own neighbour
    look_up, add = _word_functions(table) if bags is None else _bag_functions(table, bags)
    share = settings.negatives / NOISE

    @tf.function  # type: ignore[untyped-decorator]
    def epoch(
        ids: tf.Tensor,
        lines: tf.Tensor,
        reach: tf.Tensor,
        noise: tf.Tensor,
        first: tf.Tensor,
        last: tf.Tensor,
    ) -> None:
        steps = tf.shape(ids)[0]
        for step in tf.range(steps):
            done = tf.cast(step, tf.float32) / tf.cast(steps, tf.float32)
            rate = first + (last - first) * done
            line = lines[step]
            near = (distance <= reach[step][..., None]) & (line[:, :, None] == line[:, None, :])
            weights = tf.cast(near, tf.float32)
            others = tf.gather(output_table, ids[step]), tf.gather(output_table, noise[step])
            rows = look_up(ids[step]), *others
            with tf.GradientTape() as tape:
                tape.watch(rows)
                loss = objective(*rows, weights, share)
            moves = [-rate * gradient for gradient in tape.gradient(loss, rows)]
            add(ids[step], moves[0])
            output_table.scatter_add(tf.IndexedSlices(moves[1], ids[step]))
            output_table.scatter_add(tf.IndexedSlices(moves[2], noise[step]))

    compiled: Callable[..., None] = epoch
    return compiled


def _word_functions(table: tf.Variable) -> tuple[Lookup, Update]:
    """Return how to look up and how to move the vectors of words that have a row each."""
    import tensorflow as tf

    def look_up(ids: tf.Tensor) -> tf.Tensor:
        return tf.gather(table, ids)

    def add(ids: tf.Tensor, moves: tf.Tensor) -> None:
        table.scatter_add(tf.IndexedSlices(moves, ids))

    return look_up, add


def _bag_functions(table: tf.Variable, bags: Bags) -> tuple[Lookup, Update]:
    """Return how to look up and how to move the vectors of words that are bags of rows."""
    import tensorflow as tf

    ragged = tf.RaggedTensor.from_row_splits(bags.rows, bags.splits)

    def look_up(ids: tf.Tensor) -> tf.Tensor:
        bag = tf.gather(ragged, tf.reshape(ids, [-1]))
        sums = tf.math.segment_sum(tf.gather(table, bag.values), bag.value_rowids())
        means = sums / tf.cast(bag.row_lengths(), tf.float32)[:, None]
        return tf.reshape(means, [*ids.shape, table.shape[1]])

    def add(ids: tf.Tensor, moves: tf.Tensor) -> None:
        # Each row moves as far as the word should, and so does their mean, as in fastText.
        bag = tf.gather(ragged, tf.reshape(ids, [-1]))
        flat = tf.reshape(moves, [-1, table.shape[1]])
        table.scatter_add(tf.IndexedSlices(tf.gather(flat, bag.value_rowids()), bag.values))

    return look_up, add
