"""Round trained weights to values an int8 file can hold, so that the file changes none of them.

The reference then has the weights of the int8 file, and only the rounding of activations differs: a
decoder, which continues from its own answers, diverges from the reference later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array

if TYPE_CHECKING:
    import keras


def on_grid(weights: Array, *, per_column: bool = True) -> Array:
    """Return weights rounded to multiples of 1/127 of the largest one, float32.

    Args:
        weights: A kernel, outputs in the last axis.
        per_column: Whether each output has its own largest weight, as in the converter's dense
            layers; False for one largest weight of all, as in its LSTM gates.
    """
    axes = tuple(range(weights.ndim - 1)) if per_column else None
    step = np.abs(weights).max(axis=axes, keepdims=True).astype(np.float64) / 127
    step = np.where(step > 0, step, 1.0)
    return np.asarray(np.round(weights / step) * step, np.float32)


def table_on_grid(table: Array) -> Array:
    """Return the table of an Embedding rounded to the 256 values an int8 file has for it, float32.

    These are evenly spaced from about the lowest to about the highest number, and 0 is one of them.
    """
    lowest, highest = min(float(table.min()), 0.0), max(float(table.max()), 0.0)
    step = (highest - lowest) / 255 or 1.0
    zero = np.round(-128 - lowest / step)
    return np.asarray((np.clip(np.round(table / step) + zero, -128, 127) - zero) * step, np.float32)


def round_dense(layers: Sequence[keras.layers.Dense]) -> None:
    """Round the kernels of Dense layers. Biases stay: a file holds them in 32 bits."""
    for layer in layers:
        kernel, *bias = layer.get_weights()
        layer.set_weights([on_grid(kernel), *bias])


def round_tables(layers: Sequence[keras.layers.Embedding]) -> None:
    """Round the tables of Embedding layers."""
    for layer in layers:
        layer.set_weights([table_on_grid(layer.get_weights()[0])])


def round_lstm(layers: Sequence[keras.layers.LSTM]) -> None:
    """Round the kernels of LSTM layers gate by gate, as a fused LSTM holds them."""
    for layer in layers:
        kernel, recurrent, bias = layer.get_weights()
        rounded = [
            np.concatenate([on_grid(gate, per_column=False) for gate in np.split(w, 4, axis=1)], 1)
            for w in (kernel, recurrent)
        ]
        layer.set_weights([*rounded, bias])


def equalize(
    writer: keras.layers.Dense, reader: keras.layers.Dense, *, by_rows: bool = False
) -> None:
    """Scale the outputs of a dense layer to vary by about 1, and undo it in the layer that reads.

    Where the outputs of several layers share a tensor, such as the keys of all attentions in a
    cache, int8 has one scale for all of them. Neither layer has a bias, and the inputs of the
    writer vary by 1.

    Args:
        writer: Makes keys, or values.
        reader: Makes queries, undone column by column; or mixes values, undone row by row.
        by_rows: Whether `reader` undoes it by rows.
    """
    (kernel,), (reading_kernel,) = writer.get_weights(), reader.get_weights()
    size = np.linalg.norm(kernel, axis=0)
    writer.set_weights([kernel / size])
    reader.set_weights([reading_kernel * (size[:, None] if by_rows else size)])
