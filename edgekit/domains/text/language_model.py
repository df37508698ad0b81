"""Train a language model: one cycle of learning rates, a sampled softmax first, the full one last.

A small network spends most of its time on the scores of tokens that are not the right one. For the
first part of the training a sample of tokens, drawn anew for each batch, stands for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.learning.optimizers import muon
from edgekit.domains.text.tokens import NUM_TOKENS, windows

if TYPE_CHECKING:
    import keras

Loss: TypeAlias = "Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]"
"""`(tokens (batch, n), vectors (batch, n, size)) -> loss of each token, (batch, n)`."""

SAMPLES = 1024
"""Tokens that stand for all of them: a step of text_gpt2 then takes three fifths of the time."""
DRIFT = 0.1
"""Weight of the squared logarithm of the softmax's sum. It keeps scores close to log-probabilities;
without it they can drift together, and int8 would have to span the drift too.

Source: Chowdhery et al., PaLM, 2022, https://arxiv.org/abs/2204.02311, section 5.
"""
WORTH_COMPILING = 300
"""Number of steps from which XLA saves more time than its compilation takes."""
WEIGHT_DECAY = 0.02


@dataclass(frozen=True, kw_only=True)
class LanguageModelSchedule:
    """How long and how fast to train a language model.

    Attributes:
        epochs: Times the text is read, each time cut into other windows.
        full_softmax_share: Share of the steps, the last ones, with the softmax over all tokens;
            0..1.
        batch_size: Windows per step.
        peak_rate: Highest learning rate.
        bootstrap: Share of the target that goes to the model's own first choice while the softmax
            is over all tokens, 0..1. It separates choices that were nearly equal, which int8 would
            confuse.
    """

    epochs: int
    full_softmax_share: float
    batch_size: int
    peak_rate: float
    bootstrap: float = 0.0


def train_language_model(
    network: keras.Model,
    table: keras.Variable,
    *,
    examples: tuple[Array, Array],
    schedule: LanguageModelSchedule,
    progress: Progress,
) -> None:
    """Train a network whose vectors, multiplied with those of all tokens, score the tokens.

    Args:
        network: Model from windows to vectors `(batch, n, size)`.
        table: The tokens' output vectors, `(NUM_TOKENS, size)`.
        examples: Windows `(count, length)` and the tokens to predict `(count, n)`, in training
            order; `shuffled_windows` makes the first.
        schedule: How long and how fast; `examples` already repeats the text for each epoch.
        progress: Told the loss every 50 steps.
    """
    import keras

    inputs, targets = examples
    steps = len(inputs) // schedule.batch_size
    sampled = steps - round(schedule.full_softmax_share * steps)
    optimizer = muon(schedule.peak_rate, steps, weight_decay=WEIGHT_DECAY)
    counts = np.bincount(targets.ravel(), minlength=NUM_TOKENS)
    for loss, first, last in (
        (sampled_softmax_loss(table, counts), 0, sampled),
        (full_softmax_loss(table, schedule.bootstrap), sampled, steps),
    ):
        if first < last:
            network.compile(optimizer, loss, jit_compile=steps > WORTH_COMPILING)
            rows = slice(first * schedule.batch_size, last * schedule.batch_size)
            tell = _every_50_steps(first, steps, progress)
            network.fit(
                inputs[rows],
                targets[rows],
                batch_size=schedule.batch_size,
                shuffle=False,
                verbose=0,
                callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=tell)],
            )


def shuffled_windows(tokens: Array, length: int, epochs: int) -> Array:
    """Return the windows of each epoch, `(count, length)`: shuffled, and cut at other positions."""
    random = np.random.default_rng(0)
    starts = random.integers(length - 1, size=epochs)
    return np.concatenate([random.permutation(windows(tokens[start:], length)) for start in starts])


def full_softmax_loss(table: keras.Variable, bootstrap: float = 0.0) -> Loss:
    """Return the cross-entropy of the softmax over all rows of a table.

    Args:
        table: Output vectors of the tokens.
        bootstrap: Share of the target that the token with the highest score takes from the right
            one, 0..1.

    Source: a model's own choice as target: Reed et al., Training Deep Neural Networks on Noisy
        Labels with Bootstrapping, 2015, https://arxiv.org/abs/1412.6596.
    """
    from keras import ops

    def loss(tokens: keras.KerasTensor, vectors: keras.KerasTensor) -> keras.KerasTensor:
        scores = ops.matmul(vectors, ops.transpose(ops.convert_to_tensor(table)))
        right = ops.take_along_axis(scores, ops.cast(tokens, "int32")[..., None], axis=-1)[..., 0]
        target_score = (1 - bootstrap) * right + bootstrap * ops.max(scores, axis=-1)
        total = ops.logsumexp(scores, axis=-1)
        return total - target_score + DRIFT * ops.square(total)

    return loss


def sampled_softmax_loss(table: keras.Variable, counts: Array, *, drift: float = DRIFT) -> Loss:
    """Return the cross-entropy against `SAMPLES` tokens, drawn by the root of their frequency.

    The score of each drawn token is lowered by the logarithm of how often it is expected to be
    drawn, so that the sample stands for all tokens. Where the right one is drawn, it is left out.

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

    def loss(tokens: keras.KerasTensor, vectors: keras.KerasTensor) -> keras.KerasTensor:
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


def _every_50_steps(
    first: int, steps: int, progress: Progress
) -> Callable[[int, dict[str, float]], None]:
    """Return a batch callback for a `fit` that begins at step `first` of all `steps`."""

    def tell(step: int, logs: dict[str, float]) -> None:
        done = first + step
        if done % 50 == 0:
            progress(done / steps, f"step {done}/{steps}, loss {logs['loss']:.3f}")

    return tell
