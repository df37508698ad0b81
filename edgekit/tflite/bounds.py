"""Check that every table, vector and string of a `.tflite` lies inside the file.

The generated Python accessors trust the file: an offset that points outside it reads garbage or
counts to four billion. After `check_bounds` they can be used safely.

Source: FlatBuffers internals, https://flatbuffers.dev/internals/ ; fields in the order of
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from mmap import mmap

_MAX_TABLES = 100_000
"""Some 20,000 operators, more than any published model has; they are read in about 3 s."""

_FIELDS: Mapping[str, str] = {
    "Model": "4 [OperatorCode] [SubGraph] str [Buffer] [4] [Metadata] [SignatureDef]",
    "OperatorCode": "1 str 4 4",
    "SubGraph": "[Tensor] [4] [4] [Operator] str 4",
    "Tensor": "[4] 1 4 str Quantization 1 Sparsity [4] 1 [VariantSubType] 4",
    "Quantization": "[4] [4] [4] [8] 1 any 4",
    "Sparsity": "[4] [4] [Dimension]",
    "Dimension": "1 4 1 any 1 any",
    "VariantSubType": "[4] 1 1",
    "Operator": "4 [4] [4] 1 any [1] 1 [1] [4] 8 8 1 any 4",
    "Buffer": "[1] 8 8",
    "Metadata": "str 4",
    "SignatureDef": "[TensorMap] [TensorMap] str - 4",
    "TensorMap": "str 4",
    "any": "",
}
"""Table -> its fields in slot order: bytes of a scalar, `[..]` a vector, `str`, a table's name,
`any` a table whose fields are not known here, `-` a field that was removed."""


class Damaged(Exception):
    """What is wrong with the file, as the end of a sentence."""


def check_bounds(data: mmap | bytes) -> None:
    """Walk all tables reachable from the root and check that they lie inside `data`.

    Raises:
        Damaged: An offset, length or table points outside the file, or there are absurdly many.
    """
    walk = _Walk(data)
    walk.table("Model", walk.u32(0))


def has_unknown_fields(data: bytes) -> bool:
    """Whether a file, whose bounds were checked, has fields that the schema known here lacks."""
    walk = _Walk(data)
    walk.table("Model", walk.u32(0))
    return walk.met_unknown_field


class _Walk:
    """One walk over the file; it remembers what it has seen, since tables may be shared."""

    def __init__(self, data: mmap | bytes) -> None:
        self._data = memoryview(data)
        self._size = len(self._data)
        self._seen: set[tuple[str, int]] = set()
        self._tables = 0
        self.met_unknown_field = False

    def u32(self, at: int) -> int:
        self._inside(at, 4)
        return int(struct.unpack_from("<I", self._data, at)[0])

    def table(self, kind: str, at: int) -> None:
        """Check the table at `at` and, through its fields, everything below it."""
        self._tables += 1
        if self._tables > _MAX_TABLES:
            raise Damaged(f"it refers to more than {_MAX_TABLES:,} tables")
        if (kind, at) in self._seen:
            return
        self._seen.add((kind, at))
        offsets, length = self._vtable(at)
        if kind != "any" and any(offsets[len(_FIELDS[kind].split()) :]):
            self.met_unknown_field = True
        for field, offset in zip(_FIELDS[kind].split(), offsets, strict=False):
            if offset:
                width = int(field) if field.isdigit() else 4
                if offset + width > length:
                    raise Damaged(f"a field of a {kind} table lies outside its table")
                self._field(field, at + offset)

    def _field(self, field: str, at: int) -> None:
        if field.isdigit() or field == "-":
            return
        target = at + self.u32(at)
        if field == "str":
            self._inside(target + 4, self.u32(target))
        elif field.startswith("["):
            self._vector(field[1:-1], target)
        else:
            self.table(field, target)

    def _vector(self, element: str, at: int) -> None:
        count = self.u32(at)
        width = int(element) if element.isdigit() else 4
        self._inside(at + 4, count * width)
        if not element.isdigit():
            for offset in range(at + 4, at + 4 + 4 * count, 4):
                self.table(element, offset + self.u32(offset))

    def _vtable(self, at: int) -> tuple[tuple[int, ...], int]:
        """Return the field offsets of the table at `at`, and the table's length in bytes."""
        self._inside(at, 4)
        vtable = at - struct.unpack_from("<i", self._data, at)[0]
        self._inside(vtable, 4)
        vtable_length, length = struct.unpack_from("<HH", self._data, vtable)
        self._inside(vtable, max(vtable_length, 4))
        self._inside(at, length)
        if vtable_length < 4 or vtable_length % 2 or length < 4:
            raise Damaged("a table has an impossible length")
        offsets = struct.unpack_from(f"<{vtable_length // 2 - 2}H", self._data, vtable + 4)
        if any(offset >= length for offset in offsets):
            raise Damaged("a field lies outside its table")
        return offsets, length

    def _inside(self, at: int, length: int) -> None:
        if at < 0 or at + length > self._size:
            raise Damaged("its contents point past its end, as in a file cut short")
