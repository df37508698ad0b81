"""Which layers of a Keras 3 model can have fewer channels, and which channels hang together.

Channels are the last axis. What an Add sums has as many of them, a normalization keeps them, a
reshape counts on them: tensors that can only change together form one group. The inputs and outputs
of the model, and everything that goes into or comes out of an operation without a rule here, are
fixed, so that a narrower model is one that can be built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from edgekit.bridge.graph import graph_of, nodes

if TYPE_CHECKING:
    import keras
    from keras.src.ops.node import Node
    from scipy.cluster.hierarchy import DisjointSet

Key: TypeAlias = int | str | tuple[str, int]
"""Stands for one width: `id` of a tensor, or the input or output of a layer by its `id`."""

FIXED = "fixed"
"""The key of everything whose width must stay."""

WIDTHS = {
    "Dense": "units",
    **{f"Conv{n}D": "filters" for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": "filters" for n in (1, 2, 3)},
    **{f"SeparableConv{n}D": "filters" for n in (1, 2)},
    "Embedding": "output_dim",
    "LSTM": "units",
    "GRU": "units",
    "SimpleRNN": "units",
}
"""Layers of Keras that choose how many channels come out, and what they call that number."""

_NORMALIZING = (
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
)
_KEEPING = {
    *_NORMALIZING,
    *("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "Rescaling", "Identity"),
    *("Dropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization", "Masking"),
    *(f"SpatialDropout{n}D" for n in (1, 2, 3)),
    *(
        f"{name}{n}D"
        for n in (1, 2, 3)
        for name in ("Cropping", "UpSampling", "ZeroPadding", "AveragePooling", "MaxPooling")
    ),
    *(f"Global{kind}Pooling{n}D" for n in (1, 2, 3) for kind in ("Average", "Max")),
    *(f"DepthwiseConv{n}D" for n in (1, 2)),
    *("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Divide", "TrueDivide"),
    *("Abs", "Cast", "Elu", "Exp", "Gelu", "HardSigmoid", "HardSilu", "LeakyRelu", "Log", "Log1p"),
    *("Negative", "Relu", "Relu6", "Rsqrt", "Selu", "Sigmoid", "Silu", "Softplus", "Sqrt"),
    *("Square", "StopGradient", "Tanh"),
}
"""Layers and `keras.ops` whose outputs have the channels of their inputs, one for one."""

GROUPS = (-1, 1, 2, 4)
"""Groups that the channels of a narrower layer can be split into: all are multiples of 4."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """What hangs together in a model, its parts and the models nested in them.

    Attributes:
        models: All of them, each once.
        ties: Groups of keys.
    """

    models: tuple[keras.Model, ...]
    ties: DisjointSet

    def group(self, tensor: keras.KerasTensor) -> Key:
        """Return what stands for all tensors whose channels are those of this one."""
        root: Key = self.ties[id(tensor)]
        return root

    def is_fixed(self, tensor: keras.KerasTensor) -> bool:
        """Whether the tensor keeps its width."""
        return bool(self.ties.connected(id(tensor), FIXED))

    def choosing(self) -> list[keras.Layer]:
        """Return the layers that have a rule for another width, each once, in their order."""
        all_of_them = {
            id(node.operation): node.operation
            for model in self.models
            for node in nodes(graph_of(model))
            if is_choosing(node.operation)
        }
        return list(all_of_them.values())

    def free(self) -> list[keras.Layer]:
        """Return those of them that may have another width."""
        return [
            layer for layer in self.choosing() if not self.ties.connected(("out", id(layer)), FIXED)
        ]


def widths_of(models: Iterable[keras.Model]) -> Widths:
    """Return what hangs together in some models that share layers.

    Args:
        models: Built, Sequential or functional: a trained model and the parts cut out of it. What
            goes into and out of each of them keeps its shape.

    Raises:
        UnsupportedLayer: One of them has no graph.
    """
    from scipy.cluster.hierarchy import DisjointSet

    found = list({id(model): model for model in _with_nested(models)}.values())
    ties = DisjointSet([FIXED])
    mixed: list[Node] = []
    for model in found:
        graph = graph_of(model)
        _tie(ties, FIXED, *map(id, (*graph.inputs, *graph.outputs)))
        for node in nodes(graph):
            _tie_node(ties, node)
            if is_mixing(node):
                mixed.append(node)
    widths = Widths(models=tuple(found), ties=ties)
    _fix_mixed(widths, mixed)
    return widths


def is_choosing(operation: keras.Operation) -> bool:
    """Whether an operation is a layer that can be told another number of channels."""
    return (
        _keras_name(operation) in WIDTHS
        and getattr(operation, "data_format", "channels_last") == "channels_last"
        and getattr(operation, "groups", 1) in GROUPS
        and getattr(operation, "depth_multiplier", 1) == 1
    )


def width_of(layer: keras.Layer) -> int:
    """Return how many channels come out of a layer that can be told so."""
    return int(getattr(layer, WIDTHS[type(layer).__name__]))


def _with_nested(models: Iterable[keras.Model]) -> Iterator[keras.Model]:
    import keras

    for model in models:
        yield model
        inside = (node.operation for node in nodes(graph_of(model)))
        yield from _with_nested(each for each in inside if isinstance(each, keras.Model))


def _keras_name(operation: keras.Operation) -> str:
    """Return the name of one of Keras' own classes; a user's class of that name is none."""
    kind = type(operation)
    return kind.__name__ if kind.__module__.startswith("keras.") else ""


def _tie(ties: DisjointSet, first: Key, *others: Key) -> None:
    ties.add(first)
    for other in others:
        ties.add(other)
        ties.merge(first, other)


def _tie_node(ties: DisjointSet, node: Node) -> None:
    operation, inputs, outputs = node.operation, node.input_tensors, node.outputs
    into, out = ("in", id(operation)), ("out", id(operation))
    for tensor in (*inputs, *outputs):
        ties.add(id(tensor))
    if is_choosing(operation):
        first, *states = inputs
        _tie(ties, into, id(first))
        _tie(ties, out, *map(id, (*states, *outputs)))
    elif is_keeping(node):
        width = outputs[0].shape[-1]
        same = [tensor for tensor in inputs if tensor.shape and tensor.shape[-1] == width]
        # A layer called twice has the same weights both times, unless it has none.
        shared = [into] if getattr(operation, "weights", ()) else []
        _tie(ties, id(outputs[0]), *map(id, (*same, *outputs)), *shared)
    elif not is_mixing(node):
        _tie(ties, FIXED, *map(id, (*inputs, *outputs)))


def is_keeping(node: Node) -> bool:
    """Whether the output of a call has the channels of its inputs, one for one."""
    operation = node.operation
    name = _keras_name(operation)
    rank = len(node.outputs[0].shape)
    if name == "Reshape":
        return is_reshaping_elsewhere(node)
    return (
        name in _KEEPING
        and not _has_constant(node)
        and getattr(operation, "data_format", "channels_last") == "channels_last"
        and getattr(operation, "depth_multiplier", 1) == 1
        and (name != "Rescaling" or isinstance(operation.scale, int | float))
        and (name != "GroupNormalization" or operation.groups in GROUPS)
        and (name not in _NORMALIZING or _axes(operation) <= {-1, rank - 1})
    )


def is_reshaping_elsewhere(node: Node) -> bool:
    """Whether a call is one of a Reshape layer that leaves the last axis as it is."""
    import keras

    if not isinstance(node.operation, keras.layers.Reshape):
        return False
    before, after = node.input_tensors[0].shape, node.outputs[0].shape
    return before[-1] == after[-1] and None not in after[1:]


def is_mixing(node: Node) -> bool:
    """Whether channels of the inputs come to lie one after another in the output."""
    if _keras_name(node.operation) == "Concatenate":
        return node.operation.axis in (-1, len(node.outputs[0].shape) - 1)
    return is_flattening(node)


def is_flattening(node: Node) -> bool:
    """Whether each place of the input has its own channels in the output, which is flat."""
    operation = node.operation
    return (
        _keras_name(operation) == "Flatten"
        and operation.data_format == "channels_last"
        and None not in (*node.input_tensors[0].shape[1:], *node.outputs[0].shape[1:])
    )


def _axes(operation: keras.Operation) -> set[int]:
    axis = getattr(operation, "axis", -1)
    return set(axis) if isinstance(axis, Sequence) else {axis}


def _has_constant(node: Node) -> bool:
    """Whether an array, whose width stays, is an argument of a call."""
    import keras

    given = (node.arguments.args, node.arguments.kwargs)
    leaves = [x for x in keras.tree.flatten(given) if not isinstance(x, keras.KerasTensor)]
    has_array = any(len(getattr(leaf, "shape", ())) > 0 for leaf in leaves)
    lists = [each for each in node.arguments.args if isinstance(each, list | tuple)]
    return has_array or any(isinstance(x, int | float) for each in lists for x in each)


def _fix_mixed(widths: Widths, mixed: Sequence[Node]) -> None:
    """Fix what is mixed into an output whose width something else decides, too.

    The sum of rounded widths need not be the rounded sum, so a concatenation that is added to
    something keeps its width.
    """
    has_changed = True
    while has_changed:
        has_changed = False
        number = Counter(group for group, *_ in _deciding(widths, mixed))
        for node in mixed:
            tensors = (*node.input_tensors, node.outputs[0])
            open_ones = [tensor for tensor in tensors if not widths.is_fixed(tensor)]
            is_decided = number[widths.group(node.outputs[0])] > 1
            if open_ones and (is_decided or widths.is_fixed(node.outputs[0])):
                _tie(widths.ties, FIXED, *map(id, open_ones))
                has_changed = True


def _deciding(widths: Widths, mixed: Sequence[Node]) -> set[tuple[object, ...]]:
    """Return each group with what decides its width; a part repeats the calls of the whole."""
    layers = {(widths.ties["out", id(layer)], id(layer)) for layer in widths.choosing()}
    return layers | {
        (
            widths.group(node.outputs[0]),
            id(node.operation),
            *(widths.group(tensor) for tensor in node.input_tensors),
        )
        for node in mixed
    }
