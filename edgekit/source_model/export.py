"""Tell what goes in and out of a loaded model, and export it in the form the converter takes.

Keras 3, tf_keras (Keras 2) and SavedModels are all exported in one form: a SavedModel with the
single signature `serving_default`, which keeps Keras' names, has a batch of 1, and holds only the
variables that the signature uses.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.errors import BadInput, EdgekitError, reason
from edgekit.core.paths import atomic
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.records import to_json
from edgekit.source_model.interface import (
    DeclaredInput,
    Interface,
    SourceModel,
    given_names,
    interface_of,
    is_tf_keras,
)
from edgekit.source_model.loading import NOTE, SIGNATURE

if TYPE_CHECKING:
    import tensorflow as tf
    from tensorflow.types.experimental import ConcreteFunction


def signature_of(model: SourceModel) -> Signature:
    """Return the inputs and outputs of a loaded model, with the batch axis fixed at 1.

    Inputs are named as in `keras.Input`. Outputs are named after the layer they come from, or by
    their key if the model returns a dict.

    Raises:
        BadInput: The model has no inputs yet, an axis besides the batch is free, an input is text,
            or the model cannot be run on these inputs.
    """
    return _traced(model)[0]


def function_of(model: SourceModel) -> ConcreteFunction:
    """Return a model as a function of one example: tensors in order -> tensors by name.

    Raises:
        BadInput: As `signature_of`.
    """
    return _traced(model)[1]


def export(model: SourceModel, out: Path, signature: Signature) -> None:
    """Write a SavedModel with static batch 1 and the one signature `serving_default`.

    Args:
        model: A Keras 3 or tf_keras model, or what `load_model` returned.
        out: The folder to write; it appears only when complete.
        signature: `signature_of(model)`, or one with other names for the same inputs and outputs,
            such as a recipe's.

    Raises:
        BadInput: `signature` does not fit the model, or a name cannot be written.
    """
    import tensorflow as tf

    function = _traced(model, signature)[1]
    module = tf.Module()
    # What the signature captures, so that weights are saved whichever object holds them.
    module.captured = list(function.variables)
    with atomic(out) as folder:
        try:
            # A function's own gradient, as swish has, cannot be saved again once it was loaded.
            options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
            tf.saved_model.save(module, str(folder), {SIGNATURE: function}, options)
        except AssertionError as error:  # a resource other than a variable, such as a lookup table
            raise BadInput(
                f"Model '{interface_of(model).name}' looks values up in a table "
                "(StringLookup, TextVectorization, IntegerLookup ...), which a .tflite cannot "
                "hold. Convert the .keras file, of which look-ups at inputs are split off, or look "
                "up before the model and give it the indices."
            ) from error
        (folder / NOTE).parent.mkdir()
        (folder / NOTE).write_text(json.dumps(to_json(signature)), encoding="utf-8")


_KEPT = "_edgekit_trace"
"""Attribute of a model that holds what it was last traced to: tracing takes as long as converting.

Weights may change; they are read when the function runs.
"""


def forget_trace(model: SourceModel) -> None:
    """Have a model traced anew when it is next asked for: its layers are about to be changed."""
    vars(model).pop(_KEPT, None)


def _traced(
    model: SourceModel, wanted: Signature | None = None
) -> tuple[Signature, ConcreteFunction]:
    """Return a model's signature, with the names of `wanted`, and its function of fixed shapes."""
    names = dict(given_names(model))
    kept: tuple[Mapping[str, str], Signature, ConcreteFunction] | None
    kept = getattr(model, _KEPT, None)
    if kept and kept[0] == names and wanted in (None, kept[1]):
        return kept[1], kept[2]
    signature, function = _trace(model, wanted)
    vars(model)[_KEPT] = (names, signature, function)
    return signature, function


def _trace(model: SourceModel, wanted: Signature | None) -> tuple[Signature, ConcreteFunction]:
    interface = interface_of(model)
    inputs = tuple(_fixed(declared, interface.name) for declared in interface.inputs)
    if wanted:
        _check_fit(inputs, wanted.inputs, f"Model '{interface.name}' has the inputs")
        inputs = wanted.inputs
    named = wanted.outputs if wanted else ()
    function = _function(interface, inputs, named, autograph=is_tf_keras(model))
    answer = function.structured_outputs.items()
    outputs = tuple(_output(name, tensor, interface.name) for name, tensor in answer)
    if wanted:
        _check_fit(outputs, wanted.outputs, f"Model '{interface.name}' has the outputs")
    signature = Signature(inputs=inputs, outputs=outputs)
    return _with_meanings(signature, getattr(model, "signature", None)), function


def _function(
    interface: Interface, inputs: Sequence[Tensor], outputs: Sequence[Tensor], *, autograph: bool
) -> ConcreteFunction:
    """Trace the model once; outputs are named as in `outputs`, or as in the model if empty.

    A name that the model uses too is the same output; only the others are matched in order.
    AutoGraph takes longer than tracing; Keras 3 does without it in `predict`, tf_keras does not.
    """
    import tensorflow as tf

    specs = [tf.TensorSpec(t.shape, t.dtype, name=_writable(t.name)) for t in inputs]

    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = interface.call(tensors)
        if outputs and len(outputs) != len(answer):
            raise BadInput(
                f"Model '{interface.name}' has {len(answer)} outputs, {', '.join(answer)}; the "
                f"signature names {len(outputs)}. Use signature_of(model)."
            )
        names = [tensor.name for tensor in outputs] or list(answer)
        others = iter([name for name in answer if name not in names])
        values = [answer[name if name in answer else next(others)] for name in names]
        # identity: an output that is an input as well needs a name of its own
        return {
            _writable(name): tf.identity(_for_one(value))
            for name, value in zip(names, values, strict=True)
        }

    try:
        with _plain_argmax():
            return tf.function(serve, specs, autograph=autograph).get_concrete_function()
    except EdgekitError:
        raise
    except Exception as error:  # whatever a layer's code raises
        raise BadInput(_untraceable(interface.name, error)) from error


