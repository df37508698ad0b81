"""LSTM whose input gate is 1 minus its forget gate: its cells are averages and stay within -1..1.

Uncoupled ones grew up to 29 here, so that the 256 values that a cell has in int8 between two steps
were 0.2 apart.

Source: Greff et al., LSTM: A Search Space Odyssey, 2015, https://arxiv.org/abs/1503.04069; the bias
that lets a memory last: Tallec, Ollivier, Can recurrent neural networks warp time?, 2018,
https://arxiv.org/abs/1804.11188.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def make_lasting(memory: keras.layers.LSTM, bias: float) -> None:
    """Set the bias of a built LSTM's gates, and couple them.

    Args:
        memory: Changed.
        bias: Of the forget gates: at 2 they keep 88 % at each step, at 3 they keep 95 %.
    """
    memory.cell.bias.assign(np.repeat([-bias, bias, 0, 0], memory.units))
    couple(memory)


def couple(memory: keras.layers.LSTM) -> None:
    """Make an LSTM's input gate 1 minus its forget gate again, by weights of opposite sign."""
    from keras import ops

    for weights in (memory.cell.kernel, memory.cell.recurrent_kernel, memory.cell.bias):
        take_in, keep, candidate, show = ops.split(weights, 4, axis=-1)
        half = (take_in - keep) / 2
        weights.assign(ops.concatenate([half, -half, candidate, show], axis=-1))


def keep_coupled(memory: keras.layers.LSTM) -> keras.callbacks.Callback:
    """Return what couples an LSTM after every step of its training."""
    import keras

    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: couple(memory))


def single_step(
    memory: keras.layers.LSTM,
    scores: keras.layers.Dense,
    *,
    given: keras.KerasTensor,
    features: keras.KerasTensor | None = None,
) -> keras.Model:
    """Return a step of an LSTM and the scores of what it shows, with its state outside.

    Args:
        memory: Trained.
        scores: Trained; softmax.
        given: Input of a step.
        features: What the LSTM is told of it, `(batch, size)`; None if that is the input itself.

    Returns:
        A model of that input, `hidden` and `cell`, both zeros at the start, that answers
        `next_cell`, `next_hidden` and `scores`.
    """
    import keras

    hidden = keras.Input((memory.units,), name="hidden")
    cell = keras.Input((memory.units,), name="cell")
    from_input = keras.layers.Dense(4 * memory.units, name="seen")
    from_state = keras.layers.Dense(4 * memory.units, name="remembered")
    gates = keras.ops.add(from_input(given if features is None else features), from_state(hidden))
    take_in, keep, candidate, show = keras.ops.split(gates, 4, axis=-1)
    kept = keras.ops.sigmoid(keep) * cell
    taken_in = keras.ops.sigmoid(take_in) * keras.ops.tanh(candidate)
    next_cell = keras.layers.Add(name="next_cell")([kept, taken_in])
    shown = [keras.ops.sigmoid(show), keras.ops.tanh(next_cell)]
    next_hidden = keras.layers.Multiply(name="next_hidden")(shown)
    last = keras.layers.Dense(scores.units, activation="softmax", name="scores")
    step = keras.Model([given, hidden, cell], [next_cell, next_hidden, last(next_hidden)])
    kernel, recurrent_kernel, bias = memory.get_weights()
    from_input.set_weights([kernel, bias])
    from_state.set_weights([recurrent_kernel, np.zeros_like(bias)])
    last.set_weights(scores.get_weights())
    return step
