"""Correct a `.tflite` that TensorFlow wrote: what is wrong in it, and what only wastes space."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from edgekit.conversion.requantization import requantize
from edgekit.conversion.saturation import bound_products
from edgekit.conversion.short_names import cut_names
from edgekit.conversion.zero_bias import add_zero_biases
from edgekit.tflite.editing import pack, unpack

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT

Correction: TypeAlias = "Callable[[ModuleType, ModelT], bool]"
"""`(schema, unpacked model)` -> whether it changed the model; `schema` is the generated
module `ai_edge_litert.schema_py_generated`."""

CORRECTIONS: tuple[Correction, ...] = (
    requantize,
    bound_products,
    add_zero_biases,
    cut_names,
)


def apply_corrections(data: bytearray) -> bytearray:
    """Return the corrected file; `data` itself if nothing needed correction."""
    return corrected(data, CORRECTIONS)


def corrected(data: bytearray, corrections: Iterable[Correction]) -> bytearray:
    """Return a file after corrections, applied in order; `data` itself if none changed it."""
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(data)
    changed = [correct(schema, model) for correct in corrections]
    if not any(changed):
        return data
    return pack(model)
