"""Describe what a `.tflite` holds; nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.types import AnyPath
from edgekit.operators.sparse_inference import sparse_path
from edgekit.operators.support import file_problems
from edgekit.operators.versions import minimum_runtime, needed_version
from edgekit.tflite.bounds import Damaged
from edgekit.tflite.metadata.reading import PackedFile, packed_files, read_metadata
from edgekit.tflite.metadata.values import Metadata
from edgekit.tflite.reader import Model, Port, Subgraph, TensorInfo, constant, ports, read
from edgekit.tflite.sidecar import compressed_bytes, zstd_bytes
from edgekit.tflite.sparse.encoding import sparse_encoded_bytes

_WEIGHT_INPUTS: Mapping[str, tuple[int, ...]] = {
    "BATCH_MATMUL": (0, 1),
    "BIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(1, 35)),
    "BIDIRECTIONAL_SEQUENCE_RNN": (1, 2, 4, 5),
    "CONV_2D": (1,),
    "CONV_3D": (1,),
    "CONV_3D_TRANSPOSE": (1,),
    "DEPTHWISE_CONV_2D": (1,),
    "EMBEDDING_LOOKUP": (1,),
    "FULLY_CONNECTED": (1,),
    "GATHER": (0,),
    "LSTM": tuple(range(1, 12)),
    "RNN": (1, 2),
    "SVDF": (1, 2),
    "TRANSPOSE_CONV": (1,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(1, 18)),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (1, 2),
}
"""Operator -> the inputs that are weights if they are constant and have at least two dimensions."""

_UNPACKED_BY = ("DEQUANTIZE", "DENSIFY")
"""Operators that turn stored weights into the form another operator computes with."""


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """How integers stand for numbers: real value = scale * (integer - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True, kw_only=True)
class InspectedPort:
    """An input or output of a file; a length of -1 in its shape is not fixed."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None


@dataclass(frozen=True, kw_only=True)
class InspectedSignature:
    """A signature of a file: its key, and the names of its inputs and outputs."""

    key: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class InspectedOperator:
    """An operator and how often it occurs in all subgraphs.

    Attributes:
        version: As written in the file.
        needed_version: The version that its types and options need; None if that is not known.
    """

    name: str
    version: int
    needed_version: int | None
    count: int


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a `.tflite` holds.

    Attributes:
        compressed_bytes: Size after DEFLATE, as in a zip or an APK.
        zstd_bytes: Size after zstd, level 19.
        sparse_bytes: Size if weights were stored sparsely; None if none have enough zeros. See
            `edgekit.tflite.sparse.encoding`.
        xnnpack_sparse_path: Whether XNNPACK will leave zeros out when it computes, and what stops
            it, as predicted by `edgekit.operators.sparse_inference`; "" where there are too few.
        subgraphs: How many.
        weights_bytes: Type -> bytes of all constants as stored.
        sparsity: See `weight_statistics`.
        unique_weights: See `weight_statistics`.
        minimum_runtime: First TFLite release that has all operators whose needs are known.
        declared_runtime: The release that the file says it needs.
        metadata: What the file says of itself; None if it says nothing that can be read.
        packed_files: What is packed behind the model, such as labels.
        metadata_problem: Why one of the two cannot be read, a sentence; interpreters read neither.
        problems: Sentences on why runtimes in general will not run it; () for a good file.
    """

    file: str
    size_bytes: int
    compressed_bytes: int
    zstd_bytes: int
    sparse_bytes: int | None
    xnnpack_sparse_path: str
    description: str
    subgraphs: int
    weights_bytes: Mapping[str, int]
    sparsity: float
    unique_weights: int
    minimum_runtime: str | None
    declared_runtime: str | None
    metadata: Metadata | None
    packed_files: tuple[PackedFile, ...]
    metadata_problem: str
    problems: tuple[str, ...]
    inputs: tuple[InspectedPort, ...]
    outputs: tuple[InspectedPort, ...]
    signatures: tuple[InspectedSignature, ...]
    operators: tuple[InspectedOperator, ...]


def inspect(path: AnyPath) -> Inspection:
    """Describe a `.tflite` file; nothing is run.

    Raises:
        NotFound: There is no such file.
        BadModelFile: It is not a complete `.tflite`.
    """
    model = read(Path(path))
    inputs, outputs = ports(model)
    sparsity, unique = weight_statistics(model)
    metadata, packed, metadata_problem = _described(model)
    return Inspection(
        file=str(path),
        size_bytes=model.size_bytes,
        compressed_bytes=compressed_bytes(model.path),
        zstd_bytes=zstd_bytes(model.path),
        sparse_bytes=(sparse := _sparse_bytes(model) if sparsity else None),
        xnnpack_sparse_path="" if sparse is None else sparse_path(model),
        description=model.description,
        subgraphs=len(model.subgraphs),
        weights_bytes=_weights_bytes(model),
        sparsity=sparsity,
        unique_weights=unique,
        minimum_runtime=minimum_runtime(model)[0] or None,
        declared_runtime=model.min_runtime or None,
        metadata=metadata,
        packed_files=packed,
        metadata_problem=metadata_problem,
        problems=file_problems(model),
        inputs=tuple(_port(port, model) for port in inputs),
        outputs=tuple(_port(port, model) for port in outputs),
        signatures=tuple(
            InspectedSignature(key=s.key, inputs=tuple(s.inputs), outputs=tuple(s.outputs))
            for s in model.signatures
        ),
        operators=_operators(model),
    )


