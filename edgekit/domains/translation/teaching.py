"""Train a translator on verses: batches of like length, and scores that are log-probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.core.parallel import part
from edgekit.core.types import Array, Progress, Run, Size
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.translation.verses import shifted, target_tokens, translation_data
from edgekit.on_device.subwords import PADDING
from edgekit.source_model.reference import runner

Optimizer = Callable[[float, int], Any]
"""`(highest learning rate, steps) -> keras optimizer`."""

Drive = Callable[[Mapping[str, Run], int], Run]
"""`({part name: run}, width of the beam) -> run`."""

NORMALIZING = 0.2
CHUNK = 256
POOL = 16
"""So many batches are drawn at random, then sorted by length and cut: little padding is computed,
and an epoch still has its batches in random order."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How to train.

    Attributes:
        epochs: Times each verse is seen.
        batch_size: Verses a step.
        learning_rate: At the top: it rises for a tenth of the steps, then falls as a cosine.
        smoothing: Share of the target that is spread over all subwords, 0..1.
        surer: Share of the target that goes to the network's own first choice, 0..1. It parts
            choices that were nearly equal, which int8 would confuse.
        beam: Beginnings kept in making its own translations; 1 is greedy.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    smoothing: float = 0.1
    surer: float = 0.0
    beam: int = 1


def adamw(learning_rate: float, steps: int) -> Any:
    """Return AdamW with `warm_up_and_fall`."""
    import keras

    rate = warm_up_and_fall(learning_rate, steps)
    return keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0)


def learn(
    model: Any,
    size: Size,
    progress: Progress,
    *,
    schedules: Sequence[Schedule],
    split: Callable[[Any], Mapping[str, Any]],
    drive: Drive,
    optimizer: Optimizer = adamw,
    after_batch: Callable[[], None] = lambda: None,
) -> None:
    """Train on the training verses by the first schedule; by others, on its own translations.

    A network that learned from its own answers is surer of itself: what it translated now so, now
    so, it learns to translate one way. Rounding to int8 then changes fewer of its choices. Answers
    found with a beam are better ones, and teach it to find as good ones without.

    Args:
        model: (source, what was said before) -> scores; the last layer is a Dense `answer`.
        size: Which verses.
        progress: Told each epoch's loss.
        schedules: How long, and how fast.
        split: The recipe's, as `Parts` has it.
        drive: The recipe's, which also takes the width of a beam.
        optimizer: Of the learning rate and the number of steps.
        after_batch: Called after each step, to keep weights within what they may be.

    Source: Kim, Rush, Sequence-Level Knowledge Distillation, 2016, https://aclanthology.org/D16-1139.
    """
    verses = translation_data("train", size)
    source, target = verses.inputs["source"], target_tokens(verses.target().tolist())
    _begin_with_frequencies(model.get_layer("answer"), target)
    for number, schedule in enumerate(schedules):
        share = part(progress, number / len(schedules), (number + 1) / len(schedules))
        if number:
            share(0.0, f"translates what it learns from next, beam of {schedule.beam}")
            target = _translated(translator(split(model), drive, schedule.beam), source)
        teach(
            model,
            (source, target),
            share,
            schedule=schedule,
            optimizer=optimizer,
            after_batch=after_batch,
        )


