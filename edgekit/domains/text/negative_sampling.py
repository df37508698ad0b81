"""Train word vectors by negative sampling: blocks of text, matrix products, sparse steps.

The recipe brings the objective; what it is given, and how rows are moved, stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.core.errors import BadInput
from edgekit.core.types import Array, Progress, Size
from edgekit.domains.text.word_vectors import Text, fill, start_table, training_text


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How vectors are trained; the names and the defaults are those of word2vec.

    Attributes:
        window: Farthest neighbour, 1 to 31 words; each word draws its own reach from 1 to this.
        negatives: Words drawn from the noise distribution for each right answer.
        sample: Words more frequent than this share of the text are thinned out.
        epochs: How often the text is read.
        learning_rate: At the start; it falls linearly to `LAST_RATE`.
    """

    window: int = 5
    negatives: int = 5
    sample: float = 1e-3
    epochs: int = 5
    learning_rate: float = 0.025


LAST_RATE = 1e-4
MOST_CERTAIN = 6.0
BLOCK = 64
"""Words that are looked at together: every pair of them is one entry of a matrix product."""
BLOCKS = 4
"""Blocks from anywhere in the text that make one step. More would be faster, but a frequent word
then gets the sum of too many stale gradients at once."""
NOISE = 256
"""Noise words of a step, shared by all its pairs (Ji et al. 2016) and weighted accordingly."""


Objective = Callable[[Any, Any, Any, Any, float], Any]
"""`(inputs, outputs, noise, near, share) -> loss`, a sum over pairs, in TensorFlow.

`inputs` and `outputs` `(blocks, BLOCK, dimensions)` are both vectors of each word of a block,
`noise` `(NOISE, dimensions)` output vectors of noise words, `near` `(blocks, BLOCK, BLOCK)` is 1
where the second word is a neighbour of the first, and `share` is what each noise word counts.
"""


def surprise(scores: Any) -> Any:
    """Return -log of the probability that a sigmoid of `-scores` gives, for each score.

    Beyond 6 either way it is flat, as in Mikolov's program: what is settled moves nothing, and no
    row can run away.
    """
    import tensorflow as tf

    return tf.nn.softplus(tf.clip_by_value(scores, -MOST_CERTAIN, MOST_CERTAIN))


def skip_gram(inputs: Any, outputs: Any, noise: Any, near: Any, share: float) -> Any:
    """Return the `Objective` by which each word's input vector predicts its neighbours."""
    import tensorflow as tf

    right = tf.matmul(inputs, outputs, transpose_b=True)
    wrong = tf.einsum("btd,nd->btn", inputs, noise)
    neighbours = tf.reduce_sum(near, axis=-1, keepdims=True)
    found = tf.reduce_sum(near * surprise(-right))
    return found + share * tf.reduce_sum(neighbours * surprise(wrong))


@dataclass(frozen=True, kw_only=True)
class Bags:
    """Each word as a bag of rows of the input table: itself and its character n-grams.

    Attributes:
        rows: All bags one after the other, int32.
        splits: Word `i` has `rows[splits[i]:splits[i + 1]]`; `(words + 1,)`, int64.
    """

    rows: Array
    splits: Array


def train_table(
    model: Any, size: Size, objective: Objective, *, settings: Settings, progress: Progress
) -> Any:
    """Train an `edgekit.domains.text.word_vectors.nearest_model` on running text and return it."""
    text = training_text(size)
    start = start_table(len(text.words))
    vectors = train_vectors(text, start, objective, settings=settings, progress=progress)
    return fill(model, vectors)


def train_vectors(
    text: Text,
    start: Array,
    objective: Objective,
    *,
    settings: Settings,
    progress: Progress,
    bags: Bags | None = None,
) -> Array:
    """Train an input table by negative sampling and return it.

    Every step reads a few blocks of text. All scores of a block are one matrix product, and each
    row moves by the sum of its gradients, which is what sequential descent does with small rates.

    Args:
        text: What to learn from.
        start: The input table at the start, `(rows, dimensions)`, float32.
        objective: The loss of a step.
        settings: See there.
        progress: Told after every epoch.
        bags: Given: a word's input vector is the mean of its bag's rows.

    Source: Mikolov et al., Distributed Representations of Words and Phrases, 2013,
        https://arxiv.org/abs/1310.4546; Ji et al., Parallelizing Word2Vec in Shared and
        Distributed Memory, 2016, https://arxiv.org/abs/1604.04661.
    """
    import tensorflow as tf

    table = tf.Variable(start)
    answers = tf.Variable(np.zeros((len(text.words), start.shape[1]), np.float32))
    epoch = _epoch_function(table, answers, objective, settings=settings, bags=bags)
    random = np.random.default_rng(np.random.randint(2**31))
    fall = (settings.learning_rate - LAST_RATE) / settings.epochs
    for done in range(settings.epochs):
        first = settings.learning_rate - fall * done
        blocks = read_blocks(text, settings, random)
        epoch(*map(tf.constant, blocks), tf.constant(first), tf.constant(first - fall))
        progress((done + 1) / settings.epochs, f"epoch {done + 1}/{settings.epochs}")
    return np.asarray(table)


