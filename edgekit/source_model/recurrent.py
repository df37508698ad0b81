"""How recurrent layers are written: fused into one operator, unrolled step by step, or as a loop.

Keras 3 computes a recurrent layer in a loop, which becomes a WHILE operator: slow, dead weight for
accelerators, and the death of TensorFlow's int8 calibrator. `prepare` gives each layer a better
form before the model is exported:

- **fused**: an LSTM becomes one UNIDIRECTIONAL_SEQUENCE_LSTM. TensorFlow's converter makes it of
  tf_keras' LSTM only, so the layer hands its weights to one and lets it compute.
- **unrolled**: the steps are written one behind the other. GRU and SimpleRNN have no operator of
  their own; in int8 and int16x8 this is the form that converts.
- **loop**: a WHILE operator; the smallest file.

Source: Hochreiter & Schmidhuber, Long Short-Term Memory, 1997,
https://doi.org/10.1162/neco.1997.9.8.1735; Cho et al., Learning Phrase Representations using RNN
Encoder-Decoder, 2014, https://arxiv.org/abs/1406.1078.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

from edgekit.core.errors import BadInput
from edgekit.core.variant import Precision
from edgekit.source_model.fused_lstm import fused, is_zero, why_not_fused
from edgekit.source_model.interface import is_tf_keras, nested_layers
from edgekit.source_model.unrolled_steps import run, steps_of

Form = Literal["small", "fast"]
FORMS: tuple[Form, ...] = ("small", "fast")
"""What the user prefers.

- `small`: LSTM is fused; what cannot be is a loop, but unrolled in int8 and int16x8.
- `fast`: layers are unrolled, LSTM too, unless that is slower. A file grows by 1 to 3 kB a step and
  layer. By `benchmarks/recurrent.py`, a float GRU of 16 units is 3 times as fast so, and an int8
  LSTM 2 to 15 times; its cell state then has 8 bits, and 16 where it is fused.
"""

DEFAULT: Form = "small"

_WITHOUT_LOOPS = ("int8", "int16x8")

_LARGEST_UNROLLED = 2**20
"""Bytes that a layer's steps read of recurrent weights, above which a float layer is faster in
another form: runtimes keep a copy of the weights for each step, and these leave the cache."""

Notes = dict[str, str]
"""Layer name -> a sentence on the form it got."""

InnerLoop = Callable[..., Any]
"""Keras' `RNN.inner_loop`: `(sequences, initial_state, mask, training)` to
`(last output, all outputs, states)`."""


def check_form(form: str) -> None:
    """Raise `BadInput` unless `form` is one of `FORMS`."""
    if form not in FORMS:
        raise BadInput(f"recurrent is '{form}'; allowed are {', '.join(FORMS)}.")


def prepare(model: Any, *, precision: Precision, form: Form) -> Notes:
    """Give the recurrent layers of a model the form they are to be exported in.

    The layers are changed in place, since a subclassed model cannot be copied: give it a model
    that was loaded for this. It answers as before; with more than one example at once, it
    computes as before, too.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned. The layers of a SavedModel
            are out of reach, and stay as they are.
        precision: To be converted to.
        form: One of `FORMS`.

    Returns:
        Empty at first, and filled when the model is exported: only then is known what reaches
        each layer.
    """
    notes: Notes = {}
    masked = any(map(_makes_mask, nested_layers(model)))
    for layer in _recurrent_layers(model):
        if is_tf_keras(model):
            unroll = form == "fast" or precision in _WITHOUT_LOOPS or layer.unroll
            fuse = form == "small" and precision != "int16x8" and not masked
            _prepare_keras_2(layer, unroll=unroll, fuse=fuse, notes=notes)
        else:
            layer.inner_loop = _loop(layer, precision=precision, form=form, notes=notes)
    return notes


def _recurrent_layers(model: Any) -> Iterator[Any]:
    """Yield the recurrent layers of a Keras model, those inside other layers included."""
    for layer in nested_layers(model):
        if hasattr(layer, "cell") and hasattr(layer, "unroll"):
            yield layer


def _makes_mask(layer: Any) -> bool:
    return type(layer).__name__ == "Masking" or bool(getattr(layer, "mask_zero", False))


def _loop(layer: Any, *, precision: Precision, form: Form, notes: Notes) -> InnerLoop:
    """Return what takes the place of a Keras 3 layer's `inner_loop`."""
    original, asked = layer.inner_loop, layer.unroll
    without_loops = precision in _WITHOUT_LOOPS
    for cell in getattr(layer.cell, "cells", [layer.cell]):
        cell.dropout = cell.recurrent_dropout = 0.0  # off at inference; its masks cost operators
    can_fuse = precision != "int16x8" and not why_not_fused(layer)
    one_operator, steps = fused(layer) if can_fuse else None, steps_of(layer)

    def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        count = sequences.shape[1]
        if sequences.shape[0] != 1 or count is None:
            return original(sequences, initial_state, mask, training)
        gains = form == "fast" and (without_loops or _gains_by_unrolling(layer, count))
        because = why_not_fused(layer, initial_state=initial_state, mask=mask)
        if one_operator and not because and not gains:
            notes[layer.name] = f"{_named(layer)} is fused into one operator."
            return one_operator(sequences)
        unroll = gains or without_loops or asked
        notes[layer.name] = _sentence(layer, count, "" if gains else because, unroll)
        first = mask[0] if isinstance(mask, list | tuple) else mask
        # Keras answers zero before the first step that is not skipped, whatever the state is.
        if steps and (first is None or all(map(is_zero, initial_state))):
            options = {"mask": first, "unroll": unroll, "blend": without_loops}
            return run(steps, sequences, initial_state, layer=layer, **options)
        layer.unroll = unroll
        return original(sequences, initial_state, mask, training)

    return inner_loop


def _gains_by_unrolling(layer: Any, num_steps: int) -> bool:
    kernel = getattr(layer.cell, "recurrent_kernel", None)
    read = 0 if kernel is None else 4 * math.prod(kernel.shape) * num_steps
    return read <= _LARGEST_UNROLLED


def _prepare_keras_2(layer: Any, *, unroll: bool, fuse: bool, notes: Notes) -> None:
    """Set the form of a layer of tf_keras, whose LSTM the converter fuses by itself."""
    fusable = getattr(layer, "_could_use_gpu_kernel", False) and type(layer).__name__ == "LSTM"
    # A state from outside would become a variable of the operator, which runtimes reset.
    starts_at_zero = all(len(node.keras_inputs) == 1 for node in layer._inbound_nodes)
    if fusable and fuse and starts_at_zero and not layer.return_state:
        notes[layer.name] = f"{_named(layer)} is fused into one operator."
        return
    if hasattr(layer, "_could_use_gpu_kernel"):
        layer._could_use_gpu_kernel = False  # else it takes no notice of `unroll`
    layer.unroll = unroll
    notes[layer.name] = f"{_named(layer)} is {'unrolled' if unroll else 'a loop'}."


def _sentence(layer: Any, num_steps: int, because: str, unroll: bool) -> str:
    how = f"unrolled over {num_steps} steps" if unroll else f"a loop of {num_steps} steps"
    if because and "LSTM" in type(layer.cell).__name__:
        return f"{_named(layer)} is {how}, not fused: {because}."
    return f"{_named(layer)} is {how}."


def _named(layer: Any) -> str:
    return f"Layer '{layer.name}' ({type(layer).__name__})"
