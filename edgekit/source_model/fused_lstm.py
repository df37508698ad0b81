"""Let a Keras 3 LSTM compute through tf_keras' LSTM, the one TensorFlow's converter can fuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def why_not_fused(
    layer: keras.layers.RNN,
    *,
    initial_state: Sequence[tf.Tensor] | None = None,
    mask: tf.Tensor | None = None,
) -> str:
    """Return why a Keras 3 layer cannot become UNIDIRECTIONAL_SEQUENCE_LSTM, or "".

    Args:
        layer: A recurrent layer.
        initial_state: What it is called with; None if not known yet.
        mask: What it is called with; None if there is none, or it is not known yet.
    """
    import keras

    cell = layer.cell
    if type(cell) is not keras.layers.LSTMCell:
        return "not an LSTM"
    if cell.activation is not keras.activations.tanh:
        return "its activation is not tanh"
    if cell.recurrent_activation is not keras.activations.sigmoid:
        return "its recurrent activation is not sigmoid"
    if layer.compute_dtype != "float32":
        return f"it computes in {layer.compute_dtype}"
    if layer.return_state or layer.stateful:
        return "its cell state is used outside"
    if mask is not None:
        return "it skips masked steps"
    if initial_state is not None and not all(is_zero(state) for state in initial_state):
        return "it starts from a given state"
    return ""


def fused(
    layer: keras.layers.LSTM,
) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]]:
    """Return a function that computes an LSTM in the form the converter fuses.

    Args:
        layer: A built Keras 3 layer for which `why_not_fused` is empty.

    Returns:
        `(sequences) -> (last output, all outputs, states)`; the cell state is not available, so
        the last output stands in its place.
    """
    import tf_keras

    cell = layer.cell
    twin = tf_keras.layers.LSTM(
        cell.units, return_sequences=True, go_backwards=layer.go_backwards, name="lstm"
    )
    twin.build((None, None, cell.kernel.shape[0]))
    # Without a bias the converter does not fuse; a bias of zeros computes the same.
    bias = np.asarray(cell.bias) if cell.use_bias else np.zeros(4 * cell.units, np.float32)
    twin.set_weights([np.asarray(cell.kernel), np.asarray(cell.recurrent_kernel), bias])

    def compute(sequences: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        outputs = twin(sequences, training=False)
        last = outputs[:, -1]
        return last, outputs, [last, last]

    return compute


def is_zero(state: tf.Tensor) -> bool:
    """Whether a tensor is known to hold only zeros while the model is traced."""
    import tensorflow as tf

    value = tf.get_static_value(state)
    return value is not None and not np.any(value)
