"""Cut the names that TensorFlow gives tensors, where they outweigh the model.

A tensor is named after all operators that were merged into it, `a;b;c`. In an unrolled layer these
grow with the number of steps: of a GRU of 72 steps in int8, 337 of 474 kB were names. The first
part says which layer a tensor came from, and stays.
"""

from __future__ import annotations

from typing import Any

_WORTH_IT = 4096
"""Bytes; below, a file stays as TensorFlow wrote it."""


def cut_names(schema: Any, model: Any) -> bool:
    """Leave the first part of each tensor's name, if that saves much; return whether it did.

    Programs find inputs and outputs by the names in the signature, which stay.
    """
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    first = [tensor.name.split(b";")[0] for tensor in tensors]
    if sum(len(t.name) - len(name) for t, name in zip(tensors, first, strict=True)) < _WORTH_IT:
        return False
    for tensor, name in zip(tensors, first, strict=True):
        tensor.name = name
    return True