def teach(
    model: Any,
    lessons: tuple[Array, Array],
    progress: Progress,
    *,
    schedule: Schedule,
    optimizer: Optimizer = adamw,
    after_batch: Callable[[], None] = lambda: None,
) -> None:
    """Train by teacher forcing: the model is given the right words said before each.

    Args:
        model: Inputs `(n, any)` twice, int32; output `(n, any, ids)`.
        lessons: Sources and what to say to them, `(n, 40)` each, int32.
        progress: Told each epoch's loss.
        schedule: How long, and how fast.
        optimizer: Of the learning rate and the number of steps.
        after_batch: Called after each step.
    """
    import keras

    source, target = lessons
    epochs = schedule.epochs
    steps = epochs * -(-len(source) // schedule.batch_size)
    # XLA compiles each of the lengths for a minute and saves nothing on a CPU.
    loss = normalized_loss(smoothing=schedule.smoothing, surer=schedule.surer)
    model.compile(optimizer(schedule.learning_rate, steps), loss, jit_compile=False)
    random = np.random.default_rng(int(keras.random.randint((), 0, 1 << 30)))
    for epoch in range(epochs):
        losses = []
        for rows, said in batches(target, schedule.batch_size, random):
            losses.append(model.train_on_batch([cut(source[rows]), shifted(said)], said))
            after_batch()
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, loss {np.mean(losses):.3f}")


def translator(parts: Mapping[str, Any], drive: Drive, beam: int = 1) -> Run:
    """Return the function of sources that Keras models make as parts of a translator."""
    return drive({name: runner(part) for name, part in parts.items()}, beam)


def _translated(run: Run, source: Array) -> Array:
    chunks = [source[start : start + CHUNK] for start in range(0, len(source), CHUNK)]
    return np.concatenate([run({"source": chunk})["tokens"] for chunk in chunks])


def _begin_with_frequencies(answer: Any, target: Array) -> None:
    """Make the first scores log-frequencies of subwords: the first hundred steps learn those."""
    kernel, bias = answer.get_weights()
    counts = np.bincount(target[target != PADDING], minlength=len(bias)) + 0.1
    answer.set_weights([kernel, np.log(counts / counts.sum())])


def batches(
    target: Array, batch_size: int, random: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Yield row numbers and cut rows of `target` for each batch of an epoch."""
    lengths = np.count_nonzero(target != PADDING, axis=1)
    order = random.permutation(len(target))
    found = []
    for start in range(0, len(order), POOL * batch_size):
        pool = order[start : start + POOL * batch_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        found += [pool[first : first + batch_size] for first in range(0, len(pool), batch_size)]
    for index in random.permutation(len(found)):
        rows = found[index]
        yield rows, cut(target[rows])


def cut(tokens: Array) -> Array:
    """Return rows without the padding they share; a multiple of 8 columns, to have few shapes."""
    longest = int(np.count_nonzero(tokens != PADDING, axis=1).max())
    return tokens[:, : -(-longest // 8) * 8]


def normalized_loss(*, smoothing: float, surer: float) -> Callable[[Any, Any], Any]:
    """Return cross entropy plus a penalty that makes scores log-probabilities.

    The penalty is the square of what the scores lack to be normalized. On the device the scores
    are then used as they are, without a softmax over all ids, and lie in a known range.

    Args:
        smoothing: Share of the target that is spread over all ids.
        surer: Share of the target that the id with the highest score takes from the right one.

    Source: the penalty: Devlin et al., Fast and Robust Neural Network Joint Models for Statistical
        Machine Translation, 2014, https://aclanthology.org/P14-1129; smoothing: Szegedy et al.,
        Rethinking the Inception Architecture, 2015, https://arxiv.org/abs/1512.00567; a model's
        own choice as target: Reed et al., Training Deep Neural Networks on Noisy Labels with
        Bootstrapping, 2015, https://arxiv.org/abs/1412.6596.
    """
    from keras import ops

    def loss(expected: Any, scores: Any) -> Any:
        expected = ops.cast(expected, "int32")
        total = ops.logsumexp(scores, axis=-1)
        right = ops.take_along_axis(scores, expected[..., None], axis=-1)[..., 0]
        wanted = (1 - smoothing - surer) * right
        wanted += smoothing * ops.mean(scores, axis=-1) + surer * ops.max(scores, axis=-1)
        counts = ops.cast(ops.not_equal(expected, PADDING), scores.dtype)
        lost = total - wanted + NORMALIZING * ops.square(total)
        return ops.sum(lost * counts) / ops.sum(counts)

    return loss
