"""Put several `.tflite` files into one, each as a signature; equal constants are stored once.

TensorFlow's converter takes several signatures too, but calibrates only the first one's graph as
carefully, and its older dynamic-range quantizer takes a shared weight that it has just made int8
for floats. So each signature is converted alone, and the files are merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgekit.tflite.editing import unpack
from edgekit.tflite.slimming import drop_buffers, pack

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, OperatorCodeT, OperatorT

_NEEDS = b"min_runtime_version"
"""Metadata whose buffer names the oldest runtime that has all operators."""


def merge(files: Mapping[str, bytes | bytearray]) -> bytearray:
    """Return a file that holds all of several files, each callable by its name.

    Args:
        files: Name of the signature -> a `.tflite` with one signature; the first is what an
            interpreter runs that knows nothing of signatures.
    """
    first, *others = (unpack(content) for content in files.values())
    _call(first, next(iter(files)), shift=0)
    for name, other in zip(list(files)[1:], others, strict=True):
        _shift_buffers(other, len(first.buffers))
        first.buffers += other.buffers
        codes = [_code_in(first, code) for code in other.operatorCodes]
        shift = len(first.subgraphs)
        for graph in other.subgraphs:
            for op in graph.operators or []:
                op.opcodeIndex = codes[op.opcodeIndex]
                _shift_graphs(op, shift)
        _call(other, name, shift=shift)
        first.subgraphs += other.subgraphs
        first.signatureDefs += other.signatureDefs
    _state_needs(first, [first, *others])
    drop_buffers(first)
    return pack(first)


def _call(model: ModelT, name: str, *, shift: int) -> None:
    """Name the signature, and the main graph after it."""
    (signature,) = model.signatureDefs
    model.subgraphs[signature.subgraphIndex].name = name.encode()
    signature.signatureKey = name.encode()
    signature.subgraphIndex += shift


def _shift_buffers(model: ModelT, shift: int) -> None:
    """Let tensors and notes find their buffers behind those of other files."""
    for reader in [tensor for graph in model.subgraphs for tensor in graph.tensors]:
        reader.buffer += shift
    for note in model.metadata or []:
        note.buffer += shift


def _code_in(model: ModelT, code: OperatorCodeT) -> int:
    """Return where an operator's code stands in a model, which gets it if it lacks it."""
    for index, known in enumerate(model.operatorCodes):
        if vars(known) == vars(code):
            return index
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _shift_graphs(op: OperatorT, shift: int) -> None:
    """Let loops and branches find their graphs behind those of other files."""
    for options in (op.builtinOptions, op.builtinOptions2):
        for key, value in vars(options).items() if options is not None else ():
            if key == "subgraph" or key.endswith("SubgraphIndex"):
                setattr(options, key, value + shift)


def _state_needs(model: ModelT, parts: list[ModelT]) -> None:
    """Note the youngest of the runtimes that the parts need."""
    stated = [
        model.buffers[note.buffer]
        for part in parts
        for note in part.metadata or []
        if note.name == _NEEDS
    ]
    if not stated:
        return
    youngest = max(stated, key=lambda buffer: _release(bytes(buffer.data)))
    for note in model.metadata:
        if note.name == _NEEDS:
            note.buffer = next(k for k, each in enumerate(model.buffers) if each is youngest)


def _release(text: bytes) -> tuple[int, ...]:
    numbers = text.strip(b"\0 ").split(b".")
    return tuple(int(number) for number in numbers if number.isdigit())
