"""Correct a `.tflite` that TensorFlow wrote: what is wrong in it, and what only takes room."""

from __future__ import annotations

from edgekit.narrowing import narrow
from edgekit.requantizing import requantize
from edgekit.tensor_names import cut_names
from edgekit.zero_bias import add_zero_biases

CORRECTIONS = (requantize, narrow, add_zero_biases, cut_names)
"""Each: `(schema, unpacked model) -> whether it changed it`."""


def mend(data: bytearray) -> bytearray:
    """Return the corrected file; `data` itself if nothing was to be corrected."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(bytearray(data), 0)
    changed = [correct(schema, model) for correct in CORRECTIONS]
    if not any(changed):
        return data
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytearray(builder.Output())
