"""List, before any training, what quantization-aware training will do with each layer of a model.

It takes the model apart as the training does, without weights: seconds, however large it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgekit.bridge.carry import call_name
from edgekit.bridge.graph import Arguments, Options, walk
from edgekit.bridge.layers import twin_layer, twin_name
from edgekit.bridge.ops import call_twin
from edgekit.bridge.own.registering import REGISTERED
from edgekit.bridge.own.twin import is_own
from edgekit.bridge.qat.choosing import By, Choice, choices
from edgekit.bridge.qat.rewriting import rewritten
from edgekit.core.errors import UnsupportedLayer, reason

if TYPE_CHECKING:
    import keras
    import tf_keras
    from keras.src.ops.node import Node

    from edgekit.bridge.graph import TwinTensor


@dataclass(frozen=True, kw_only=True)
class QatLayer:
    """What quantization-aware training does with a layer, or with an operation between layers.

    Attributes:
        name: Within nested models it is a path, such as `backbone/conv`.
        kind: Its class.
        by: Whose QuantizeConfig rounds it: "tfmot" (its default), "edgekit" (ours, or one that was
            registered, or the layer is split into what tfmot takes), or "" if it trains in float.
            Where it does, calibration finds its ranges at conversion.
        rounded: What is rounded while it trains: its weights by their attributes, and "output".
        stops: Whether the model cannot be trained with quantization at all because of it.
        reason: Why it is not rounded, or what else is true of it; "" for nothing.
    """

    name: str
    kind: str
    by: By
    rounded: tuple[str, ...]
    stops: bool
    reason: str


def qat_layers(model: keras.Model) -> tuple[QatLayer, ...]:
    """Say for each layer of a Keras 3 model whether quantization-aware training rounds it.

    Nothing is trained or converted, and tfmot is not imported. Layers are in the order in which
    they are called.

    Raises:
        UnsupportedLayer: It is no Sequential or functional Keras 3 model.
    """
    flat = rewritten(model)
    sketch = _Sketch()
    chosen = choices(sketch.of(flat.model))
    own = {twin_name(layer.name): layer for layer in flat.model.layers}
    pieces: dict[tuple[str, str], list[str]] = {}
    for name, origin in flat.origins.items():
        pieces.setdefault(origin, []).append(twin_name(name))
    return tuple(
        _row(origin, names, chosen, sketch.refused, own) for origin, names in pieces.items()
    )


@dataclass
class _Sketch:
    """The twin of a model without its weights; inputs stand for what cannot be carried.

    Attributes:
        refused: Name -> why the twin of a layer or operation cannot be made.
        stubs: Inputs in the places of what those give.
        loose: What goes into them.
    """

    refused: dict[str, str] = field(default_factory=dict)
    stubs: list[TwinTensor] = field(default_factory=list)
    loose: list[TwinTensor] = field(default_factory=list)

    def of(self, model: keras.Model) -> tf_keras.Model:
        import keras
        import tf_keras

        twins: dict[int, tf_keras.layers.Layer] = {}
        names: dict[str, int] = {}

        def call(node: Node, args: Arguments, kwargs: Options) -> object:
            operation = node.operation
            try:
                if not isinstance(operation, keras.layers.Layer):
                    return call_twin(operation, call_name(operation, names), args, kwargs)
                if id(operation) not in twins:
                    twins[id(operation)] = twin_layer(operation)
                return twins[id(operation)](*args, **kwargs)
            except Exception as error:  # whatever TensorFlow raises while it builds the layer
                because = error.because if isinstance(error, UnsupportedLayer) else ""
                self.refused[twin_name(operation.name)] = because or reason(error)
                leaves = keras.tree.flatten((args, kwargs))
                self.loose += [leaf for leaf in leaves if hasattr(leaf, "_keras_history")]
                stubs = [_input_like(tensor) for tensor in node.outputs]
                self.stubs += stubs
                return stubs

        inputs = [_input_like(tensor) for tensor in model.inputs]
        outputs = keras.tree.flatten(walk(model, inputs, call))
        return tf_keras.Model([*inputs, *self.stubs], [*outputs, *self.loose])


def _row(
    origin: tuple[str, str],
    names: Sequence[str],
    chosen: Mapping[str, Choice],
    refused: Mapping[str, str],
    own: Mapping[str, keras.Layer],
) -> QatLayer:
    """Return what becomes of a layer that was split into those of `names`."""
    path, kind = origin
    because = next((refused[name] for name in names if name in refused), "")
    if because:
        return QatLayer(name=path, kind=kind, by="", rounded=(), stops=True, reason=because)
    parts = [chosen[name] for name in names]
    in_float = next((part for part in parts if not part.by), None)
    if in_float:
        why = in_float.reason
        return QatLayer(name=path, kind=kind, by="", rounded=(), stops=False, reason=why)
    is_tfmots = len(parts) == 1 and parts[0].by == "tfmot"
    notes = [part.rounds.note for part in parts if part.rounds.note]
    split = f"trained as {' and '.join(_kinds(names, own))}" if len(names) > 1 else ""
    return QatLayer(
        name=path,
        kind=kind,
        by="tfmot" if is_tfmots else "edgekit",
        rounded=tuple(_rounded(names, parts, own)),
        stops=False,
        reason=split or "; ".join(dict.fromkeys(notes)),
    )


def _kinds(names: Sequence[str], own: Mapping[str, keras.Layer]) -> list[str]:
    return [type(own[name]).__name__ for name in names]


def _rounded(
    names: Sequence[str], parts: Sequence[Choice], own: Mapping[str, keras.Layer]
) -> Iterator[str]:
    """Yield what is rounded in the parts of a layer, by the names its author knows."""
    for name, part in zip(names, parts, strict=True):
        if name in own and is_own(own[name]):
            registered = REGISTERED[type(own[name])]
            yield from (*registered.weights, *registered.activations)
            if registered.output:
                yield "output"
            return
        yield from part.rounds.weights
    if any(part.rounds.output or part.rounds.activations for part in parts):
        yield "output"


def _input_like(tensor: keras.KerasTensor) -> TwinTensor:
    import tf_keras

    return tf_keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype)
