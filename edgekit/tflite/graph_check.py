"""Check that the parts of a model refer to parts that exist, in an order that can be executed."""

from __future__ import annotations

import math

from edgekit.tflite.bounds import Damaged
from edgekit.tflite.model import BITS, Model, Operator, Subgraph, TensorInfo

_MAX_RANK = 16


def check_graph(model: Model) -> None:
    """Check indices, order of execution, shapes and sizes of everything in `model`.

    Raises:
        Damaged: Something refers to what is not there, or a constant does not fill its shape.
    """
    if not model.subgraphs:
        raise Damaged("it has no subgraph")
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            _check_tensor(tensor)
        _check_indices(subgraph)
        _check_order(subgraph)
    _check_calls(model)
    for signature in model.signatures:
        _within(signature.subgraph_index, len(model.subgraphs), "a signature", "subgraph")
        count = len(model.subgraphs[signature.subgraph_index].tensors)
        for index in (*signature.inputs.values(), *signature.outputs.values()):
            _within(index, count, f"signature '{signature.key}'", "tensor")


def called_subgraphs(operator: Operator) -> tuple[int, ...]:
    """Return the indices of the subgraphs that an operator such as WHILE runs."""
    indices: list[int] = []
    for name, value in operator.options.items():
        if isinstance(value, int) and (name.endswith("subgraph_index") or name == "subgraph"):
            indices.append(value)
        elif isinstance(value, tuple) and name == "branch_subgraph_indices":
            indices.extend(int(index) for index in value)
    return tuple(indices)


def _check_tensor(tensor: TensorInfo) -> None:
    name = f"tensor {tensor.index} ('{tensor.name[:60]}')"
    if len(tensor.shape) > _MAX_RANK or min(tensor.shape, default=0) < 0:
        raise Damaged(f"{name} has an impossible shape")
    if not all(map(math.isfinite, tensor.scales)):
        raise Damaged(f"{name} has a scale that is no number")
    channels = len(tensor.scales)
    axis = tensor.quantized_dimension
    if channels > 1 and not (0 <= axis < len(tensor.shape) and tensor.shape[axis] == channels):
        raise Damaged(f"{name} has {channels} scales, which fit none of its dimensions")
    if tensor.is_constant and tensor.sparsity is None and tensor.dtype in BITS:
        needed = math.ceil(math.prod(tensor.shape) * BITS[tensor.dtype] / 8)
        if tensor.num_bytes != needed:
            raise Damaged(f"{name} needs {needed:,} bytes and holds {tensor.num_bytes:,}")


def _check_indices(subgraph: Subgraph) -> None:
    count = len(subgraph.tensors)
    for index in (*subgraph.inputs, *subgraph.outputs):
        _within(index, count, "a subgraph", "tensor")
    for operator in subgraph.operators:
        for index in (*operator.inputs, *operator.outputs, *operator.intermediates):
            if index != -1:  # an optional tensor that is absent
                _within(index, count, f"operator {operator.index} ({operator.name})", "tensor")


def _check_order(subgraph: Subgraph) -> None:
    """Refuse a tensor that is read before the operator that makes it: a cycle, or disorder."""
    made_by = {index: op.index for op in subgraph.operators for index in op.outputs if index >= 0}
    for operator in subgraph.operators:
        for index in operator.inputs:
            known = index < 0 or subgraph.tensors[index].is_variable
            if not known and made_by.get(index, -1) >= operator.index:
                raise Damaged(f"operator {operator.index} reads tensor {index} before it is made")


def _check_calls(model: Model) -> None:
    calls = [
        {index for operator in subgraph.operators for index in called_subgraphs(operator)}
        for subgraph in model.subgraphs
    ]
    for index in (index for called in calls for index in called):
        _within(index, len(model.subgraphs), "an operator", "subgraph")
    # Repeatedly drop subgraphs that call nothing that is left; what remains calls itself.
    left = set(range(len(calls)))
    while free := {index for index in left if not calls[index] & left}:
        left -= free
    if left:
        raise Damaged(f"subgraph {min(left)} calls itself")


def _within(index: int, count: int, who: str, what: str) -> None:
    if not 0 <= index < count:
        raise Damaged(f"{who} refers to {what} {index}, and there are {count}")
