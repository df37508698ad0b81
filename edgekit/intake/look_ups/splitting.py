"""Split the look-up layers at a Keras model's inputs off; what is left takes numbers.

TFLite has no tables of texts, and no operator that looks numbers up in a table. So the part of a
model up to the first tensor of numbers is left to the app, with the vocabulary beside the file.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgekit.core.errors import BadInput
from edgekit.intake.shapes import on_inputs
from edgekit.source_model.interface import (
    KerasLayer,
    KerasModel,
    SavedModel,
    SourceModel,
    given_names,
    interface_of,
    is_tf_keras,
)

if TYPE_CHECKING:
    import keras

AT_INPUTS = ("TextVectorization", "StringLookup", "IntegerLookup", "Hashing")
"""Layers that can be split off."""

_LOOK_UPS = (*AT_INPUTS, "HashedCrossing")


@dataclass(frozen=True, kw_only=True)
class Front:
    """What was split off at one input.

    Attributes:
        source: Name of the whole model's input.
        input: Name of the input that takes the layer's numbers in its place.
        layer: The look-up layer.
        rank: Of what the layer takes, batch axis included.
    """

    source: str
    input: str
    layer: KerasLayer
    rank: int


@dataclass(frozen=True, kw_only=True)
class Split:
    """What was split off a model.

    Attributes:
        whole: The model as it was loaded.
        fronts: In the order of the inputs they end in.
        is_changed: Whether the rest was changed since, such as its shapes or types, so that it need
            not answer just like the whole.
    """

    whole: KerasModel
    fronts: tuple[Front, ...]
    is_changed: bool = False


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """A call of a look-up layer on an input, and the tensor it returns."""

    position: int
    layer: KerasLayer
    tensor: keras.KerasTensor


def split_look_ups(model: SourceModel) -> tuple[SourceModel, Split | None]:
    """Return a model without the look-up layers at its inputs, and what was split off.

    A model without any is returned as it is. Whole numbers that come out of a look-up go in as
    int32. An input keeps its name where a single look-up reads it and nothing else does.

    Args:
        model: What `edgekit.source_model.loading.load_model` returned.

    Raises:
        BadInput: A look-up layer is not at an input, or text goes into another layer.
    """
    if isinstance(model, SavedModel) or not hasattr(_graph(model), "_nodes_by_depth"):
        return model, None  # of a class of the user's own no graph is known
    inputs = list(model.inputs)
    names = [declared.name for declared in interface_of(model).inputs]
    readers = [list(_readers(model, tensor)) for tensor in inputs]
    cuts = [
        _Cut(position=k, layer=layer, tensor=outputs[0])
        for k, found in enumerate(readers)
        for layer, given, outputs in found
        if type(layer).__name__ in AT_INPUTS and len(given) == len(outputs) == 1
    ]
    _refuse_others(model, cuts, names, readers)
    if not cuts:
        return model, None
    library = importlib.import_module("tf_keras" if is_tf_keras(model) else "keras")
    old, new, fronts = [], [], []
    for k, (tensor, name, found) in enumerate(zip(inputs, names, readers, strict=True)):
        mine = [cut for cut in cuts if cut.position == k]
        if len(found) > len(mine) or not mine:
            old.append(tensor)
            new.append(library.Input(tensor.shape[1:], dtype=tensor.dtype, name=name))
        for cut in mine:
            own = name if len(found) == 1 else cut.layer.name
            whole = "int" in _dtype(cut.tensor)
            old.append(cut.tensor)
            new.append(
                library.Input(cut.tensor.shape[1:], dtype="int32" if whole else "float32", name=own)
            )
            rank = len(tensor.shape)
            fronts.append(Front(source=name, input=own, layer=cut.layer, rank=rank))
    rest = on_inputs(library.Model(old, _outputs(model), name=model.name), new)
    return rest, Split(whole=model, fronts=tuple(fronts))


def split_of(model: SourceModel) -> Split | None:
    """Return what was split off a model, or None."""
    split: Split | None = getattr(model, "split_off", None)
    return split


def remember(model: SourceModel, split: Split | None, *, is_changed: bool) -> None:
    """Keep with what is left of a model what was split off; copies of it do not have it."""
    if split:  # as an attribute, Keras would take the whole for a part of the model
        vars(model)["split_off"] = replace(split, is_changed=is_changed)


def names_of(model: SourceModel) -> list[str]:
    """Return what the inputs that take the numbers are called, in the order of the look-ups."""
    split, names = split_of(model), given_names(model)
    return [names.get(front.input, front.input) for front in split.fronts] if split else []


_Reader = tuple[KerasLayer, Sequence["keras.KerasTensor"], Sequence["keras.KerasTensor"]]
"""A layer, what one call of it takes, and what that returns."""


def _graph(model: KerasModel) -> KerasModel:
    """Return the model that knows the calls of its layers: a Keras 3 chain has one inside."""
    return getattr(model, "_functional", None) or model


def _readers(model: KerasModel, tensor: keras.KerasTensor) -> Iterator[_Reader]:
    """Yield every call within a model that takes a tensor."""
    for node in (node for nodes in _graph(model)._nodes_by_depth.values() for node in nodes):
        if node.is_input:
            continue
        given = _listed(getattr(node, "keras_inputs", None) or node.input_tensors)
        if any(each is tensor for each in given):
            yield getattr(node, "operation", None) or node.layer, given, _listed(node.outputs)


def _listed(tensors: object) -> list[keras.KerasTensor]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def _outputs(model: KerasModel) -> object:
    """Return the output, or the structure of outputs, that a model is called for."""
    is_chain = type(model).__name__ == "Sequential"
    return model.outputs[0] if is_chain else model.output


def _dtype(tensor: keras.KerasTensor) -> str:
    return str(getattr(tensor.dtype, "name", tensor.dtype))


def _refuse_others(
    model: KerasModel,
    cuts: Sequence[_Cut],
    names: Sequence[str],
    readers: Sequence[Sequence[_Reader]],
) -> None:
    """Refuse look-ups that are not at an input, and text that goes elsewhere."""
    taken = {id(cut.layer) for cut in cuts}
    for layer in _graph_layers(model):
        if type(layer).__name__ in _LOOK_UPS and id(layer) not in taken:
            raise BadInput(
                f"Layer '{layer.name}' ({type(layer).__name__}) of model '{model.name}' looks "
                "values up in the middle of the model, which a .tflite cannot; only one that reads "
                "an input by itself can be split off. Build the model from what comes after it, "
                "keras.Model(layer.output, model.output), and look up before."
            )
    for cut in cuts:
        _check_cut(cut)
        calls = sum(each.layer is cut.layer for each in cuts)
        if calls > 1:
            raise BadInput(
                f"Layer '{cut.layer.name}' looks {calls} inputs of model '{model.name}' up; only "
                "one that reads one input can be split off. Give each input a layer of its own."
            )
    for tensor, name, found in zip(model.inputs, names, readers, strict=True):
        others = [layer for layer, _, _ in found if id(layer) not in taken]
        if _dtype(tensor) == "string" and (others or not found):
            where = f"layer '{others[0].name}'" if others else "no layer"
            raise BadInput(
                f"Input '{name}' of model '{model.name}' is text and goes into {where}; only "
                f"{', '.join(AT_INPUTS)} right at an input can be split off. Build the model from "
                "the first tensor of numbers."
            )


def _graph_layers(model: KerasModel) -> Iterator[KerasLayer]:
    """Yield the layers of a model and of the models in it, not those inside other layers."""
    for layer in model.layers:
        yield layer
        if getattr(layer, "layers", None):
            yield from _graph_layers(layer)


def _check_cut(cut: _Cut) -> None:
    layer, start = cut.layer, f"Layer '{cut.layer.name}' ({type(cut.layer).__name__})"
    mode = getattr(layer, "output_mode", None) or getattr(layer, "_output_mode", "int")
    if getattr(layer, "invert", False):
        raise BadInput(
            f"{start} turns numbers into text (invert=True), which no input of a .tflite takes. "
            "Build the model from what comes after it."
        )
    if mode == "tf_idf":
        raise BadInput(
            f"{start} weighs its tokens (output_mode='tf_idf'); int, one_hot, multi_hot and count "
            "can be split off. Use output_mode='count', and multiply by the weights in a layer."
        )
    if getattr(layer, "sparse", False) or getattr(layer, "_ragged", False):
        raise BadInput(
            f"{start} returns rows of different lengths or a sparse tensor; dense ones can be "
            "split off. Build it with ragged=False and sparse=False."
        )
