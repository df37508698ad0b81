"""Write a flatbuffer in which equal texts, vectors and tables are stored once.

FlatBuffers lets many places point to one object, and every reader follows pointers; only writers
repeat themselves. A `.tflite` repeats much: every channel's zero point is eight bytes of zeros,
every tensor has a quantization and every operator options of its own.

Source: FlatBuffers internals, https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import flatbuffers

ALIGNMENT = 16
"""Bytes; what schema.fbs asks of the contents of a buffer, so that processors load them fast."""


class SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]  # the package is untyped
    """A builder that takes back what it has just written if the same stands there already.

    An object is the same if its bytes are, and where it points to others, if they are the same.

    Args:
        alignment: Of the contents of buffers, in bytes: 4, 8 or 16.
    """

    def __init__(self, alignment: int = ALIGNMENT) -> None:
        super().__init__(1024)
        self._alignment = alignment
        self._written: dict[tuple[object, ...], int] = {}
        self._before = 0
        self._align = self._width = 1
        self._pointers: list[int] = []
        self._fields: list[tuple[int, bytes | int]] = []

    def CreateString(self, s: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> int:
        """Write a text, or find it."""
        text = s.encode(encoding, errors) if isinstance(s, str) else s
        self._before, self._align, self._width, self._pointers = self.Offset(), 1, 0, []
        offset: int = super().CreateString(text)
        return offset

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        """Begin a vector; contents of a buffer are aligned as their readers expect."""
        if elemSize == 1 and numElems:  # contents of a buffer, of any type
            alignment = min(self._alignment, 1 << (numElems.bit_length() - 1))
        self._before, self._align, self._width = self.Offset(), alignment, elemSize
        self._pointers = []
        start: int = super().StartVector(elemSize, numElems, alignment)
        return start

    def EndVector(self, numElems: int | None = None) -> int:
        """End a vector, or find its equal."""
        count = self.vectorNumElems
        offset: int = super().EndVector(numElems)
        size = 4 + (self._width * count or count + 1)  # a text ends with a zero
        if self._pointers:
            return self._once(("pointers", *self._pointers), offset)
        content = bytes(self.Bytes[self.head : self.head + size])
        return self._once(("values", self._width, self._align, content), offset)

    def StartObject(self, numfields: int) -> None:
        """Begin a table."""
        self._before, self._fields = self.Offset(), []
        super().StartObject(numfields)

    def PrependSlot(self, flags: type, o: int, x: object, d: object) -> None:
        """Write a number into a field."""
        if x != d:
            stored = flags.packer_type.pack(x)  # type: ignore[attr-defined]  # 1 is not 1.0
            self._fields.append((o, stored))
        super().PrependSlot(flags, o, x, d)

    def PrependUOffsetTRelativeSlot(self, o: int, x: int, d: int) -> None:
        """Let a field point to an object."""
        if x != d:
            self._fields.append((o, x))
        super().PrependUOffsetTRelativeSlot(o, x, d)

    def PrependUOffsetTRelative(self, off: int) -> None:
        """Write a pointer, as an element of a vector."""
        self._pointers.append(off)
        super().PrependUOffsetTRelative(off)

    def EndObject(self) -> int:
        """End a table, or find its equal."""
        key = ("table", *sorted(self._fields, key=lambda field: field[0]))
        if key in self._written:
            self.nested, self.current_vtable = False, None
            return self._take_back(key)
        self._written[key] = super().EndObject()
        return self._written[key]

    def _once(self, key: tuple[object, ...], offset: int) -> int:
        if key in self._written:
            return self._take_back(key)
        self._written[key] = offset
        return offset

    def _take_back(self, key: tuple[object, ...]) -> int:
        """Forget what was written since the object began; return where its equal stands."""
        self.head = len(self.Bytes) - self._before
        return self._written[key]
