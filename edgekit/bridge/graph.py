"""Walk the graph of a Keras 3 model with tensors of another kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from edgekit.core.errors import UnsupportedLayer

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    import tf_keras
    from keras.src.ops.node import Node

    EitherModel: TypeAlias = keras.Model | tf_keras.Model
    EitherLayer: TypeAlias = keras.Layer | tf_keras.layers.Layer
    TwinTensor: TypeAlias = tf_keras.__internal__.KerasTensor
    EitherVariable: TypeAlias = keras.Variable | tf.Variable

Arguments = tuple[object, ...]
Options = dict[str, object]

Call = Callable[["Node", Arguments, Options], object]
"""`(node, args, kwargs) -> outputs`: computes one node of a graph with tensors of another kind."""


def graph_of(model: keras.Model) -> keras.Model:
    """Return the functional graph of a Sequential or Functional Keras 3 model.

    Raises:
        UnsupportedLayer: It is neither, is not built, or Keras does not compute with TensorFlow.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise UnsupportedLayer(
            f"A {type(model).__module__}.{type(model).__name__} was given where a Keras 3 model "
            "(keras.Sequential or keras.Model(inputs, outputs)) is needed; pass one."
        )
    if keras.backend.backend() != "tensorflow":
        raise UnsupportedLayer(
            f"Keras computes with {keras.backend.backend()} here, and tf_keras with TensorFlow; "
            "set KERAS_BACKEND=tensorflow."
        )
    graph = model._functional if isinstance(model, keras.Sequential) else model
    if hasattr(graph, "_nodes_by_depth"):
        return graph
    cause = (
        "is not built; call model.build(input_shape) first"
        if isinstance(model, keras.Sequential)
        else "is a subclassed model without a graph; write it as keras.Model(inputs, outputs)"
    )
    raise UnsupportedLayer(
        f"Model '{model.name}' ({type(model).__name__}) {cause}. Sequential and functional models "
        "can be carried."
    )


def walk(graph: keras.Model, tensors: Sequence[object], call: Call) -> object:
    """Call every operation of a graph in order, on other tensors; return its outputs.

    Args:
        graph: From `graph_of`.
        tensors: One for each of `graph.inputs`.
        call: Called once for each node; its arguments hold `tensors`, and what it returned before,
            in place of the graph's own tensors.

    Returns:
        The outputs, in the structure the model was built with.
    """
    import keras

    values = {id(own): other for own, other in zip(graph.inputs, tensors, strict=True)}
    for node in nodes(graph):
        args, kwargs = keras.tree.map_structure(
            lambda leaf: values.get(id(leaf), leaf), (node.arguments.args, _given(node))
        )
        outputs = keras.tree.flatten(call(node, args, kwargs))
        values.update(zip(map(id, node.outputs), outputs, strict=False))
    return keras.tree.map_structure(lambda own: values[id(own)], graph._outputs_struct)


def nodes(graph: keras.Model) -> Iterator[Node]:
    """Yield the calls of a graph, in an order in which they can be computed."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from (node for node in graph._nodes_by_depth[depth] if not node.is_input)


def layers_of(model: EitherModel) -> Iterator[EitherLayer]:
    """Yield all layers of a model, those of nested models included."""
    for layer in model.layers:
        yield from layers_of(layer) if hasattr(layer, "layers") else (layer,)


def is_linear(layer: tf_keras.layers.Layer) -> bool:
    """Whether a tf_keras layer has no activation."""
    return bool(layer.activation.__name__ == "linear")


def is_passed_once(layer: tf_keras.layers.Layer) -> bool:
    """Whether a tf_keras layer is called once, and one other alone reads what it gives."""
    return len(layer._inbound_nodes) == len(layer._outbound_nodes) == 1


def _given(node: Node) -> Options:
    """Return the keyword arguments that the model's author gave.

    Keras 3 also records those it filled in itself: masks, which tf_keras passes on by itself too,
    and `training`, which `fit` and `predict` override in Keras 3 but would not in tf_keras.
    """
    import keras

    masks = [getattr(tensor, "_keras_mask", None) for tensor in node.input_tensors]

    def is_implied(value: object) -> bool:
        leaves = keras.tree.flatten(value)
        return all(leaf is None or any(leaf is mask for mask in masks) for leaf in leaves)

    return {
        key: value
        for key, value in node.arguments.kwargs.items()
        if key != "training" and not (key.endswith("mask") and is_implied(value))
    }
