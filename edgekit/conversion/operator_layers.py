"""Tell which Keras layer each operator of a file came from, by the names of its tensors."""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.conversion.diagnosis import Layers
from edgekit.tflite.reader import Operator, Subgraph

_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_LSTM_KINDS = ("LSTM", "Bidirectional")


def operator_layers(graph: Subgraph, layers: Layers) -> list[str]:
    """Return the layer of each operator, in the order of the operators.

    Where TensorFlow merged several layers into one operator, the one with the weights is named. An
    operator without a name of its own, such as the last one or a QUANTIZE, belongs to what it
    reads. Without known layers (a SavedModel) the path of the operator stands for the layer.

    Args:
        graph: Of a file that TensorFlow's converter wrote.
        layers: Of the model it was written from.
    """
    fused = iter(_fused(graph, layers))
    writers: dict[int, str] = {}
    names = []
    for op in graph.operators:
        name = _named(op, graph, layers)
        if op.name == _LSTM:  # has lost all names
            name = next(fused, "") or name
        if not name:
            name = next((writers[k] for k in op.inputs if k in writers), "")
        names.append(name or op.name.lower())
        writers |= dict.fromkeys(op.outputs, names[-1])
    return names


def _fused(graph: Subgraph, layers: Layers) -> list[str]:
    """Return the names for the fused LSTMs, in order, if there are as many layers."""
    count = sum(op.name == _LSTM for op in graph.operators)
    names = [
        name
        for name, kind in layers.kinds.items()
        if kind in _LSTM_KINDS
        for _ in range(2 if kind == "Bidirectional" else 1)
    ]
    return names if len(names) == count else []


def _named(op: Operator, graph: Subgraph, layers: Layers) -> str:
    paths = list(_paths(op, graph))
    if layers.kinds:
        return next(filter(None, map(layers.find, paths)), "")
    return next((path.rpartition("/")[0] for path in paths if "/" in path), "")


def _paths(op: Operator, graph: Subgraph) -> Iterator[str]:
    """Yield the names that may tell, the surest first: weights, what it writes, constants."""
    constants = [graph.tensors[k] for k in op.inputs if k >= 0 and graph.tensors[k].is_constant]
    written = [graph.tensors[k] for k in op.outputs]
    weights = [tensor for tensor in constants if len(tensor.shape) > 1]
    for tensor in (*weights, *written, *constants):
        yield from tensor.name.split(";")
