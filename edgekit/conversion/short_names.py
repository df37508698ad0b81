"""Shorten the tensor names that TensorFlow writes, where they take up much of the file.

A tensor is named after all operators that were merged into it, `a;b;c`. In an unrolled layer these
names grow with the number of steps: in a GRU of 72 steps in int8, 337 of 474 kB were names. The
first part tells which layer a tensor came from, and stays.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT

_WORTH_IT = 4096
"""Bytes; below, a file stays as TensorFlow wrote it."""


def cut_names(schema: ModuleType, model: ModelT) -> bool:
    """Keep only the first part of each tensor's name if that saves much; return whether it did.

    Programs find inputs and outputs by the names in the signature, which do not change.
    """
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    first = [tensor.name.split(b";")[0] for tensor in tensors]
    if sum(len(t.name) - len(name) for t, name in zip(tensors, first, strict=True)) < _WORTH_IT:
        return False
    for tensor, name in zip(tensors, first, strict=True):
        tensor.name = name
    return True
