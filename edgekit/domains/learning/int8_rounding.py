"""Round trained weights to what an int8 file can hold, so that the file loses nothing of them.

The reference then has the weights of the int8 file, and all that differs is how activations are
rounded: a decoder, which goes on from its own answers, parts from the reference later.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.core.types import Array


def on_grid(weights: Array, *, per_column: bool = True) -> Array:
    """Return weights rounded to multiples of 1/127 of the largest, float32.

    Args:
        weights: A kernel, outputs in the last axis.
        per_column: Whether each output has its own largest weight, as in the converter's dense
            layers; False for one largest weight of all, as in its LSTM gates and tables.
    """
    axes = tuple(range(weights.ndim - 1)) if per_column else None
    step = np.abs(weights).max(axis=axes, keepdims=True).astype(np.float64) / 127
    step = np.where(step > 0, step, 1.0)
    return np.asarray(np.round(weights / step) * step, np.float32)


def round_dense(layers: list[Any]) -> None:
    """Round the kernels of Dense layers; biases stay, a file holds them in 32 bits."""
    for layer in layers:
        kernel, *bias = layer.get_weights()
        layer.set_weights([on_grid(kernel), *bias])


def table_on_grid(table: Array) -> Array:
    """Return the table of a lookup rounded to the 256 values an int8 file has for it, float32.

    They lie at equal steps from about its lowest to about its highest number, and 0 is one of them.
    """
    lowest, highest = min(float(table.min()), 0.0), max(float(table.max()), 0.0)
    step = (highest - lowest) / 255 or 1.0
    zero = np.round(-128 - lowest / step)
    return np.asarray((np.clip(np.round(table / step) + zero, -128, 127) - zero) * step, np.float32)


def round_tables(layers: list[Any]) -> None:
    """Round the tables of Embedding layers."""
    for layer in layers:
        layer.set_weights([table_on_grid(layer.get_weights()[0])])


def round_lstm(layers: list[Any]) -> None:
    """Round the kernels of LSTM layers gate by gate, as a fused LSTM holds them."""
    for layer in layers:
        kernel, recurrent, bias = layer.get_weights()
        rounded = [
            np.concatenate([on_grid(gate, per_column=False) for gate in np.split(w, 4, axis=1)], 1)
            for w in (kernel, recurrent)
        ]
        layer.set_weights([*rounded, bias])


def level(written: Any, read: Any, *, rows: bool = False) -> None:
    """Make what a dense layer writes vary by about 1, and what reads it take that back.

    Where several layers' outputs are one tensor, such as the keys of all attentions for a cache,
    int8 has one scale for all of them. Both layers have no bias, and the first one's inputs vary
    by 1.

    Args:
        written: Makes keys, or values.
        read: Makes queries, column by column; or mixes values, row by row.
        rows: Whether `read` takes it back by rows.
    """
    (kernel,), (reader,) = written.get_weights(), read.get_weights()
    size = np.linalg.norm(kernel, axis=0)
    written.set_weights([kernel / size])
    read.set_weights([reader * (size[:, None] if rows else size)])
