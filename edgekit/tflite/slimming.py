"""Leave out of a `.tflite` what no interpreter reads, and store what is equal once.

Nothing that is computed changes: same operators, same weights, same scales, in the same order. What
goes: ranges that the quantizer noted, shapes written twice, buffers without a reader, the
converter's note on itself, and all but the first part of inner tensors' names; inside of loops, all
but the loop's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgekit.tflite.sharing import ALIGNMENT, SharingBuilder

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, SubGraphT, TensorT

_MUCH = 4096
"""Bytes of names that only tell tensors of one layer apart."""

_LOOP = b"/while"
"""What TensorFlow calls a loop, after the layer that it belongs to."""

_NOTE_ON_ITSELF = b"CONVERSION_METADATA"


def pack(model: ModelT, alignment: int = ALIGNMENT) -> bytearray:
    """Return the file that holds the objects, equal ones once.

    Args:
        model: Unpacked.
        alignment: Of the contents of buffers, in bytes: 4, 8 or 16.
    """
    builder = SharingBuilder(alignment)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytearray(builder.Output())


def alignment_of(content: bytes) -> int:
    """Return how a file aligns the contents of its buffers: 16 bytes, or 4 as older writers do."""
    from ai_edge_litert import schema_py_generated as schema

    root = schema.Model.GetRootAs(content, 0)
    buffers = [root.Buffers(index) for index in range(root.BuffersLength())]
    large = [buffer for buffer in buffers if buffer.DataLength() >= ALIGNMENT]
    starts = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in large]
    return ALIGNMENT if all(start % ALIGNMENT == 0 for start in starts) else 4


def slim(model: ModelT) -> None:
    """Leave out what no interpreter reads; `pack` stores the rest once."""
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            _leave_out(tensor)
    asked = {0, *(int(signature.subgraphIndex) for signature in model.signatureDefs or [])}
    for number, graph in enumerate(model.subgraphs):
        if number in asked:
            _shorten_names(model, graph)
        else:
            _name_after_loop(graph)
    model.metadata = [m for m in model.metadata or [] if m.name != _NOTE_ON_ITSELF] or None
    drop_buffers(model)


def _leave_out(tensor: TensorT) -> None:
    ranges = tensor.quantization
    if ranges is not None:
        ranges.min = ranges.max = None
        if ranges.details is None and not _length(ranges.scale) + _length(ranges.zeroPoint):
            tensor.quantization = None
    known, free = tensor.shape, tensor.shapeSignature
    if known is not None and free is not None and list(known) == list(free):
        tensor.shapeSignature = None


def _length(vector: object) -> int:
    return 0 if vector is None else len(vector)  # type: ignore[arg-type]  # an array or a list


def _shorten_names(model: ModelT, graph: SubGraphT) -> None:
    """Keep the first part of merged names, and give an operator's constants one name.

    A tensor is named after all operators that were merged into it, `a;b;c`; the first part tells
    which layer it came from. Where it tells tensors not apart, all parts stay, unless they are
    much: in a GRU unrolled to 72 steps in int8, 337 of 474 kB were names. The model's own name, in
    front of nearly all of them, goes. Inputs and outputs keep theirs.
    """
    ports = {int(k) for k in (*graph.inputs, *graph.outputs)}
    named = set(ports)
    for constants in _constants(model, graph):
        weights = max(constants, key=lambda k: _length(graph.tensors[k].shape))
        for index in constants:
            if index not in named:
                graph.tensors[index].name = _first(graph.tensors[weights])
        named.update(constants)
    others = [tensor for k, tensor in enumerate(graph.tensors) if k not in named]
    count = Counter(map(_first, others))
    alike = [tensor for tensor in others if count[_first(tensor)] > 1]
    is_much = sum(_length(t.name) - len(_first(t)) for t in alike) > _MUCH
    for tensor in others:
        if is_much or count[_first(tensor)] == 1 or _first(tensor).endswith(_LOOP):
            tensor.name = _first(tensor)
    _drop_model_name([tensor for k, tensor in enumerate(graph.tensors) if k not in ports])


def _name_after_loop(graph: SubGraphT) -> None:
    """Name what is inside of a loop after it: `gru/while/mul_1` is `gru/while`.

    Nobody asks for such a tensor by name, and texts are a fifth of a small loop's file.
    """
    for tensor in graph.tensors:
        layer, loop, _ = _first(tensor).partition(_LOOP)
        tensor.name = layer + loop
    _drop_model_name(graph.tensors)


def _drop_model_name(tensors: list[TensorT]) -> None:
    """Drop what stands before the first slash of most names, where a layer follows it."""
    fronts = Counter(tensor.name.partition(b"/")[0] for tensor in tensors if tensor.name)
    front, times = fronts.most_common(1)[0] if fronts else (b"", 0)
    for tensor in tensors:
        first, *others = (tensor.name or b"").split(b";")
        rest = first.removeprefix(front + b"/")
        if 2 * times > len(tensors) and b"/" in rest:
            tensor.name = b";".join([rest, *others])


def _first(tensor: TensorT) -> bytes:
    name: bytes = tensor.name or b""
    return name.split(b";")[0]


def _constants(model: ModelT, graph: SubGraphT) -> Iterator[list[int]]:
    """Yield for each operator the constants that it reads, if it reads any."""
    for op in graph.operators or []:
        read = [int(k) for k in (op.inputs if op.inputs is not None else []) if k >= 0]
        if held := [k for k in read if _length(model.buffers[graph.tensors[k].buffer].data)]:
            yield held


def drop_buffers(model: ModelT) -> None:
    """Keep of equal buffers one, of empty ones the first, of those without a reader none.

    Buffer 0 is empty in every file; a tensor without contents points there.
    """
    readers: list[object] = [t for graph in model.subgraphs for t in graph.tensors]
    readers += model.metadata or []
    kept, numbers = model.buffers[:1], {b"": 0}
    moved: dict[int, int] = {}
    for reader in readers:
        old: int = reader.buffer  # type: ignore[attr-defined]  # tensors and metadata have one
        if old not in moved:
            data = model.buffers[old].data
            content = b"" if data is None else bytes(data)
            if content not in numbers:
                numbers[content] = len(kept)
                kept.append(model.buffers[old])
            moved[old] = numbers[content]
        reader.buffer = moved[old]  # type: ignore[attr-defined]
    model.buffers = kept
