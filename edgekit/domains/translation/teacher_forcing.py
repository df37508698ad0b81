"""Train a translator on verses: batches of similar length, scores that are log-probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from edgekit.core.parallel import part
from edgekit.core.types import Array, Progress, Run, Size
from edgekit.domains.learning.optimizers import adamw
from edgekit.domains.translation.verses import shifted, target_tokens, translation_data
from edgekit.on_device.subwords import PADDING
from edgekit.source_model.reference import runner

if TYPE_CHECKING:
    import keras

Optimizer: TypeAlias = "Callable[[float, int], keras.optimizers.Optimizer]"
"""`(highest learning rate, steps) -> keras optimizer`."""

Drive = Callable[[Mapping[str, Run], int], Run]
"""`({part name: run}, width of the beam) -> run`."""

SplitModel: TypeAlias = "Callable[[keras.Model], Mapping[str, keras.Model]]"
"""`whole model -> {part name: model of the part}`."""

NORMALIZING = 0.2
CHUNK = 256
POOL = 16
"""Batches that are drawn together at random, then sorted by length and cut: little of what is
computed is padding, and an epoch still has its batches in random order."""


@dataclass(frozen=True, kw_only=True)
class TranslatorSchedule:
    """How to train a translator.

    Attributes:
        epochs: Times each verse is seen.
        batch_size: Verses per step.
        learning_rate: The highest rate; see `warm_up_and_fall`.
        smoothing: Share of the target that is spread over all subwords, 0..1.
        bootstrap: Share of the target that goes to the network's own first choice, 0..1. It
            separates choices that were nearly equal, which int8 would confuse.
        beam: Width of the beam that makes the network's own translations; 1 is greedy.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    smoothing: float = 0.1
    bootstrap: float = 0.0
    beam: int = 1


def train_translator(
    model: keras.Model,
    size: Size,
    progress: Progress,
    *,
    schedules: Sequence[TranslatorSchedule],
    split: SplitModel,
    drive: Drive,
    optimizer: Optimizer = adamw,
    after_batch: Callable[[], None] = lambda: None,
) -> None:
    """Train on the training verses by the first schedule; by the others, on its own translations.

    Trained on its own translations, a network translates alike what it used to translate now one
    way, now another, and is more confident. Rounding to int8 then changes fewer of its choices.
    Translations found with a beam are better, and teach it to do as well without one.

    Args:
        model: (source, target so far) -> scores; the last layer is a Dense `answer`.
        size: Which verses.
        progress: Told the loss after every epoch.
        schedules: How long, and how fast.
        split: The recipe's, as `Parts` has it.
        drive: The recipe's, which also takes the width of a beam.
        optimizer: Makes one from the learning rate and the number of steps.
        after_batch: Called after each step, to put weights back into their allowed range.

    Source: Kim, Rush, Sequence-Level Knowledge Distillation, 2016, https://aclanthology.org/D16-1139.
    """
    verses = translation_data("train", size)
    source, target = verses.inputs["source"], target_tokens(verses.target().tolist())
    _start_with_frequencies(model.get_layer("answer"), target)
    for number, schedule in enumerate(schedules):
        share = part(progress, number / len(schedules), (number + 1) / len(schedules))
        if number:
            share(0.0, f"translating the next training targets, beam of {schedule.beam}")
            target = _translated(translator(split(model), drive, schedule.beam), source)
        force_targets(
            model,
            (source, target),
            share,
            schedule=schedule,
            optimizer=optimizer,
            after_batch=after_batch,
        )


