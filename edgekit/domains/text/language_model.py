"""Train a language model: one cycle of learning rates, a sampled softmax first, the whole one last.

A small network spends most of its time on scores of words that are not there. For the first part of
the training a sample of them, drawn anew for each batch, stands for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.learning.optimizers import muon
from edgekit.domains.text.tokens import NUM_TOKENS, windows

Loss = Callable[[Any, Any], Any]
"""`(tokens (batch, n), vectors (batch, n, size)) -> loss of each token, (batch, n)`."""

SAMPLES = 1024
"""Tokens that stand for all: a step then takes three fifths of the time in text_gpt2."""
DRIFT = 0.1
"""Weight of the squared logarithm of the softmax's sum. It keeps scores near logarithms of
probabilities, from which they may drift together otherwise: int8 would have to span that too.

Source: Chowdhery et al., PaLM, 2022, https://arxiv.org/abs/2204.02311, section 5.
"""
WORTH_COMPILING = 300
"""Steps from which on XLA saves more time than its compilation takes."""
WEIGHT_DECAY = 0.02


@dataclass(frozen=True, kw_only=True)
class Course:
    """How long and how fast to train.

    Attributes:
        epochs: Times the text is read, each time cut into other windows.
        whole: Share of the steps, the last ones, with the softmax over all tokens; 0..1.
        batch_size: Windows a step.
        peak_rate: Highest learning rate.
        surer: Share of the softmax's target that goes to the model's own first choice, 0..1, in the
            part with all tokens: it parts choices that were nearly equal, which int8 would confuse.
    """

    epochs: int
    whole: float
    batch_size: int
    peak_rate: float
    surer: float = 0.0


def train_vectors(
    network: Any,
    table: Any,
    *,
    examples: tuple[Array, Array],
    course: Course,
    progress: Progress,
) -> None:
    """Train a network whose vectors, times the vectors of all tokens, score the tokens.

    Args:
        network: `keras.Model` from windows to vectors `(batch, n, size)`.
        table: Variable that holds the tokens' output vectors, `(NUM_TOKENS, size)`.
        examples: Windows `(count, length)` and tokens to be predicted `(count, n)`, in the order
            to be trained on; `epochs` of `cut` make the first.
        course: How.
        progress: Told the loss.
    """
    import keras

    inputs, targets = examples
    steps = len(inputs) // course.batch_size
    sampled = steps - round(course.whole * steps)
    optimizer = muon(course.peak_rate, steps, weight_decay=WEIGHT_DECAY)
    counts = np.bincount(targets.ravel(), minlength=NUM_TOKENS)
    for loss, first, last in (
        (sampled_loss(table, counts), 0, sampled),
        (whole_loss(table, course.surer), sampled, steps),
    ):
        if first < last:
            network.compile(optimizer, loss, jit_compile=steps > WORTH_COMPILING)
            rows = slice(first * course.batch_size, last * course.batch_size)
            told = _Teller(first, steps, progress)
            network.fit(
                inputs[rows],
                targets[rows],
                batch_size=course.batch_size,
                shuffle=False,
                verbose=0,
                callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=told)],
            )


def cut(tokens: Array, length: int, epochs: int) -> Array:
    """Return shuffled windows of a text, cut at other places in each epoch."""
    random = np.random.default_rng(0)
    starts = random.integers(length - 1, size=epochs)
    return np.concatenate([random.permutation(windows(tokens[start:], length)) for start in starts])


def whole_loss(table: Any, surer: float = 0.0) -> Loss:
    """Return the cross-entropy of the softmax over all rows of a table.

    Args:
        table: Output vectors of the tokens.
        surer: Share of the target that the token with the highest score takes from the right one.

    Source: a model's own choice as target: Reed et al., Training Deep Neural Networks on Noisy
        Labels with Bootstrapping, 2015, https://arxiv.org/abs/1412.6596.
    """
    from keras import ops

    def loss(tokens: Any, vectors: Any) -> Any:
        scores = ops.matmul(vectors, ops.transpose(ops.convert_to_tensor(table)))
        right = ops.take_along_axis(scores, ops.cast(tokens, "int32")[..., None], axis=-1)[..., 0]
        wanted = (1 - surer) * right + surer * ops.max(scores, axis=-1)
        total = ops.logsumexp(scores, axis=-1)
        return total - wanted + DRIFT * ops.square(total)

    return loss


def sampled_loss(table: Any, counts: Array, *, drift: float = DRIFT) -> Loss:
    """Return the cross-entropy against `SAMPLES` tokens, drawn by the root of their frequency.

    Each drawn token's score is lowered by the logarithm of how often it is expected to be drawn,
    so that they stand for all tokens; one that is the right answer is taken out.

    Args:
        table: Output vectors of the tokens.
        counts: How often each token is the right answer.
        drift: Weight of the squared logarithm of the softmax's sum.

    Source: Jean et al., On Using Very Large Target Vocabulary for Neural Machine Translation, 2015,
        https://aclanthology.org/P15-1001.
    """
    import keras
    from keras import ops

    shares = np.sqrt(np.asarray(counts, np.float64) + 1)
    shares /= shares.sum()
    expected = np.log(SAMPLES * shares).astype(np.float32)
    limits = np.cumsum(shares)[:-1].astype(np.float32)
    random = keras.random.SeedGenerator(0)

    def loss(tokens: Any, vectors: Any) -> Any:
        tokens = ops.cast(tokens, "int32")
        rows = ops.convert_to_tensor(table)
        drawn = ops.searchsorted(limits, keras.random.uniform((SAMPLES,), seed=random))
        scores = ops.matmul(vectors, ops.transpose(ops.take(rows, drawn, axis=0)))
        scores = scores - ops.take(expected, drawn)
        scores = ops.where(tokens[..., None] == ops.cast(drawn, "int32"), -1e9, scores)
        right = ops.sum(vectors * ops.take(rows, tokens, axis=0), axis=-1, keepdims=True)
        total = ops.logsumexp(ops.concatenate([right, scores], axis=-1), axis=-1)
        return total - right[..., 0] + drift * ops.square(total)

    return loss


class _Teller:
    """Tells a `Progress` of every fiftieth step; a second `fit` goes on counting."""

    def __init__(self, first: int, steps: int, progress: Progress) -> None:
        self._first, self._steps, self._progress = first, steps, progress

    def __call__(self, step: int, logs: dict[str, float]) -> None:
        done = self._first + step
        if done % 50 == 0:
            told = f"step {done}/{self._steps}, loss {logs['loss']:.3f}"
            self._progress(done / self._steps, told)
