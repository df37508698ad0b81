"""Cut the names that TensorFlow gives tensors, where they outweigh the model.

A tensor is named after all operators that were merged into it, `a;b;c`. In an unrolled layer these
grow with the number of steps: of a GRU of 72 steps in int8, 337 of 474 kB were names. The first
part says which layer a tensor came from, and stays.
"""

from __future__ import annotations

_WORTH_IT = 4096
"""Bytes; below, a file stays as TensorFlow wrote it."""


def cut_names(data: bytearray) -> bytearray:
    """Return the `.tflite` with the first part of each tensor's name; `data` if that saves little.

    Programs find inputs and outputs by the names in the signature, which stay.
    """
    from ai_edge_litert import schema_py_generated as schema

    if data.count(b";") * 8 < _WORTH_IT:
        return data
    import flatbuffers

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    saved = 0
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        first = tensor.name.split(b";")[0]
        saved += len(tensor.name) - len(first)
        tensor.name = first
    if saved < _WORTH_IT:
        return data
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytearray(builder.Output())
