"""Compute LSTM, GRU and SimpleRNN in few operators: unrolled, or in a loop.

The input is multiplied by the kernel once for all steps, outside of the loop, as cuDNN does; a step
multiplies only the state. Keras' own steps do both. In int8 each of those products has a range of
its own, which is empty where the calibration data are always padded: LiteRT 2.3 crashes on that.

Source: Appleyard et al., Optimizing Performance of Recurrent Neural Networks on GPUs, 2016,
https://arxiv.org/abs/1604.01946.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from edgekit.core.types import Array
from edgekit.source_model.fused_lstm import is_zero

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

States: TypeAlias = "list[tf.Tensor]"
"""The output `h` first, each `(1, units)`."""

Step: TypeAlias = "Callable[[Sequence[tf.Tensor], States, bool], States]"
"""The input of one step, multiplied by the kernels, the states, and whether steps are unrolled ->
new states."""

Answer: TypeAlias = "tuple[tf.Tensor, tf.Tensor, States]"
"""Last output `(1, units)`, all outputs `(1, steps, units)`, states."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How a layer computes.

    Attributes:
        kernels: The input is multiplied by each; each product is one tensor that enters a step.
        biases: Added to these products.
        step: The rest.
    """

    kernels: tuple[Array, ...]
    biases: tuple[Array, ...]
    step: Step


def steps_of(layer: keras.layers.RNN) -> Steps | None:
    """Return how a Keras 3 layer computes; None for a cell this module does not know.

    Args:
        layer: A built recurrent layer.
    """
    import keras

    makers = {
        keras.layers.LSTMCell: _lstm,
        keras.layers.GRUCell: _gru,
        keras.layers.SimpleRNNCell: _simple,
    }
    make = makers.get(type(layer.cell))
    return make(layer.cell) if make and layer.compute_dtype == "float32" else None


def run(
    steps: Steps,
    sequences: tf.Tensor,
    states: States,
    *,
    layer: keras.layers.RNN,
    mask: tf.Tensor | None = None,
    unroll: bool,
    blend: bool,
) -> Answer:
    """Compute a recurrent layer for one example, as Keras' `RNN.inner_loop` does.

    Args:
        steps: From `steps_of(layer)`.
        sequences: `(1, steps, features)`.
        states: At the beginning; zeros, if there is a mask.
        layer: Gives `go_backwards`, `return_sequences` and `zero_output_for_mask`.
        mask: `(1, steps)`, False where a step is skipped; None if none is.
        unroll: Whether to write the steps one after another instead of in a loop.
        blend: Whether to skip steps by arithmetic. Integers need it: TensorFlow's quantizer gives
            all states that pass a SELECT_V2 the range of the first, and clips the others.
    """
    import tensorflow as tf

    count = sequences.shape[1]
    flat = tf.reshape(sequences, (count, sequences.shape[2]))
    entering = [
        tf.reshape(tf.nn.bias_add(tf.matmul(flat, kernel), bias), (count, 1, len(bias)))
        for kernel, bias in zip(steps.kernels, steps.biases, strict=True)
    ]
    keeps = None if mask is None else tf.reshape(mask, (count, 1, 1))
    if keeps is not None and blend:
        keeps = tf.cast(keeps, tf.float32)
    take = _blend if blend else tf.where

    def advance(
        x: Sequence[tf.Tensor], keep: tf.Tensor | None, states: States
    ) -> tuple[tf.Tensor, States]:
        new = steps.step(x, states, unroll)
        if keep is None:
            return new[0], new
        kept = [take(keep, one, old) for one, old in zip(new, states, strict=True)]
        if layer.zero_output_for_mask:
            return take(keep, new[0], tf.zeros_like(new[0])), kept
        return kept[0], kept

    order = range(count)[::-1] if layer.go_backwards else range(count)
    is_state = keeps is None or not layer.zero_output_for_mask
    compute = _unrolled if unroll else partial(_looped, is_state=is_state)
    return compute(advance, entering, keeps, states, order, layer.return_sequences)


class _Advance(Protocol):
    """Compute one step; return its output and the new states."""

    def __call__(
        self, x: Sequence[tf.Tensor], keep: tf.Tensor | None, states: States, /
    ) -> tuple[tf.Tensor, States]: ...


def _unrolled(
    advance: _Advance,
    entering: Sequence[tf.Tensor],
    keeps: tf.Tensor | None,
    states: States,
    order: range,
    every: bool,
) -> Answer:
    import tensorflow as tf

    columns = [tf.unstack(tensor) for tensor in entering]
    rows = [None] * len(order) if keeps is None else tf.unstack(keeps)
    outputs = []
    for k in order:
        output, states = advance([column[k] for column in columns], rows[k], states)
        outputs.append(output)
    return outputs[-1], tf.stack(outputs if every else outputs[-1:], axis=1), states


def _looped(
    advance: _Advance,
    entering: Sequence[tf.Tensor],
    keeps: tf.Tensor | None,
    states: States,
    order: range,
    every: bool,
    *,
    is_state: bool,
) -> Answer:
    """Compute the steps in a loop; `is_state` tells whether the output is the first state."""
    import tensorflow as tf

    shape = (1, states[0].shape[-1])
    # What is carried costs bytes, and all outputs cost operators in every step.
    arrays = [tf.TensorArray(tf.float32, len(order), element_shape=shape)] if every else []
    outputs = [] if every or is_state else [tf.zeros(shape)]

    def body(
        time: tf.Tensor, outputs: States, states: States, arrays: list[tf.TensorArray]
    ) -> tuple[tf.Tensor, States, States, list[tf.TensorArray]]:
        k = order.start - time if order.step < 0 else time
        keep = None if keeps is None else tf.gather(keeps, k)
        output, states = advance([tf.gather(tensor, k) for tensor in entering], keep, states)
        written = [array.write(time, output) for array in arrays]
        return time + 1, [output for _ in outputs], states, written

    _, outputs, states, arrays = tf.while_loop(
        lambda time, *_: time < len(order), body, (0, outputs, states, arrays)
    )
    if every:
        rows = arrays[0].stack()
        return rows[-1], tf.transpose(rows, (1, 0, 2)), states
    (last,) = outputs or states[:1]
    return last, last[:, None], states


def _blend(keep: tf.Tensor, new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
    return old + keep * (new - old)


def _lstm(cell: keras.layers.LSTMCell) -> Steps:
    import tensorflow as tf

    kernel, recurrent, bias = _weights(cell)

    def step(x: Sequence[tf.Tensor], states: States, unroll: bool) -> States:
        h, c = states
        gates = tf.split(x[0] + tf.matmul(h, recurrent), 4, axis=1)
        i, f, o = (cell.recurrent_activation(gates[k]) for k in (0, 1, 3))
        c = f * c + i * cell.activation(gates[2])
        return [o * cell.activation(c), c]

    return Steps(kernels=(kernel,), biases=(bias,), step=step)


def _gru(cell: keras.layers.GRUCell) -> Steps:
    """Compute the update and reset gates in one product, and the candidate in another."""
    import tensorflow as tf

    kernel, recurrent, bias = _weights(cell)
    cut = 2 * cell.units
    first, second = bias if cell.reset_after else (bias, np.zeros_like(bias))
    biases = (first[:cut] + second[:cut], first[cut:])

    def step(x: Sequence[tf.Tensor], states: States, unroll: bool) -> States:
        (h,) = states
        gates = x[0] + tf.matmul(h, recurrent[:, :cut])
        if unroll:
            z, r = tf.split(cell.recurrent_activation(gates), 2, axis=1)
        else:  # behind the sigmoid, TensorFlow's quantizer would make a loop's gates int8
            z, r = map(cell.recurrent_activation, tf.split(gates, 2, axis=1))
        if cell.reset_after:
            fed_back = r * tf.nn.bias_add(tf.matmul(h, recurrent[:, cut:]), second[cut:])
        else:
            fed_back = tf.matmul(r * h, recurrent[:, cut:])
        candidate = cell.activation(x[1] + fed_back)
        if is_zero(h):  # at the first step: a constant of zeros has no range, and int16 needs one
            return [candidate - z * candidate]
        return [candidate + z * (h - candidate)]

    return Steps(kernels=(kernel[:, :cut], kernel[:, cut:]), biases=biases, step=step)


def _simple(cell: keras.layers.SimpleRNNCell) -> Steps:
    import tensorflow as tf

    kernel, recurrent, bias = _weights(cell)

    def step(x: Sequence[tf.Tensor], states: States, unroll: bool) -> States:
        return [cell.activation(x[0] + tf.matmul(states[0], recurrent))]

    return Steps(kernels=(kernel,), biases=(bias,), step=step)


def _weights(cell: keras.layers.Layer) -> tuple[Array, Array, Array]:
    """Return kernel, recurrent kernel and bias; zeros if there is none."""
    kernel, recurrent = np.asarray(cell.kernel), np.asarray(cell.recurrent_kernel)
    if cell.use_bias:
        return kernel, recurrent, np.asarray(cell.bias)
    both = getattr(cell, "reset_after", False)
    shape = (2, kernel.shape[1]) if both else (kernel.shape[1],)
    return kernel, recurrent, np.zeros(shape, kernel.dtype)