@contextmanager
def _plain_argmax() -> Iterator[None]:
    """Let `keras.ops.argmax` and `argmin` be one operator while a model is traced.

    Keras 3.15 tells -0.0 from 0.0 with bit operations before (https://github.com/jax-ml/jax/issues/24280),
    for which TFLite has no operator.
    """
    import tensorflow as tf
    from keras.src.backend.tensorflow import numpy as backend

    guarded = backend.argmax, backend.argmin
    backend.argmax, backend.argmin = _position(tf.argmax), _position(tf.argmin)
    try:
        yield
    finally:
        backend.argmax, backend.argmin = guarded


def _position(find: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """Return Keras' form of `tf.argmax` or `tf.argmin`, in the words of `keras.ops`."""
    import tensorflow as tf

    def position(x: tf.Tensor, axis: int | None = None, keepdims: bool = False) -> tf.Tensor:
        x = tf.convert_to_tensor(x)
        given = tf.reshape(x, [-1]) if axis is None else x
        found = find(given, axis=0 if axis is None else axis, output_type=tf.int32)
        if not keepdims:
            return found
        return (
            tf.reshape(found, [1] * x.shape.rank) if axis is None else tf.expand_dims(found, axis)
        )

    return position


def _for_one(tensor: tf.Tensor) -> tf.Tensor:
    """Set a free batch axis to 1: inside a SavedModel with a loop, TensorFlow does not infer it."""
    if tensor.shape.rank and tensor.shape[0] is None:
        tensor.set_shape((1, *tensor.shape[1:]))
    return tensor


def _untraceable(name: str, error: Exception) -> str:
    scope = re.search(r"'([^']*)' is not a valid scope name", str(error))
    if scope:
        return (
            f"Model '{name}': the layer name '{scope[1]}' cannot be written by TensorFlow; "
            "letters, digits and . _ - are allowed. Rename the layer."
        )
    return (
        f"Model '{name}' cannot be run on one example: {reason(error)}. Check it with "
        "model(example[:1], training=False)."
    )


def _writable(name: str) -> str:
    """Return a name that TensorFlow writes into a signature unchanged, or say it cannot."""
    if re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\-]*", name) and not keyword.iskeyword(name):
        return name
    raise BadInput(
        f"The input or output name '{name}' cannot be written into a signature; letters, digits "
        "and . _ - are allowed, a letter or digit first, and no Python keyword. Rename it."
    )


def _fixed(declared: DeclaredInput, model: str) -> Tensor:
    name, shape, dtype = declared.name, declared.shape, declared.dtype
    what = f"Model '{model}': input '{name}'"
    if dtype == "string":
        raise BadInput(
            f"{what} is string, and files here take numbers. Convert the .keras file, of which the "
            "look-up is split off, or a signature that takes the tokens' numbers."
        )
    if dtype in ("complex64", "complex128", "bfloat16"):
        raise BadInput(f"{what} is {dtype}; floats, integers and booleans are supported.")
    if not shape:
        raise BadInput(f"{what} has no batch axis; give it one.")
    if shape[0] not in (None, 1):
        raise BadInput(
            f"{what} takes batches of {shape[0]}; files here take one example at a time. "
            f"Give --shape {_asked(declared)}, or build the model without a batch size."
        )
    if None in shape[1:]:
        axis = shape.index(None, 1)
        raise BadInput(
            f"{what} has shape {shape}, whose axis {axis} is free; only the batch may be. "
            f"Give the size it will run at: --shape {_asked(declared)}."
        )
    return Tensor(name=name, shape=(1, *(int(n or 1) for n in shape[1:])), dtype=dtype)


def _asked(declared: DeclaredInput) -> str:
    """Return what to write after --shape, with a word for what is not known."""
    sizes = (("1" if k == 0 else str(n or "SIZE")) for k, n in enumerate(declared.shape))
    return f"{declared.name}={','.join(sizes)}"


def _output(name: str, tensor: tf.Tensor, model: str) -> Tensor:
    shape = tuple(tensor.shape) if tensor.shape.rank is not None else (None,)
    if None in shape or not shape:
        raise BadInput(
            f"Model '{model}': output '{name}' has shape {shape or '()'}, whose size depends on "
            "the values or lacks the batch axis; make it fixed."
        )
    return Tensor(name=name, shape=shape, dtype=tensor.dtype.name)


def _check_fit(actual: Sequence[Tensor], wanted: Sequence[Tensor], start: str) -> None:
    have, asked = ([(t.shape, t.dtype) for t in tensors] for tensors in (actual, wanted))
    if have != asked:
        raise BadInput(
            f"{start} {_shown(actual)}; the signature says {_shown(wanted)}. "
            "Use signature_of(model), or correct the signature."
        )


def _shown(tensors: Sequence[Tensor]) -> str:
    return ", ".join(f"'{t.name}' {t.shape} {t.dtype}" for t in tensors)


def _with_meanings(signature: Signature, noted: Signature | None) -> Signature:
    """Return a signature with what only the noted one knows: meanings and labels."""
    if noted is None:
        return signature
    meanings = {t.name: t.meaning for t in (*noted.inputs, *noted.outputs)}
    inputs = tuple(replace(t, meaning=meanings.get(t.name, "")) for t in signature.inputs)
    outputs = tuple(replace(t, meaning=meanings.get(t.name, "")) for t in signature.outputs)
    return Signature(inputs=inputs, outputs=outputs, labels=noted.labels)
