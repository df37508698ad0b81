"""A Keras 3 LSTM computed by the tf_keras LSTM that TensorFlow's converter knows how to fuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def why_not_fused(layer: Any, *, initial_state: Any = None, mask: Any = None) -> str:
    """Return why a Keras 3 layer cannot become UNIDIRECTIONAL_SEQUENCE_LSTM, or "".

    Args:
        layer: A recurrent layer.
        initial_state: What it is called with, as TensorFlow tensors; None if not known yet.
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


def fused(layer: Any) -> Callable[[Any], tuple[Any, Any, list[Any]]]:
    """Return a function that computes an LSTM so that the converter fuses it.

    Args:
        layer: A built Keras 3 layer for which `why_not_fused` is empty.

    Returns:
        `(sequences) -> (last output, all outputs, states)`; the cell state is not known outside.
    """
    import tf_keras

    cell = layer.cell
    twin = tf_keras.layers.LSTM(
        cell.units, return_sequences=True, go_backwards=layer.go_backwards, name="lstm"
    )
    twin.build((None, None, cell.kernel.shape[0]))
    # Without a bias the converter does not fuse: a bias of zeros is the same.
    bias = np.asarray(cell.bias) if cell.use_bias else np.zeros(4 * cell.units, np.float32)
    twin.set_weights([np.asarray(cell.kernel), np.asarray(cell.recurrent_kernel), bias])

    def compute(sequences: Any) -> tuple[Any, Any, list[Any]]:
        outputs = twin(sequences, training=False)
        last = outputs[:, -1]
        return last, outputs, [last, last]

    return compute


def is_zero(state: Any) -> bool:
    """Whether a tensor is known to hold zeros, while the model is traced."""
    import tensorflow as tf

    value = tf.get_static_value(state)
    return value is not None and not np.any(value)