def force_targets(
    model: keras.Model,
    pairs: tuple[Array, Array],
    progress: Progress,
    *,
    schedule: TranslatorSchedule,
    optimizer: Optimizer = adamw,
    after_batch: Callable[[], None] = lambda: None,
) -> None:
    """Train by teacher forcing: the model gets the right subwords before each one it predicts.

    Args:
        model: Inputs `(n, any)` twice, int32; output `(n, any, ids)`.
        pairs: Sources and their translations, `(n, 40)` each, int32.
        progress: Told the loss after every epoch.
        schedule: How long, and how fast.
        optimizer: Makes one from the learning rate and the number of steps.
        after_batch: Called after each step.
    """
    import keras

    source, target = pairs
    epochs = schedule.epochs
    steps = epochs * -(-len(source) // schedule.batch_size)
    loss = normalized_loss(smoothing=schedule.smoothing, bootstrap=schedule.bootstrap)
    # XLA takes a minute to compile each of the lengths, and saves nothing on a CPU.
    model.compile(optimizer(schedule.learning_rate, steps), loss, jit_compile=False)
    random = np.random.default_rng(int(keras.random.randint((), 0, 1 << 30)))
    for epoch in range(epochs):
        losses = []
        for rows, tokens in batches(target, schedule.batch_size, random):
            inputs = [without_shared_padding(source[rows]), shifted(tokens)]
            losses.append(model.train_on_batch(inputs, tokens))
            after_batch()
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {np.mean(losses):.3f}")


def translator(parts: Mapping[str, keras.Model], drive: Drive, beam: int = 1) -> Run:
    """Return the translator that Keras models of its parts make together."""
    return drive({name: runner(part) for name, part in parts.items()}, beam)


def _translated(run: Run, source: Array) -> Array:
    chunks = [source[start : start + CHUNK] for start in range(0, len(source), CHUNK)]
    return np.concatenate([run({"source": chunk})["tokens"] for chunk in chunks])


def _start_with_frequencies(answer: keras.layers.Dense, target: Array) -> None:
    """Make the first scores log-frequencies of subwords: the first hundred steps learn those."""
    kernel, bias = answer.get_weights()
    counts = np.bincount(target[target != PADDING], minlength=len(bias)) + 0.1
    answer.set_weights([kernel, np.log(counts / counts.sum())])


def batches(
    target: Array, batch_size: int, random: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Yield, for each batch of an epoch, row numbers and these rows without shared padding."""
    lengths = np.count_nonzero(target != PADDING, axis=1)
    order = random.permutation(len(target))
    batched: list[Array] = []
    for start in range(0, len(order), POOL * batch_size):
        pool = order[start : start + POOL * batch_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batched += [pool[first : first + batch_size] for first in range(0, len(pool), batch_size)]
    for index in random.permutation(len(batched)):
        rows = batched[index]
        yield rows, without_shared_padding(target[rows])


def without_shared_padding(tokens: Array) -> Array:
    """Return rows without the padding they share; a multiple of 8 columns, for few shapes."""
    longest = int(np.count_nonzero(tokens != PADDING, axis=1).max())
    return tokens[:, : -(-longest // 8) * 8]


def normalized_loss(
    *, smoothing: float, bootstrap: float
) -> Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]:
    """Return cross-entropy with a penalty that makes scores log-probabilities.

    The penalty is the squared logarithm of the softmax's sum, which is 0 for log-probabilities. The
    device can then use the scores as they are, without a softmax over all ids, and they lie in a
    known range.

    Args:
        smoothing: Share of the target that is spread over all ids, 0..1.
        bootstrap: Share of the target that the id with the highest score takes from the right one,
            0..1.

    Source: the penalty: Devlin et al., Fast and Robust Neural Network Joint Models for Statistical
        Machine Translation, 2014, https://aclanthology.org/P14-1129; smoothing: Szegedy et al.,
        Rethinking the Inception Architecture, 2015, https://arxiv.org/abs/1512.00567; a model's
        own choice as target: Reed et al., Training Deep Neural Networks on Noisy Labels with
        Bootstrapping, 2015, https://arxiv.org/abs/1412.6596.
    """
    from keras import ops

    def loss(expected: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
        expected = ops.cast(expected, "int32")
        total = ops.logsumexp(scores, axis=-1)
        right = ops.take_along_axis(scores, expected[..., None], axis=-1)[..., 0]
        target_score = (1 - smoothing - bootstrap) * right
        target_score += smoothing * ops.mean(scores, axis=-1) + bootstrap * ops.max(scores, axis=-1)
        counts = ops.cast(ops.not_equal(expected, PADDING), scores.dtype)
        losses = total - target_score + NORMALIZING * ops.square(total)
        return ops.sum(losses * counts) / ops.sum(counts)

    return loss
