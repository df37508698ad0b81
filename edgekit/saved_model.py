"""Load a Keras model or a SavedModel, say what goes in and comes out, and export it to convert.

Keras 3, tf_keras (Keras 2) and SavedModels are brought to one form here: a SavedModel with the one
signature `serving_default`, whose names are Keras' names, whose batch is 1, and which holds just
the variables that signature uses.
"""

from __future__ import annotations

import importlib
import json
import keyword
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit.artifacts import signature_from_json, signature_to_json
from edgekit.diagnosis import reason
from edgekit.errors import BadInput, EdgekitError, NotFound
from edgekit.interfaces import Interface, Port, Program, interface_of
from edgekit.model_config import check_description, custom_class, read_description
from edgekit.paths import atomic
from edgekit.types import Signature, Tensor

SIGNATURE = "serving_default"

_NOTE = Path("assets.extra") / "signature.json"
"""Where an export keeps its signature: a SavedModel forgets the order of inputs and outputs.

`assets.extra` is the part of a SavedModel that TensorFlow leaves to others.
Source: https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk
"""


def load_model(path: Path) -> Any:
    """Load a model from a file or folder; it is not compiled for training.

    A `.keras`, `.h5` or `.hdf5` file is data; one that carries Python code is refused. A SavedModel
    is a program: TensorFlow runs what is in it, file access included, so load only those from a
    source you trust.

    Returns:
        A `keras.Model`, a `tf_keras.Model` if Keras 2 wrote the file, or a `Program`.

    Raises:
        NotFound: There is nothing at `path`.
        BadInput: It is no model, is damaged, or holds weights only.
        UnsupportedLayer: It holds code, or a layer that is not a part of Keras.
    """
    if not path.exists():
        raise NotFound(f"There is no '{path}'; give a .keras or .h5 file or a SavedModel folder.")
    if path.is_dir():
        return _load_program(path)
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        raise BadInput(f"'{path}' is no .keras or .h5 file and no SavedModel folder; give one.")
    return _load_keras(path)


def signature_of(model: Any) -> Signature:
    """Return the inputs and outputs of a loaded model, with the batch axis fixed at 1.

    Inputs are called as in `keras.Input`, outputs after the layer they come from, or by their key
    if the model returns a dict.

    Raises:
        BadInput: The model has no inputs yet, an axis besides the batch is free, an input is text,
            or the model cannot be run on such inputs.
    """
    return _traced(model)[0]


def export(model: Any, out: Path, signature: Signature) -> None:
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
    # What the signature captures, and nothing else: weights are found whatever holds them.
    module.captured = list(function.variables)
    with atomic(out) as folder:
        try:
            tf.saved_model.save(module, str(folder), signatures={SIGNATURE: function})
        except AssertionError as error:  # a resource that is no variable, such as a lookup table
            raise BadInput(
                f"Model '{interface_of(model).name}' looks values up in a table "
                "(StringLookup, TextVectorization, IntegerLookup ...), which a .tflite cannot "
                "hold; look them up before the model and give it the indices."
            ) from error
        (folder / _NOTE).parent.mkdir()
        note = json.dumps(signature_to_json(signature))
        (folder / _NOTE).write_text(note, encoding="utf-8")


