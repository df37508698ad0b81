"""Correct a `.tflite` that TensorFlow wrote: what is wrong in it, and what only takes room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from edgekit.conversion.requantization import requantize
from edgekit.conversion.saturation import narrow
from edgekit.conversion.short_names import cut_names
from edgekit.conversion.zero_bias import add_zero_biases

Correction = Callable[[Any, Any], bool]
"""`(schema, unpacked model) -> whether it changed it`."""

CORRECTIONS: tuple[Correction, ...] = (requantize, narrow, add_zero_biases, cut_names)


def mend(data: bytearray) -> bytearray:
    """Return the corrected file; `data` itself if nothing was to be corrected."""
    return corrected(data, CORRECTIONS)


def corrected(data: bytearray, corrections: Iterable[Correction]) -> bytearray:
    """Return a file after corrections, in their order; `data` itself if none changed it."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(bytearray(data), 0)
    changed = [correct(schema, model) for correct in corrections]
    if not any(changed):
        return data
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytearray(builder.Output())
