"""Build a network like a trained one, with a share of its channels and some of its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgekit.bridge.carry import copied, fresh
from edgekit.bridge.student.inheriting import inherit
from edgekit.bridge.student.widths import (
    WIDTHS,
    Widths,
    is_reshaping_elsewhere,
    width_of,
    widths_of,
)
from edgekit.core.errors import UnsupportedLayer, reason
from edgekit.core.recipe import Parts

if TYPE_CHECKING:
    import keras

    from edgekit.bridge.student.inheriting import Pairs

INSTEAD = "use another variant, such as int8"


def narrowed(model: keras.Model, width: float, parts: Parts | None = None) -> keras.Model:
    """Return a new model with a share of the channels in every layer that does not fix a shape.

    All widths are scaled by one rule, so that what is summed still fits. Inputs and outputs, those
    of the parts included, stay as they are. It begins with the weights of the channels that weigh
    most, where a layer's weights can be cut; the others are random.

    Args:
        model: A trained Sequential or functional model; it is not changed.
        width: Share of the channels that are left, above 0 and below 1.
        parts: Of the recipe: what is cut out of the model must keep its shapes, too.

    Raises:
        UnsupportedLayer: Nothing can be narrower, or a layer cannot be built so.
    """
    like = copied(model)
    like.set_weights(model.get_weights())
    cut = dict(parts.split(like)) if parts else {}
    widths = widths_of([like, *cut.values()])
    chosen = {layer: scaled(width_of(layer), width) for layer in widths.free()}
    if all(number == width_of(layer) for layer, number in chosen.items()):
        raise UnsupportedLayer(_why_nothing(model, widths, width))
    if parts:
        draft, _ = _built(like, chosen)  # the parts are cut out of `student` by whoever takes it
        _check_parts(draft, parts, cut)
    student, pairs = _built(like, chosen)
    inherit(pairs, chosen, widths)
    return student


def scaled(channels: int, width: float) -> int:
    """Return a share of a number of channels, as a multiple that processors are fast with.

    It is a multiple of 8 from 16 on, of 4 below; at least 4, and never more than there were.
    """
    wanted = channels * width
    step = 8 if wanted >= 16 else 4
    return min(channels, max(4, step * math.floor(wanted / step + 0.5)))


def _built(like: keras.Model, chosen: Mapping[keras.Layer, int]) -> tuple[keras.Model, Pairs]:
    """Return a copy whose layers have the chosen widths, with new weights, and its layers."""
    import keras

    by_id = {id(layer): number for layer, number in chosen.items()}
    pairs: Pairs = []

    def replace(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, keras.Model):
            return keras.models.clone_model(layer, clone_function=replace)
        if id(layer) in by_id:
            options = {WIDTHS[type(layer).__name__]: by_id[id(layer)]}
            new = type(layer).from_config({**layer.get_config(), **options})
        elif is_reshaping_elsewhere(node := layer._inbound_nodes[0]):
            new = keras.layers.Reshape((*node.outputs[0].shape[1:-1], -1), name=layer.name)
        else:
            new = fresh(layer)
        pairs.append((layer, new))
        return new

    try:
        student = keras.models.clone_model(like, clone_function=replace)
    except (TypeError, ValueError) as error:
        at = pairs[-1][0]
        raise UnsupportedLayer(
            f"Model '{like.name}' cannot be built narrower: layer '{at.name}' "
            f"({type(at).__name__}) does not take it ({reason(error)}); {INSTEAD}."
        ) from error
    _check_same(like, student, f"model '{like.name}'")
    return student, pairs


def _check_parts(draft: keras.Model, parts: Parts, before: Mapping[str, keras.Model]) -> None:
    """Refuse a narrower model whose parts cannot be cut out, or have other shapes."""
    try:
        after = parts.split(draft)
    except (TypeError, ValueError) as error:
        raise UnsupportedLayer(
            f"The parts of '{draft.name}' cannot be cut out of a narrower one ({reason(error)}); "
            f"{INSTEAD}."
        ) from error
    for name, model in before.items():
        _check_same(model, after[name], f"part '{name}'")


def _check_same(before: keras.Model, after: keras.Model, what: str) -> None:
    pairs = zip((*before.inputs, *before.outputs), (*after.inputs, *after.outputs), strict=True)
    for one, other in pairs:
        if one.shape != other.shape or one.dtype != other.dtype:
            layer = one._keras_history.operation.name
            raise UnsupportedLayer(
                f"Narrower, layer '{layer}' of {what} has the shape {tuple(other.shape)}, and it "
                f"must stay {tuple(one.shape)}; {INSTEAD}."
            )


def _why_nothing(model: keras.Model, widths: Widths, width: float) -> str:
    layers = widths.choosing()
    if not layers:
        why = "none of its layers has channels to leave out, as Conv2D and Dense have"
    elif free := widths.free():
        why = f"the {width_of(free[0])} of '{free[0].name}' are rounded to the same number"
    else:
        why = (
            f"the width of '{layers[0].name}' ({type(layers[0]).__name__}) and of every other "
            "layer is one that an input, an output or another operation fixes"
        )
    return f"Model '{model.name}' cannot be narrowed to {width:g} of its width: {why}; {INSTEAD}."
