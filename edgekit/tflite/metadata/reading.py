"""Read the metadata inside a `.tflite`, and the files packed behind it; nothing is trusted.

The numbers of fields are those of the published schema, which is under the Apache License 2.0.

Source: https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/tasks/metadata/metadata_schema.fbs
"""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgekit.tflite.bounds import Damaged
from edgekit.tflite.metadata.values import (
    COLORS,
    CONTENTS,
    FILE_KINDS,
    AssociatedFile,
    Metadata,
    TensorMetadata,
)

IDENTIFIER = b"M001"
_MOST_TABLES = 10_000
_MOST_TEXT = 1 << 20
_NORMALIZATION = 1
_IMAGE = CONTENTS.index("image")


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file in the archive behind a model."""

    name: str
    size_bytes: int


def read_metadata(content: bytes) -> Metadata:
    """Read a file's metadata.

    Args:
        content: Of the buffer that the entry `TFLITE_METADATA` names.

    Raises:
        Damaged: They are not what the schema says; the end of a sentence.
    """
    if content[4:8] != IDENTIFIER:
        raise Damaged(f"they begin with {content[4:8]!r} and not with {IDENTIFIER!r}")
    root = _Flatbuffer(content).root()
    graph = next(root.tables(3), None)
    return Metadata(
        name=root.text(0),
        description=root.text(1),
        version=root.text(2),
        author=root.text(4),
        license=root.text(5),
        inputs=tuple(map(_tensor, graph.tables(2))) if graph else (),
        outputs=tuple(map(_tensor, graph.tables(3))) if graph else (),
        files=tuple(map(_file, root.tables(6))),
        min_parser_version=root.text(7),
    )


def packed_files(path: Path) -> tuple[PackedFile, ...]:
    """Return the files packed behind a model; () if there are none.

    Raises:
        Damaged: There is an archive, and it cannot be read.
    """
    if not zipfile.is_zipfile(path):
        return ()
    try:
        with zipfile.ZipFile(path) as packed:
            return tuple(
                PackedFile(name=entry.filename, size_bytes=entry.file_size)
                for entry in packed.infolist()
            )
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise Damaged(f"the archive behind the model cannot be read ({error})") from error


def _tensor(table: _Table) -> TensorMetadata:
    content = table.table(3)
    kind = content.number(0, "B") if content else 0
    properties = content.table(1) if content and kind == _IMAGE else None
    mean, std = next(filter(any, map(_normalization, table.tables(4))), ((), ()))
    return TensorMetadata(
        name=table.text(0),
        description=table.text(1),
        content=_named(CONTENTS, kind),
        colors=_named(COLORS, properties.number(0, "B")) if properties else "",
        mean=mean,
        std=std,
        files=tuple(map(_file, table.tables(6))),
    )


def _normalization(unit: _Table) -> tuple[tuple[float, ...], tuple[float, ...]]:
    options = unit.table(1) if unit.number(0, "B") == _NORMALIZATION else None
    return (options.floats(0), options.floats(1)) if options else ((), ())


def _file(table: _Table) -> AssociatedFile:
    kind = _named(FILE_KINDS, table.number(2, "B"))
    return AssociatedFile(name=table.text(0), description=table.text(1), kind=kind)


def _named(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else f"number {number}"


class _Flatbuffer:
    """The bytes, and how much of them may still be read: tables and texts may overlap."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._tables = _MOST_TABLES
        self._text = _MOST_TEXT

    def root(self) -> _Table:
        return self.table_at(self.number("I", 0))

    def table_at(self, at: int) -> _Table:
        self._tables -= 1
        if self._tables < 0:
            raise Damaged("they refer to absurdly many tables")
        return _Table(self, at)

    def number(self, kind: str, at: int) -> int:
        return int(self.numbers(kind, at, 1)[0])

    def numbers(self, kind: str, at: int, count: int) -> tuple[int | float, ...]:
        form = f"<{count}{kind}"
        if at < 0 or at + count * struct.calcsize(f"<{kind}") > len(self._content):
            raise Damaged("they point past their end")
        return struct.unpack_from(form, self._content, at)

    def text(self, at: int, length: int) -> str:
        self._text -= length
        if at < 0 or at + length > len(self._content):
            raise Damaged("they point past their end")
        if self._text < 0:
            raise Damaged("their texts are absurdly long")
        return self._content[at : at + length].decode(errors="replace")


class _Table:
    """One table; fields are counted from 0, and what is not there is empty."""

    def __init__(self, data: _Flatbuffer, at: int) -> None:
        self._data, self._at = data, at
        vtable = at - data.number("i", at)
        length = data.number("H", vtable)
        if length < 4:
            raise Damaged("a table has an impossible length")
        offsets = data.numbers("H", vtable + 4, length // 2 - 2)
        self._offsets = tuple(map(int, offsets))

    def number(self, field: int, kind: str) -> int:
        at = self._field(field)
        return self._data.number(kind, at) if at else 0

    def text(self, field: int) -> str:
        at = self._target(field)
        return self._data.text(at + 4, self._data.number("I", at)) if at else ""

    def table(self, field: int) -> _Table | None:
        at = self._target(field)
        return self._data.table_at(at) if at else None

    def tables(self, field: int) -> Iterator[_Table]:
        at = self._target(field)
        count = self._data.number("I", at) if at else 0
        for place in range(at + 4, at + 4 + 4 * count, 4):
            yield self._data.table_at(place + self._data.number("I", place))

    def floats(self, field: int) -> tuple[float, ...]:
        at = self._target(field)
        values = self._data.numbers("f", at + 4, self._data.number("I", at)) if at else ()
        if not all(map(math.isfinite, values)):
            raise Damaged("a mean or deviation is no number")
        return tuple(map(float, values))

    def _field(self, field: int) -> int:
        offset = self._offsets[field] if field < len(self._offsets) else 0
        return self._at + offset if offset else 0

    def _target(self, field: int) -> int:
        at = self._field(field)
        return at + self._data.number("I", at) if at else 0
