"""Masked-language pre-training: hide pieces of a text, and learn to guess them.

Source: Devlin, Chang, Lee, Toutanova, BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding, 2019, https://arxiv.org/abs/1810.04805.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.learning.optimizers import muon, warm_up_and_fall
from edgekit.domains.text.language_model import sampled_loss
from edgekit.on_device.subwords import FIRST_BYTE, MASK, PADDING

HIDDEN_SHARE = 0.4
"""Share of a sequence's pieces that are to be guessed: with more than BERT's 0.15 a step teaches
more (Wettig, Gao, Zhong, Chen 2023, https://arxiv.org/abs/2202.08005)."""

MASKED, REPLACED = 0.8, 0.1
"""Of those, the shares that are masked and that become any other piece; the rest stay as they are.
The network cannot tell which pieces it will be asked for, so it must understand all of them."""


WEIGHT_DECAY = 0.01


@dataclass(frozen=True, kw_only=True)
class Masked:
    """Sequences with hidden pieces, and what they were.

    Attributes:
        tokens: What the network sees, `(n, length)`, int32.
        positions: Where it has to guess, `(n, num_hidden)`, int32.
        targets: The pieces that stood there, `(n, num_hidden)`, int32.
        weights: 1.0 for a guess that counts, 0.0 where a short text has fewer to hide.
    """

    tokens: Array
    positions: Array
    targets: Array
    weights: Array


def hide(tokens: Array, vocabulary: int, random: np.random.Generator) -> Masked:
    """Hide `HIDDEN_SHARE` of each sequence's pieces, rounded, at least one; never the padding.

    Args:
        tokens: Ids of pieces, `(n, length)`, int32; each row holds one that is no padding.
        vocabulary: Number of ids; a replaced piece becomes one of those that stand for text.
        random: Decides which are hidden, and how.
    """
    length = tokens.shape[1]
    is_text = tokens != PADDING
    order = np.argsort(np.where(is_text, random.random(tokens.shape), 2.0), axis=1)
    positions = order[:, : max(1, round(HIDDEN_SHARE * length))]
    wanted = np.maximum(1, np.round(HIDDEN_SHARE * is_text.sum(axis=1, keepdims=True)))
    counts = np.arange(positions.shape[1]) < wanted
    targets = np.take_along_axis(tokens, positions, axis=1)
    how = random.random(positions.shape)
    any_piece = random.integers(FIRST_BYTE, vocabulary, positions.shape)
    shown = np.where(how < MASKED, MASK, np.where(how < MASKED + REPLACED, any_piece, targets))
    seen = tokens.copy()
    np.put_along_axis(seen, positions, np.where(counts, shown, targets).astype(np.int32), axis=1)
    return Masked(
        tokens=seen,
        positions=positions.astype(np.int32),
        targets=targets,
        weights=counts.astype(np.float32),
    )


def windows(texts: Sequence[Array], length: int, random: np.random.Generator) -> Array:
    """Return a stretch of `length` pieces from anywhere in each text, padded at its end.

    Drawn anew for each epoch, stretches show in time all of a text that is longer than the network.

    Returns:
        int32 array `(len(texts), length)`.
    """
    found = np.full((len(texts), length), PADDING, np.int32)
    for row, text in zip(found, texts, strict=True):
        start = int(random.integers(0, max(1, len(text) - length + 1)))
        stretch = text[start : start + length]
        row[: len(stretch)] = stretch
    return found


def guesser(encoder: Any, size: int) -> Any:
    """Return a model that guesses hidden pieces from what an encoder makes of the others.

    Only the hidden positions are looked at. What it gives is compared with the pieces' embeddings
    themselves (Press and Wolf 2017, https://arxiv.org/abs/1608.05859), so pieces that fit the same
    places get similar rows.

    Args:
        encoder: Model of tokens `(n, length)`, with vectors `(n, length, width)`.
        size: Of the embeddings.

    Returns:
        A model of `tokens` and `positions` with vectors `(n, num_hidden, size)`.
    """
    import keras

    positions = keras.Input((None,), name="positions", dtype="int32")
    vectors = keras.ops.take_along_axis(encoder.output, positions[..., None], axis=1)
    vectors = keras.layers.Dense(size, activation="relu")(vectors)
    vectors = keras.layers.LayerNormalization()(vectors)
    return keras.Model([encoder.input, positions], vectors)


def pretrain(
    model: Any, table: Any, texts: Sequence[Array], *, schedule: Schedule, progress: Progress
) -> None:
    """Train a `guesser` on texts; each epoch sees other stretches with other pieces hidden.

    Args:
        model: What `guesser` returned; the encoder within it learns.
        table: Variable that holds the embeddings, `(vocabulary, size)`.
        texts: Ids of the pieces of each text, of any length.
        schedule: How long and how fast.
        progress: Told after each epoch.
    """
    length, vocabulary = model.inputs[0].shape[1], table.shape[0]
    random = np.random.default_rng(0)
    counts = np.bincount(np.concatenate(texts), minlength=vocabulary)
    steps = schedule.epochs * -(-len(texts) // schedule.batch_size)
    optimizer = muon(schedule.peak_rate, steps, weight_decay=WEIGHT_DECAY)
    model.compile(optimizer, sampled_loss(table, counts, drift=0.0))
    for epoch in range(1, schedule.epochs + 1):
        masked = hide(windows(texts, length, random), vocabulary, random)
        history = model.fit(
            [masked.tokens, masked.positions],
            masked.targets,
            sample_weight=masked.weights,
            batch_size=schedule.batch_size,
            verbose=0,
        )
        loss_now = history.history["loss"][0] / masked.weights.mean()
        progress(
            epoch / schedule.epochs, f"guessing {epoch}/{schedule.epochs}, loss {loss_now:.3f}"
        )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast to train: Adam, with warm-up and decay of its rate.

    Attributes:
        epochs: Times that each example is seen.
        batch_size: Examples of one step.
        peak_rate: Learning rate after the first tenth of the steps; it then falls to nothing.
    """

    epochs: int
    batch_size: int
    peak_rate: float

    def optimizer(self, num_examples: int) -> Any:
        """Return a fresh optimizer for so many examples an epoch."""
        import keras

        steps = self.epochs * -(-num_examples // self.batch_size)
        rate = warm_up_and_fall(self.peak_rate, steps)
        return keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, clipnorm=1.0)
