"""What a `.tflite` holds, as plain values ready for JSON: nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.artifacts import compressed_bytes
from edgekit.flatbuffer import Model, Port, Subgraph, TensorInfo, constant, ports, read
from edgekit.operator_tables import file_problems
from edgekit.versions import minimum_runtime, needed_version

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
"""Operator -> the inputs that are weights when they are constant and at least of rank 2."""

_UNPACKED_BY = ("DEQUANTIZE", "DENSIFY")
"""Operators that turn stored weights into the form another operator computes with."""


def inspect(path: Path | str) -> dict[str, Any]:
    """Describe a file.

    Args:
        path: A `.tflite` file.

    Returns:
        A dict of JSON values:

        - `file`, `size_bytes`, `compressed_bytes` (DEFLATE, as in a zip or an APK);
        - `inputs`, `outputs`: name, shape (-1 where it is not fixed), dtype, and `quantization`
          with `scale` and `zero_point`, or None;
        - `signatures`: key, names of inputs and outputs;
        - `operators`, of all subgraphs: name, version as written, `needed_version` (None if not
          known), count;
        - `weights_bytes`: type -> bytes of all constants as stored;
        - `sparsity`, `unique_weights`: see `weight_statistics`;
        - `minimum_runtime`: first TFLite release that has all operators that are known, or None;
        - `declared_runtime`: what the file claims; `subgraphs`: how many; `description`;
        - `problems`: sentences on why no runtime will run it; [] for a good file.

    Raises:
        NotFound: There is no such file.
        BadModelFile: It is not a complete `.tflite`.
    """
    model = read(path)
    inputs, outputs = ports(model)
    sparsity, unique = weight_statistics(model)
    return {
        "file": str(path),
        "size_bytes": model.size_bytes,
        "compressed_bytes": compressed_bytes(model.path),
        "description": model.description,
        "subgraphs": len(model.subgraphs),
        "weights_bytes": _weights_bytes(model),
        "sparsity": sparsity,
        "unique_weights": unique,
        "minimum_runtime": minimum_runtime(model)[0] or None,
        "declared_runtime": model.min_runtime or None,
        "problems": list(file_problems(model)),
        "inputs": [_port(port, model.main) for port in inputs],
        "outputs": [_port(port, model.main) for port in outputs],
        "signatures": [
            {"key": s.key, "inputs": list(s.inputs), "outputs": list(s.outputs)}
            for s in model.signatures
        ],
        "operators": _operators(model),
    }


def weight_statistics(model: Model) -> tuple[float, int]:
    """Count what pruning and clustering leave behind.

    Weights are constants of at least two dimensions that an operator such as CONV_2D or
    FULLY_CONNECTED multiplies with, also through DEQUANTIZE or DENSIFY.

    Args:
        model: Any model.

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
    """Give every weight tensor once a subgraph."""
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
    """Return, for a tensor that is unpacked from a constant, the index of the constant."""
    found: dict[int, int] = {}
    for operator in subgraph.operators:
        if operator.name in _UNPACKED_BY and operator.inputs and operator.outputs:
            source = found.get(operator.inputs[0], operator.inputs[0])
            if source >= 0 and subgraph.tensors[source].is_constant:
                found[operator.outputs[0]] = source
    return found


def _weights_bytes(model: Model) -> dict[str, int]:
    """Return type -> bytes of constants; those that share their bytes count once."""
    sizes: Counter[str] = Counter()
    seen = set()
    for tensor in (tensor for subgraph in model.subgraphs for tensor in subgraph.tensors):
        if tensor.stored is not None:
            place = np.frombuffer(tensor.stored, np.uint8).__array_interface__["data"][0]
            if place not in seen:
                seen.add(place)
                sizes[tensor.dtype] += tensor.num_bytes
    return dict(sorted(sizes.items()))


def _port(port: Port, subgraph: Subgraph) -> dict[str, Any]:
    scaled = {"scale": port.scale, "zero_point": port.zero_point}
    return {
        "name": port.name,
        "shape": list(subgraph.tensors[port.index].shape_signature),
        "dtype": port.dtype,
        "quantization": scaled if port.scale else None,
    }


def _operators(model: Model) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, int, int | None]] = Counter(
        (operator.name, operator.version, needed_version(operator, subgraph))
        for subgraph in model.subgraphs
        for operator in subgraph.operators
    )
    return [
        {"name": name, "version": version, "needed_version": needed, "count": count}
        for (name, version, needed), count in counts.items()
    ]