def _load_keras(path: Path) -> Any:
    description = read_description(path)
    library = importlib.import_module("tf_keras" if description.is_keras_2 else "keras")
    registered = library.saving.get_custom_objects()
    check_description(description.config, path, registered=registered)
    try:
        return library.models.load_model(str(path), compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the layer it was building raised
        found = re.search(
            r"(?:Unknown layer:|Could not locate \w+|of type) ['`]([\w>]+)['`]", str(error)
        )
        if found:
            raise custom_class(path, found[1]) from error
        raise BadInput(
            f"'{path}', written by Keras {description.keras_version or '1'}, cannot be read by "
            f"Keras {library.__version__}: {reason(error)}."
        ) from error


def _load_program(folder: Path) -> Program:
    import tensorflow as tf

    if not any((folder / f"saved_model.{suffix}").is_file() for suffix in ("pb", "pbtxt")):
        raise BadInput(
            f"'{folder}' holds no saved_model.pb, so it is no SavedModel; give the folder that "
            "model.export('folder') wrote."
        )
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow's loader raises a dozen kinds
        raise BadInput(
            f"'{folder}' is a damaged SavedModel, or needs operators that are not here: "
            f"{reason(error)}."
        ) from error
    signatures = dict(loaded.signatures)
    function = signatures.get(SIGNATURE) or (
        next(iter(signatures.values())) if len(signatures) == 1 else None
    )
    if function is None:
        raise BadInput(
            f"'{folder}' has the signatures {', '.join(map(repr, signatures)) or '(none)'}; one "
            f"called '{SIGNATURE}' is needed: model.export('folder') writes it."
        )
    noted = _noted(folder / _NOTE)
    return Program(name=folder.name, function=function, loaded=loaded, signature=noted)


def _noted(path: Path) -> Signature | None:
    try:
        return signature_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _traced(model: Any, wanted: Signature | None = None) -> tuple[Signature, Any]:
    """Return a model's signature, with the names of `wanted`, and its function of fixed shapes."""
    interface = interface_of(model)
    inputs = tuple(_fixed(port, interface.name) for port in interface.inputs)
    if wanted:
        _check_fit(inputs, wanted.inputs, f"Model '{interface.name}' has the inputs")
        inputs = wanted.inputs
    function = _function(interface, inputs, wanted.outputs if wanted else ())
    answer = function.structured_outputs.items()
    outputs = tuple(_output(name, tensor, interface.name) for name, tensor in answer)
    if wanted:
        _check_fit(outputs, wanted.outputs, f"Model '{interface.name}' has the outputs")
    found = Signature(inputs=inputs, outputs=outputs)
    return _with_meanings(found, getattr(model, "signature", None)), function


def _function(interface: Interface, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Any:
    """Trace the model once; outputs go by the names of `outputs`, or the model's own."""
    import tensorflow as tf

    specs = [tf.TensorSpec(t.shape, t.dtype, name=_writable(t.name)) for t in inputs]

    def serve(*tensors: Any) -> dict[str, Any]:
        answer = interface.call(tensors)
        if outputs and len(outputs) != len(answer):
            raise BadInput(
                f"Model '{interface.name}' has {len(answer)} outputs, {', '.join(answer)}; the "
                f"signature names {len(outputs)}. Use signature_of(model)."
            )
        names = [tensor.name for tensor in outputs] or list(answer)
        # identity: an output that is an input as well needs a name of its own
        return {
            _writable(name): tf.identity(_for_one(value))
            for name, value in zip(names, answer.values(), strict=True)
        }

    try:
        return tf.function(serve, input_signature=specs).get_concrete_function()
    except EdgekitError:
        raise
    except Exception as error:  # whatever a layer's code raises
        raise BadInput(_untraceable(interface.name, error)) from error


def _for_one(tensor: Any) -> Any:
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


def _fixed(port: Port, model: str) -> Tensor:
    what = f"Model '{model}': input '{port.name}'"
    if port.dtype in ("string", "complex64", "complex128", "bfloat16"):
        raise BadInput(f"{what} is {port.dtype}; numbers, integers and booleans are carried.")
    if not port.shape:
        raise BadInput(f"{what} has no batch axis; give it one.")
    if port.shape[0] not in (None, 1):
        raise BadInput(
            f"{what} takes batches of {port.shape[0]}; files here take one example at a time. "
            "Build the model without a batch size."
        )
    if None in port.shape[1:]:
        axis = port.shape.index(None, 1)
        raise BadInput(
            f"{what} has shape {port.shape}, whose axis {axis} is free; only the batch may be. "
            "Build the model with the size it will run at, keras.Input(shape=(...)), load the "
            "weights into it, and convert that."
        )
    return Tensor(
        name=port.name, shape=(1, *(int(n or 1) for n in port.shape[1:])), dtype=port.dtype
    )


def _output(name: str, tensor: Any, model: str) -> Tensor:
    shape = tuple(tensor.shape) if tensor.shape.rank is not None else (None,)
    if None in shape or not shape:
        raise BadInput(
            f"Model '{model}': output '{name}' has shape {shape or '()'}, whose size depends on "
            "the values or lacks the batch axis; make it fixed."
        )
    return Tensor(name=name, shape=shape, dtype=tensor.dtype.name)


def _check_fit(found: Sequence[Tensor], wanted: Sequence[Tensor], start: str) -> None:
    have, asked = ([(t.shape, t.dtype) for t in tensors] for tensors in (found, wanted))
    if have != asked:
        raise BadInput(
            f"{start} {_shown(found)}; the signature says {_shown(wanted)}. "
            "Use signature_of(model), or correct the signature."
        )


def _shown(tensors: Sequence[Tensor]) -> str:
    return ", ".join(f"'{t.name}' {t.shape} {t.dtype}" for t in tensors)


def _with_meanings(found: Signature, noted: Signature | None) -> Signature:
    """Return `found` with what only a noted signature knows: meanings and labels."""
    if noted is None:
        return found
    meanings = {t.name: t.meaning for t in (*noted.inputs, *noted.outputs)}
    inputs = tuple(replace(t, meaning=meanings.get(t.name, "")) for t in found.inputs)
    outputs = tuple(replace(t, meaning=meanings.get(t.name, "")) for t in found.outputs)
    return Signature(inputs=inputs, outputs=outputs, labels=noted.labels)
