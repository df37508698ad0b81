"""Read a `.tflite` file into plain values: operators, versions, options, tensors, quantization.

Reading is strict: a file that is empty, cut, or whose parts point outside it or at each other in
circles is refused with one sentence, so that all code after this module can trust what it gets.
No interpreter and no TensorFlow is involved.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.core.errors import BadModelFile, NotFound
from edgekit.core.types import Array
from edgekit.tflite.bounds import Damaged, check_bounds
from edgekit.tflite.graph_check import check_graph
from edgekit.tflite.model import BITS, Model, Operator, Port, SignatureDef, Subgraph, TensorInfo
from edgekit.tflite.sparse.layout import densify
from edgekit.tflite.tables import load

__all__ = [
    "Model",
    "Operator",
    "Port",
    "SignatureDef",
    "Subgraph",
    "TensorInfo",
    "constant",
    "ports",
    "read",
    "signatures_of",
]


def read(path: Path | str) -> Model:
    """Read a `.tflite` file.

    Args:
        path: The file; it stays mapped in memory as long as its constants are in use.

    Raises:
        NotFound: There is no such file.
        BadModelFile: It is empty, cut short, damaged, or not a `.tflite` at all.

    Example:
        >>> from edgekit.tflite.reader import read
        >>> model = read("tests/golden/float32.tflite")
        >>> [operator.name for operator in model.main.operators][:2]
        ['CONV_2D', 'MEAN']
    """
    path = Path(path)
    data = _map(path)
    try:
        check_bounds(data)
        model = load(data, path)
        check_graph(model)
    except Damaged as error:
        raise _refused(path, str(error)) from error
    except (struct.error, ValueError, IndexError, OverflowError, TypeError) as error:
        # The fields of an options table, which `check_bounds` does not know, point outside.
        raise _refused(path, "an operator's options point past its end") from error
    return model


def constant(model: Model, tensor: TensorInfo) -> Array | None:
    """Return the values of a constant, dense, in the tensor's shape; None if it has none.

    Packed 4-bit and 2-bit integers come as one `int8` each, `bfloat16` as `float32`.
    Text, resources and types NumPy lacks give None.

    Args:
        model: The model that holds the tensor; named in the error's sentence.
        tensor: One of its tensors.

    Raises:
        BadModelFile: Its sparse indices contradict its shape.
    """
    if tensor.stored is None:
        return None
    try:
        values = _values(tensor)
        if values is None or tensor.sparsity is None:
            return None if values is None else values.reshape(tensor.shape)
        return densify(values, tensor.sparsity, tensor.shape)
    except ValueError as error:
        detail = f"the values of tensor {tensor.index} ('{tensor.name}') do not fit its shape"
        raise _refused(model.path, detail) from error


def ports(model: Model) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Return the inputs and outputs of the main subgraph, in the interpreter's order.

    They are named by the first signature of the main subgraph if there is one, else by tensor.
    Where a file has several signatures, those of all are returned, called `SIGNATURE/NAME`.
    """
    if len(several := signatures_of(model)) > 1:
        both = [_ports_of(model, signature) for signature in several]
        return tuple(p for ins, _ in both for p in ins), tuple(p for _, outs in both for p in outs)
    signature = next((s for s in model.signatures if s.subgraph_index == 0), None)
    inputs = {index: name for name, index in signature.inputs.items()} if signature else {}
    outputs = {index: name for name, index in signature.outputs.items()} if signature else {}
    main = model.main
    return (
        tuple(_port(main, index, inputs) for index in main.inputs),
        tuple(_port(main, index, outputs) for index in main.outputs),
    )


def signatures_of(model: Model) -> tuple[SignatureDef, ...]:
    """Return the signatures of a file, without further names for the same subgraph."""
    return tuple({each.subgraph_index: each for each in reversed(model.signatures)}.values())[::-1]


def _ports_of(model: Model, signature: SignatureDef) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    graph = model.subgraphs[signature.subgraph_index]

    def named(indices: tuple[int, ...], names: Mapping[str, int]) -> tuple[Port, ...]:
        full = {index: f"{signature.key}/{name}" for name, index in names.items()}
        found = (_port(graph, k, full) for k in indices)
        return tuple(
            replace(port, subgraph=signature.subgraph_index, signature=signature.key)
            for port in found
        )

    return named(graph.inputs, signature.inputs), named(graph.outputs, signature.outputs)


def _port(graph: Subgraph, index: int, names: Mapping[int, str]) -> Port:
    tensor = graph.tensors[index]
    writers = [op for op in graph.operators if op.name == "DEQUANTIZE" and index in op.outputs]
    made_of = [k for op in writers for k in op.inputs[:1] if k >= 0]
    before = [tensor, *(graph.tensors[k] for k in made_of)]
    per_tensor = _has_one_scale(tensor)
    return Port(
        name=names.get(tensor.index, tensor.name),
        index=tensor.index,
        shape=tensor.shape,
        dtype=tensor.dtype,
        scale=tensor.scales[0] if per_tensor else 0.0,
        zero_point=tensor.zero_points[0] if per_tensor else 0,
        step=next((each.scales[0] for each in before if _has_one_scale(each)), 0.0),
    )


def _has_one_scale(tensor: TensorInfo) -> bool:
    # A float may carry a scale too, as a note of a quantizer: its values are what they are.
    return len(tensor.scales) == 1 and tensor.dtype.startswith(("int", "uint"))


def _map(path: Path) -> mmap.mmap:
    if not path.exists():
        raise NotFound(f"There is no file '{path}'; give the path of a .tflite file.")
    if not path.is_file():
        raise BadModelFile(f"'{path}' is not a file; give the path of a .tflite file.")
    if path.stat().st_size == 0:
        raise _refused(path, "it is empty")
    try:
        with path.open("rb") as stream:
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise BadModelFile(f"'{path}' cannot be read ({error.strerror}).") from error
    if data[4:8] != b"TFL3":
        raise _refused(path, "it lacks the mark 'TFL3' that every .tflite carries")
    return data


def _refused(path: Path, detail: str) -> BadModelFile:
    return BadModelFile(
        f"'{path}' is not a complete .tflite model: {detail}. Convert or copy the file again."
    )


def _values(tensor: TensorInfo) -> Array | None:
    """Return the stored values of a constant in one row, 4-bit and 2-bit ones unpacked."""
    stored = np.frombuffer(tensor.stored or b"", np.uint8)
    bits = BITS.get(tensor.dtype, 0)
    if bits in (2, 4):
        return _unpacked(stored, bits, signed=not tensor.dtype.startswith("u"))[
            : math.prod(tensor.shape)
        ]
    if tensor.dtype == "bfloat16":
        return (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    if not bits or tensor.dtype.startswith("float8"):
        return None
    return stored.view(tensor.dtype)


def _unpacked(packed: NDArray[np.uint8], bits: int, *, signed: bool) -> Array:
    """Return one value a byte; the first value stands in the lowest bits."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    values = ((packed[:, None] >> shifts) & (2**bits - 1)).reshape(-1).astype(np.int8)
    sign = 1 << (bits - 1)
    return np.asarray((values ^ sign) - sign if signed else values)
