"""Masked-language pre-training: hide pieces of a text, and learn to predict them.

Source: Devlin, Chang, Lee, Toutanova, BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding, 2019, https://arxiv.org/abs/1810.04805.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.learning.optimizers import adamw, muon
from edgekit.domains.text.language_model import sampled_softmax_loss
from edgekit.on_device.subwords import FIRST_BYTE, MASK, PADDING

if TYPE_CHECKING:
    import keras

HIDDEN_SHARE = 0.4
"""Share of the pieces of a sequence that are to be predicted. With more than BERT's 0.15 a step
teaches more (Wettig, Gao, Zhong, Chen 2023, https://arxiv.org/abs/2202.08005)."""

MASKED, REPLACED = 0.8, 0.1
"""Of these pieces, the share that is masked and the share that is replaced by a random piece; the
rest stay as they are. The network cannot tell which pieces it will be asked for, so it must
understand all of them."""

WEIGHT_DECAY = 0.01


@dataclass(frozen=True, kw_only=True)
class EncoderSchedule:
    """How long and how fast to train an encoder, for pre-training and for fine-tuning.

    Attributes:
        epochs: Times each example is seen.
        batch_size: Examples per step.
        peak_rate: Highest learning rate, reached after a tenth of the steps.
    """

    epochs: int
    batch_size: int
    peak_rate: float

    def for_few(self, num_examples: int, seen: int) -> EncoderSchedule:
        """Return the schedule with enough epochs to see `seen` examples in all, 20 at most."""
        return replace(self, epochs=min(20, max(self.epochs, seen // max(1, num_examples))))

    def num_steps(self, num_examples: int) -> int:
        """Return the steps of the whole training with so many examples."""
        return self.epochs * -(-num_examples // self.batch_size)

    def optimizer(self, num_examples: int) -> keras.optimizers.Optimizer:
        """Return a new AdamW for so many examples."""
        return adamw(self.peak_rate, self.num_steps(num_examples), weight_decay=WEIGHT_DECAY)


@dataclass(frozen=True, kw_only=True)
class HiddenPieces:
    """Sequences with hidden pieces, and the pieces that were hidden.

    Attributes:
        tokens: What the network sees, `(n, length)`, int32.
        positions: Where it has to predict, `(n, num_hidden)`, int32.
        targets: The pieces that stood there, `(n, num_hidden)`, int32.
        weights: 1.0 for a prediction that counts; 0.0 where a short text has fewer to hide.
    """

    tokens: Array
    positions: Array
    targets: Array
    weights: Array


def hide_pieces(tokens: Array, vocabulary: int, random: np.random.Generator) -> HiddenPieces:
    """Hide `HIDDEN_SHARE` of each sequence's pieces, rounded, at least one; never the padding.

    Args:
        tokens: Ids of pieces, `(n, length)`, int32; each row holds at least one piece.
        vocabulary: Number of ids; a replaced piece becomes one of those that stand for text.
        random: Decides which pieces are hidden, and how.
    """
    length = tokens.shape[1]
    is_text = tokens != PADDING
    order = np.argsort(np.where(is_text, random.random(tokens.shape), 2.0), axis=1)
    positions = order[:, : max(1, round(HIDDEN_SHARE * length))]
    num_hidden = np.maximum(1, np.round(HIDDEN_SHARE * is_text.sum(axis=1, keepdims=True)))
    counts = np.arange(positions.shape[1]) < num_hidden
    targets = np.take_along_axis(tokens, positions, axis=1)
    how = random.random(positions.shape)
    any_piece = random.integers(FIRST_BYTE, vocabulary, positions.shape)
    shown = np.where(how < MASKED, MASK, np.where(how < MASKED + REPLACED, any_piece, targets))
    seen = tokens.copy()
    np.put_along_axis(seen, positions, np.where(counts, shown, targets).astype(np.int32), axis=1)
    return HiddenPieces(
        tokens=seen,
        positions=positions.astype(np.int32),
        targets=targets,
        weights=counts.astype(np.float32),
    )


def random_stretches(texts: Sequence[Array], length: int, random: np.random.Generator) -> Array:
    """Return `length` consecutive pieces from a random part of each text, padded at the end.

    Drawn anew for each epoch, they show in time all of a text that is longer than the network.

    Returns:
        int32 array `(len(texts), length)`.
    """
    rows = np.full((len(texts), length), PADDING, np.int32)
    for row, text in zip(rows, texts, strict=True):
        start = int(random.integers(0, max(1, len(text) - length + 1)))
        stretch = text[start : start + length]
        row[: len(stretch)] = stretch
    return rows


def masked_language_model(encoder: keras.Model, size: int) -> keras.Model:
    """Return a model that predicts hidden pieces from the vectors an encoder gives.

    Only hidden positions are computed. Their vectors are compared with the embeddings of the pieces
    (Press and Wolf 2017, https://arxiv.org/abs/1608.05859), so pieces that fit the same contexts
    get similar embeddings.

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
    model: keras.Model,
    table: keras.Variable,
    texts: Sequence[Array],
    *,
    schedule: EncoderSchedule,
    progress: Progress,
) -> None:
    """Train a `masked_language_model`; each epoch hides other pieces of other stretches of text.

    Args:
        model: The model; the encoder within it learns.
        table: The embeddings, `(vocabulary, size)`.
        texts: Ids of the pieces of each text, of any length.
        schedule: How long and how fast.
        progress: Told the loss after every epoch.
    """
    length, vocabulary = model.inputs[0].shape[1], table.shape[0]
    random = np.random.default_rng(0)
    counts = np.bincount(np.concatenate(texts), minlength=vocabulary)
    steps = schedule.num_steps(len(texts))
    optimizer = muon(schedule.peak_rate, steps, weight_decay=WEIGHT_DECAY)
    model.compile(optimizer, sampled_softmax_loss(table, counts, drift=0.0))
    for epoch in range(1, schedule.epochs + 1):
        hidden = hide_pieces(random_stretches(texts, length, random), vocabulary, random)
        history = model.fit(
            [hidden.tokens, hidden.positions],
            hidden.targets,
            sample_weight=hidden.weights,
            batch_size=schedule.batch_size,
            verbose=0,
        ).history
        loss = history["loss"][0] / hidden.weights.mean()
        progress(epoch / schedule.epochs, f"guessing {epoch}/{schedule.epochs}, loss {loss:.3f}")
