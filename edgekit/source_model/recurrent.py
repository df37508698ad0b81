"""How recurrent layers are exported: fused into one operator, unrolled step by step, or as a loop.

Keras 3 computes a recurrent layer in a loop, which becomes a WHILE operator that multiplies the
input anew in every step. `prepare` gives each layer a better form before the model is exported:

- **fused**: an LSTM becomes one UNIDIRECTIONAL_SEQUENCE_LSTM. TensorFlow's converter fuses only
  tf_keras' LSTM, so the layer computes through one that has the same weights.
- **unrolled**: the steps are written one after another. Accelerators take this form, and it is
  the only one of GRU and SimpleRNN, which have no operator of their own, that int16x8 has.
- **loop**: a WHILE operator whose steps multiply only the state; the smallest file. In int8 its
  products are int8 (16 bits where there are no gates,
  `edgekit.conversion.correcting.loop_products`), its state float32
  (`edgekit.conversion.ranges.loop_ranges`).

Source: Hochreiter & Schmidhuber, Long Short-Term Memory, 1997,
https://doi.org/10.1162/neco.1997.9.8.1735; Cho et al., Learning Phrase Representations using RNN
Encoder-Decoder, 2014, https://arxiv.org/abs/1406.1078.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgekit.core.errors import BadInput
from edgekit.core.variant import Precision
from edgekit.source_model.export import forget_trace
from edgekit.source_model.fused_lstm import fused, is_zero, why_not_fused
from edgekit.source_model.interface import KerasLayer, SourceModel, is_tf_keras, nested_layers
from edgekit.source_model.unrolled_steps import Answer, run, steps_of

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    import tf_keras

Form = Literal["small", "fast"]
FORMS: tuple[Form, ...] = ("small", "fast")
"""What the user prefers.

- `small`: LSTM is fused; other layers are a loop, or unrolled in int16x8.
- `fast`: layers are unrolled, LSTM too, unless that is slower. A file grows by 1 to 3 kB per step
  and layer. In `benchmarks/recurrent.py` this makes a float GRU of 16 units 3 times as fast, and an
  int8 LSTM 2 to 15 times; its cell state then has 8 bits, against 16 where it is fused. An int8 GRU
  of 32 units and 72 steps is 1.7 times as fast on LiteRT 2.3, and takes 1.5 times as long on
  tflite-runtime 2.14. Accelerators take no loops.