def _sparse_bytes(model: Model) -> int | None:
    is_sparse = any(tensor.is_sparse for graph in model.subgraphs for tensor in graph.tensors)
    size = sparse_encoded_bytes(model.path.read_bytes())
    return model.size_bytes if is_sparse and size is None else size


def _described(model: Model) -> tuple[Metadata | None, tuple[PackedFile, ...], str]:
    """Return metadata and packed files, or why they cannot be read."""
    metadata, problems = None, []
    packed: tuple[PackedFile, ...] = ()
    try:
        metadata = read_metadata(model.metadata) if model.metadata else None
    except Damaged as damaged:
        problems.append(f"The metadata in the file are ignored: {damaged}.")
    try:
        packed = packed_files(model.path)
    except Damaged as damaged:
        problems.append(f"The files packed behind the model are ignored: {damaged}.")
    return metadata, packed, " ".join(problems)


def weight_statistics(model: Model) -> tuple[float, int]:
    """Count the zeros that pruning leaves, and the distinct values that clustering leaves.

    Weights are constants of at least two dimensions that an operator such as CONV_2D or
    FULLY_CONNECTED multiplies with, also through DEQUANTIZE or DENSIFY.

    Returns:
        The fraction of weights, over all weight tensors together, that stand for 0.0; and the
        largest number of distinct values in any one weight tensor. Both are 0 without weights.
    """
    zeros = total = most = 0
    for tensor in _weights(model):
        values = constant(model, tensor)
        if values is None:
            continue
        zero = tensor.zero_points[0] if len(tensor.scales) == 1 else 0
        zeros += int(np.count_nonzero(values == zero))
        total += values.size
        most = max(most, len(np.unique(values)))
    return (zeros / total if total else 0.0), most


def _weights(model: Model) -> Iterator[TensorInfo]:
    """Yield every weight tensor, once for each subgraph."""
    for subgraph in model.subgraphs:
        stored = _stored_form(subgraph)
        indices = {
            stored.get(operator.inputs[position], operator.inputs[position])
            for operator in subgraph.operators
            for position in _WEIGHT_INPUTS.get(operator.name, ())
            if position < len(operator.inputs) and operator.inputs[position] >= 0
        }
        for tensor in (subgraph.tensors[index] for index in sorted(indices)):
            if tensor.is_constant and len(tensor.shape) >= 2:
                yield tensor


def _stored_form(subgraph: Subgraph) -> dict[int, int]:
    """Return, for each tensor that is unpacked from a constant, the index of the constant."""
    constants: dict[int, int] = {}
    for operator in subgraph.operators:
        if operator.name in _UNPACKED_BY and operator.inputs and operator.outputs:
            source = constants.get(operator.inputs[0], operator.inputs[0])
            if source >= 0 and subgraph.tensors[source].is_constant:
                constants[operator.outputs[0]] = source
    return constants


def _weights_bytes(model: Model) -> dict[str, int]:
    """Return type -> bytes of constants; those that share their bytes are counted once."""
    sizes: Counter[str] = Counter()
    seen = set()
    for tensor in (tensor for subgraph in model.subgraphs for tensor in subgraph.tensors):
        if tensor.stored is not None:
            address = np.frombuffer(tensor.stored, np.uint8).__array_interface__["data"][0]
            if address not in seen:
                seen.add(address)
                sizes[tensor.dtype] += tensor.num_bytes
    return dict(sorted(sizes.items()))


def _port(port: Port, model: Model) -> InspectedPort:
    scaled = Quantization(scale=port.scale, zero_point=port.zero_point) if port.scale else None
    return InspectedPort(
        name=port.name,
        shape=tuple(model.subgraphs[port.subgraph].tensors[port.index].shape_signature),
        dtype=port.dtype,
        quantization=scaled,
    )


def _operators(model: Model) -> tuple[InspectedOperator, ...]:
    counts: Counter[tuple[str, int, int | None]] = Counter(
        (operator.name, operator.version, needed_version(operator, subgraph))
        for subgraph in model.subgraphs
        for operator in subgraph.operators
    )
    return tuple(
        InspectedOperator(name=name, version=version, needed_version=needed, count=count)
        for (name, version, needed), count in counts.items()
    )
