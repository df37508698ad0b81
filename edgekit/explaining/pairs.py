"""Find the same tensor in two files of one model, and cut the float file into its layers."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.operator_layers import operator_layers
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import Model, Subgraph, TensorInfo, ports


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What goes from one layer to others, or into or out of the model, in both files.

    Attributes:
        layer: That writes it; `input NAME` for what goes into the model.
        operator: That writes it, such as `CONV_2D`; "" for an input.
        readers: Layers that read it.
        in_float: Its index in the float file.
        in_quantized: Its index in the quantized file.
    """

    layer: str
    operator: str
    readers: tuple[str, ...]
    in_float: int
    in_quantized: int


def pairs_of(true: Model, quantized: Model, layers: Layers) -> list[Pair]:
    """Return the tensors between layers that both files have, in the order they are computed.

    Files of one model share the names of tensors, of which a quantized one may have shortened
    those that were merged from several. Inputs and outputs go by the names in the signature.

    Args:
        true: The float file.
        quantized: The other, written from the same model.
        layers: Of that model.
    """
    graph = true.main
    owners = operator_layers(graph, layers)
    matches = _matches(true, quantized)
    found = [
        Pair(
            layer=f"input {port.name}",
            operator="",
            readers=_readers(graph, owners, port.index),
            in_float=port.index,
            in_quantized=matches[port.index],
        )
        for port in ports(true)[0]
        if port.index in matches and graph.tensors[port.index].dtype == "float32"
    ]
    for op, owner in zip(graph.operators, owners, strict=True):
        for k in op.outputs:
            readers = _readers(graph, owners, k)
            crosses = k in graph.outputs or set(readers) - {owner}
            if crosses and k in matches and graph.tensors[k].dtype == "float32":
                found.append(
                    Pair(
                        layer=owner,
                        operator=op.name,
                        readers=tuple(name for name in readers if name != owner),
                        in_float=k,
                        in_quantized=matches[k],
                    )
                )
    return found


def cut(content: bytes, pairs: Sequence[Pair], owners: Sequence[str]) -> tuple[bytes, list[int]]:
    """Return a float file in which every layer reads inputs of the file instead of other layers.

    Fed with what the quantized file computed there, each layer shows what float arithmetic makes
    of it: the difference from the quantized file's next tensor is the layer's own error, and the
    difference from the uncut float file's is what it inherited.

    Args:
        content: The float file.
        pairs: Where to cut.
        owners: The layer of each operator.

    Returns:
        The file, and for each pair the index of the tensor to feed.
    """
    model = unpack(content)
    graph = model.subgraphs[0]
    fed = []
    for pair in pairs:
        if not pair.operator:
            fed.append(pair.in_float)
            continue
        given = copy.copy(graph.tensors[pair.in_float])
        given.buffer = 0
        given.name = given.name + b"/given"
        graph.tensors.append(given)
        fed.append(len(graph.tensors) - 1)
        for op, owner in zip(graph.operators, owners, strict=True):
            if owner != pair.layer and op.inputs is not None:
                op.inputs = [fed[-1] if k == pair.in_float else int(k) for k in op.inputs]
    graph.inputs = [*map(int, graph.inputs), *(k for k in fed if k not in graph.inputs)]
    model.signatureDefs = []
    return bytes(pack(model)), fed


def _matches(true: Model, quantized: Model) -> dict[int, int]:
    """Return index in the float file -> index in the quantized file."""
    here, there = true.main, quantized.main
    by_name = _by_name(there)
    matches = {
        tensor.index: by_name[key]
        for tensor in here.tensors
        if not tensor.is_constant
        for key in (tensor.name, tensor.name.split(";")[0])
        if key in by_name and _elements(there.tensors[by_name[key]]) == _elements(tensor)
    }
    for mine, theirs in zip(ports(true), ports(quantized), strict=True):
        by_port = {port.name: port.index for port in theirs}
        matches |= {port.index: by_port[port.name] for port in mine if port.name in by_port}
    return {k: _as_integers(there, index) for k, index in matches.items()}


def _by_name(graph: Subgraph) -> dict[str, int]:
    """Return the tensors by their name, and by its first part where that is unique."""
    computed = [tensor for tensor in graph.tensors if not tensor.is_constant]
    first = Counter(tensor.name.split(";")[0] for tensor in computed)
    short = {t.name.split(";")[0]: t.index for t in computed if first[t.name.split(";")[0]] == 1}
    return short | {tensor.name: tensor.index for tensor in computed}


def _as_integers(graph: Subgraph, index: int) -> int:
    """Return the quantized form of a float tensor that is only the one side of a (DE)QUANTIZE."""
    reading = [op for op in graph.operators if index in op.inputs]
    if graph.tensors[index].dtype == "float32":
        if reading and all(op.name == "QUANTIZE" for op in reading):
            return reading[0].outputs[0]
        writer = next((op for op in graph.operators if index in op.outputs), None)
        if writer and writer.name == "DEQUANTIZE" and not reading:
            return writer.inputs[0]
    return index


def _readers(graph: Subgraph, owners: Sequence[str], index: int) -> tuple[str, ...]:
    operators = zip(graph.operators, owners, strict=True)
    return tuple(dict.fromkeys(owner for op, owner in operators if index in op.inputs))


def _elements(tensor: TensorInfo) -> tuple[int, ...]:
    return tuple(n for n in tensor.shape if n != 1)


def unmatched(true: Model, owners: Sequence[str], pairs: Sequence[Pair]) -> bool:
    """Whether most of what goes between layers was not found: the files are not of one model."""
    between = {
        k
        for op, owner in zip(true.main.operators, owners, strict=True)
        for k in op.outputs
        if set(_readers(true.main, owners, k)) - {owner}
    }
    found = between & {pair.in_float for pair in pairs}
    return 2 * len(found) < len(between)