"""

DEFAULT: Form = "small"

_STATIC = ("int8", "int16x8")

_WITHOUT_LOOPS = ("int16x8",)

_LARGEST_UNROLLED = 2**20
"""Bytes of recurrent weights that all steps of a layer read together, above which a float layer is
faster in another form: runtimes keep a copy of the weights for each step, and the copies no longer
fit into the cache."""

Notes = dict[str, str]
"""Layer name -> a sentence that tells which form it got."""

InnerLoop: TypeAlias = "Callable[..., Answer]"
"""Keras' `RNN.inner_loop`: `(sequences, initial_state, mask, training)` ->
`(last output, all outputs, states)`."""


def check_form(form: str) -> None:
    """Raise `BadInput` unless `form` is one of `FORMS`."""
    if form not in FORMS:
        raise BadInput(f"recurrent is '{form}'; allowed are {', '.join(FORMS)}.")


def prepare(model: SourceModel, *, precision: Precision, form: Form) -> Notes:
    """Give the recurrent layers of a model the form they are to be exported in.

    The layers are changed in place, since a subclassed model cannot be copied: pass a model that
    was loaded for this purpose. It gives the same answers as before; for more than one example at
    once, it also computes them as before.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned. The layers of a SavedModel
            cannot be reached, and stay as they are.
        precision: What the model will be converted to.
        form: One of `FORMS`.

    Returns:
        Empty at first; filled when the model is exported, since only then it is known what
        reaches each layer.
    """
    notes: Notes = {}
    if has_recurrent_layers(model):
        forget_trace(model)
    masked = any(map(_makes_mask, nested_layers(model)))
    for layer in _recurrent_layers(model):
        if is_tf_keras(model):
            unroll = form == "fast" or precision in _WITHOUT_LOOPS or layer.unroll
            fuse = form == "small" and precision != "int16x8" and not masked
            _prepare_keras_2(layer, unroll=unroll, fuse=fuse, notes=notes)
        else:
            layer.inner_loop = _loop(layer, precision=precision, form=form, notes=notes)
    return notes


def has_recurrent_layers(model: SourceModel) -> bool:
    """Whether `prepare` changes a model, in a way that depends on the precision."""
    return any(True for _ in _recurrent_layers(model))


def _recurrent_layers(model: SourceModel) -> Iterator[KerasLayer]:
    """Yield the recurrent layers of a Keras model, those inside other layers included."""
    for layer in nested_layers(model):
        if hasattr(layer, "cell") and hasattr(layer, "unroll"):
            yield layer


def _makes_mask(layer: KerasLayer) -> bool:
    return type(layer).__name__ == "Masking" or bool(getattr(layer, "mask_zero", False))


def _loop(layer: keras.layers.RNN, *, precision: Precision, form: Form, notes: Notes) -> InnerLoop:
    """Return a replacement for a Keras 3 layer's `inner_loop`."""
    original: InnerLoop = layer.inner_loop
    asked = layer.unroll
    without_loops, static = precision in _WITHOUT_LOOPS, precision in _STATIC
    for cell in getattr(layer.cell, "cells", [layer.cell]):
        cell.dropout = cell.recurrent_dropout = 0.0  # off at inference; its masks cost operators
    can_fuse = precision != "int16x8" and not why_not_fused(layer)
    one_operator, steps = fused(layer) if can_fuse else None, steps_of(layer)

    def inner_loop(
        sequences: tf.Tensor,
        initial_state: list[tf.Tensor],
        mask: tf.Tensor | list[tf.Tensor] | None,
        training: bool = False,
    ) -> Answer:
        count = sequences.shape[1]
        if sequences.shape[0] != 1 or count is None:
            return original(sequences, initial_state, mask, training)
        gains = form == "fast" and (static or _unrolling_is_faster(layer, count))
        because = why_not_fused(layer, initial_state=initial_state, mask=mask)
        if one_operator and not because and not gains:
            notes[layer.name] = f"{_named(layer)} is fused into one operator."
            return one_operator(sequences)
        unroll = gains or without_loops or asked
        how = _how(count, unroll=unroll, precision=precision)
        notes[layer.name] = _sentence(layer, how, "" if gains else because)
        first = mask[0] if isinstance(mask, list | tuple) else mask
        # Before the first step that is not skipped, Keras answers zero, whatever the state is.
        if steps and (first is None or all(map(is_zero, initial_state))):
            return run(
                steps,
                sequences,
                initial_state,
                layer=layer,
                mask=first,
                unroll=unroll,
                blend=static and unroll,
            )
        layer.unroll = unroll
        return original(sequences, initial_state, mask, training)

    return inner_loop


def _unrolling_is_faster(layer: keras.layers.RNN, num_steps: int) -> bool:
    kernel = getattr(layer.cell, "recurrent_kernel", None)
    read = 0 if kernel is None else 4 * math.prod(kernel.shape) * num_steps
    return read <= _LARGEST_UNROLLED


def _prepare_keras_2(layer: tf_keras.layers.RNN, *, unroll: bool, fuse: bool, notes: Notes) -> None:
    """Set the form of a tf_keras layer; the converter fuses its LSTM without help."""
    fusable = getattr(layer, "_could_use_gpu_kernel", False) and type(layer).__name__ == "LSTM"
    # A given initial state would become a variable of the operator, which runtimes reset.
    starts_at_zero = all(len(node.keras_inputs) == 1 for node in layer._inbound_nodes)
    if fusable and fuse and starts_at_zero and not layer.return_state:
        notes[layer.name] = f"{_named(layer)} is fused into one operator."
        return
    if hasattr(layer, "_could_use_gpu_kernel"):
        layer._could_use_gpu_kernel = False  # else it ignores `unroll`
    layer.unroll = unroll
    notes[layer.name] = f"{_named(layer)} is {'unrolled' if unroll else 'a loop'}."


def _how(num_steps: int, *, unroll: bool, precision: Precision) -> str:
    if unroll:
        return f"unrolled over {num_steps} steps"
    if precision == "int8":
        return f"a loop of {num_steps} steps with int8 weights and a float32 state"
    return f"a loop of {num_steps} steps"


def _sentence(layer: keras.layers.RNN, how: str, because: str) -> str:
    if because and "LSTM" in type(layer.cell).__name__:
        return f"{_named(layer)} is {how}, not fused: {because}."
    return f"{_named(layer)} is {how}."


def _named(layer: KerasLayer) -> str:
    return f"Layer '{layer.name}' ({type(layer).__name__})"