def read_blocks(
    text: Text, settings: Settings, random: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """Thin out the frequent words of a text, cut it into blocks, shuffle them into steps.

    Blocks overlap by `2 * window` words, so that each word has all its neighbours in one block.

    Returns:
        `ids` and `lines` `(steps, BLOCKS, BLOCK)`, int32, where -1 pads the lines; `reach` of
        the same shape, int32: how far each word looks, 0 where another block has it in its
        middle; and `noise` `(steps, NOISE)`, int32, drawn from counts to the power of 3/4.

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
    places = inner * random.permutation(size // inner)[:, None] + np.arange(BLOCK)
    middle = (np.arange(BLOCK) >= window) & (np.arange(BLOCK) < BLOCK - window)
    shape = (-1, BLOCKS, BLOCK)
    noise = _noise(text, (size // inner // BLOCKS, NOISE), random)
    blocks = (ids[places], lines[places], reach[places] * middle)
    return (*(array.reshape(shape).astype(np.int32) for array in blocks), noise)


def _noise(text: Text, shape: tuple[int, int], random: np.random.Generator) -> Array:
    edges = np.cumsum(text.counts**0.75)
    drawn = np.searchsorted(edges, random.random(shape) * edges[-1])
    return np.asarray(drawn, np.int32)


def _epoch_function(
    table: Any, answers: Any, objective: Objective, *, settings: Settings, bags: Bags | None
) -> Any:
    """Compile one reading of the text: `(blocks..., first rate, last rate) -> None`."""
    import tensorflow as tf

    distance = np.abs(np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK)))
    distance[distance == 0] = BLOCK  # no word is its own neighbour
    look_up, add = _table_functions(table, bags)
    share = settings.negatives / NOISE

    @tf.function  # type: ignore[untyped-decorator]
    def epoch(ids: Any, lines: Any, reach: Any, noise: Any, first: Any, last: Any) -> Any:
        steps = tf.shape(ids)[0]
        for step in tf.range(steps):
            done = tf.cast(step, tf.float32) / tf.cast(steps, tf.float32)
            rate = first + (last - first) * done
            here = lines[step]
            near = (distance <= reach[step][..., None]) & (here[:, :, None] == here[:, None, :])
            weights = tf.cast(near, tf.float32)
            others = tf.gather(answers, ids[step]), tf.gather(answers, noise[step])
            rows = look_up(ids[step]), *others
            with tf.GradientTape() as tape:
                tape.watch(rows)
                loss = objective(*rows, weights, share)
            moves = [-rate * gradient for gradient in tape.gradient(loss, rows)]
            add(ids[step], moves[0])
            answers.scatter_add(tf.IndexedSlices(moves[1], ids[step]))
            answers.scatter_add(tf.IndexedSlices(moves[2], noise[step]))

    return epoch


def _table_functions(table: Any, bags: Bags | None) -> tuple[Any, Any]:
    """Return `ids -> vectors` and `(ids, moves) -> None` for a table of words or of bags."""
    import tensorflow as tf

    if bags is None:
        return (
            lambda ids: tf.gather(table, ids),
            lambda ids, moves: table.scatter_add(tf.IndexedSlices(moves, ids)),
        )
    ragged = tf.RaggedTensor.from_row_splits(bags.rows, bags.splits)

    def look_up(ids: Any) -> Any:
        bag = tf.gather(ragged, tf.reshape(ids, [-1]))
        sums = tf.math.segment_sum(tf.gather(table, bag.values), bag.value_rowids())
        means = sums / tf.cast(bag.row_lengths(), tf.float32)[:, None]
        return tf.reshape(means, [*ids.shape, table.shape[1]])

    def add(ids: Any, moves: Any) -> None:
        # Each row moves as far as the word should, as in Bojanowski's program: so does their mean.
        bag = tf.gather(ragged, tf.reshape(ids, [-1]))
        flat = tf.reshape(moves, [-1, table.shape[1]])
        table.scatter_add(tf.IndexedSlices(tf.gather(flat, bag.value_rowids()), bag.values))

    return look_up, add
