"""Write metadata into a `.tflite`, and pack files behind it.

Interpreters read neither, so answers stay what they were. Android Studio, Netron and MediaPipe
show them, and make code of them.

Source: https://ai.google.dev/edge/litert/models/metadata
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekit.tflite.editing import unpack
from edgekit.tflite.metadata.reading import IDENTIFIER
from edgekit.tflite.metadata.values import (
    COLORS,
    CONTENTS,
    ENTRY,
    FILE_KINDS,
    AssociatedFile,
    Metadata,
    TensorMetadata,
)
from edgekit.tflite.sharing import SharingBuilder
from edgekit.tflite.slimming import alignment_of, drop_buffers, pack

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT

_NORMALIZATION = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first day a zip can name: the same model gives the same bytes whenever it is converted."""

Field = int | tuple[str, int]
"""An offset, or a number with its kind: `byte` or `int`."""


def with_metadata(
    content: bytes | bytearray, metadata: Metadata, files: Mapping[str, bytes]
) -> bytes:
    """Return a file with these metadata and packed files instead of those it had.

    Inputs and outputs of its signatures come into the order of its main subgraph's.

    Args:
        content: A whole `.tflite`.
        metadata: As many inputs and outputs as the main subgraph has, or none.
        files: File name -> content, of every file that the metadata name.
    """
    model = unpack(content)
    for signature in model.signatureDefs or []:
        graph = model.subgraphs[signature.subgraphIndex]
        for named, ports in ((signature.inputs, graph.inputs), (signature.outputs, graph.outputs)):
            place = {int(tensor): number for number, tensor in enumerate(ports)}
            named.sort(key=lambda entry, place=place: place.get(entry.tensorIndex, len(place)))
    _put(model, _packed(metadata))
    return _with_files(bytes(pack(model, alignment_of(bytes(content)))), files)


def without_metadata(content: bytes | bytearray) -> bytes:
    """Return a file without metadata and packed files, for where each byte counts."""
    model = unpack(content)
    _put(model, b"")
    return bytes(pack(model, alignment_of(bytes(content))))


def _put(model: ModelT, content: bytes) -> None:
    from ai_edge_litert import schema_py_generated as schema

    model.metadata = [m for m in model.metadata or [] if _text(m.name) != ENTRY]
    if content:
        buffer = schema.BufferT(data=np.frombuffer(content, np.uint8))
        model.metadata.append(schema.MetadataT(name=ENTRY, buffer=len(model.buffers)))
        model.buffers.append(buffer)
    model.metadata = model.metadata or None
    drop_buffers(model)


def _text(name: str | bytes | None) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name or ""


def _with_files(content: bytes, files: Mapping[str, bytes]) -> bytes:
    if not files:
        return content
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # whichever system writes it
            archive.writestr(entry, data, zipfile.ZIP_STORED)
    return stream.getvalue()


def _packed(metadata: Metadata) -> bytes:
    """Return the metadata as a flatbuffer; its fields have the numbers of the schema."""
    builder = _Builder()
    graph = builder.table(
        {
            2: builder.vector([_tensor(builder, each) for each in metadata.inputs]),
            3: builder.vector([_tensor(builder, each) for each in metadata.outputs]),
        }
    )
    root = builder.table(
        {
            0: builder.text(metadata.name),
            1: builder.text(metadata.description),
            2: builder.text(metadata.version),
            3: builder.vector([graph]),
            4: builder.text(metadata.author),
            5: builder.text(metadata.license),
            6: builder.vector(_files(builder, metadata.files)),
            7: builder.text(metadata.min_parser_version),
        }
    )
    return builder.finished(root)


def _tensor(builder: _Builder, tensor: TensorMetadata) -> int:
    return builder.table(
        {
            0: builder.text(tensor.name),
            1: builder.text(tensor.description),
            3: _content(builder, tensor),
            4: builder.vector([_normalization(builder, tensor)] if tensor.mean else []),
            6: builder.vector(_files(builder, tensor.files)),
        }
    )


def _content(builder: _Builder, tensor: TensorMetadata) -> int:
    if not tensor.content:
        return 0
    kind = CONTENTS.index(tensor.content)
    fields: dict[int, Field] = {}
    if tensor.colors:
        fields[0] = ("byte", COLORS.index(tensor.colors))
    return builder.table({0: ("byte", kind), 1: builder.table(fields)})


def _normalization(builder: _Builder, tensor: TensorMetadata) -> int:
    options = builder.table({0: builder.floats(tensor.mean), 1: builder.floats(tensor.std)})
    return builder.table({0: ("byte", _NORMALIZATION), 1: options})


def _files(builder: _Builder, files: Sequence[AssociatedFile]) -> list[int]:
    return [
        builder.table(
            {
                0: builder.text(each.name),
                1: builder.text(each.description),
                2: ("byte", FILE_KINDS.index(each.kind)),
            }
        )
        for each in files
    ]


class _Builder:
    """Writes tables of numbered fields; equal ones once, and what is empty not at all."""

    def __init__(self) -> None:
        self._builder = SharingBuilder()

    def text(self, text: str) -> int:
        return self._builder.CreateString(text) if text else 0

    def floats(self, values: Sequence[float]) -> int:
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return self._builder.EndVector()

    def vector(self, offsets: Sequence[int]) -> int:
        if not offsets:
            return 0
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return self._builder.EndVector()

    def table(self, fields: Mapping[int, Field]) -> int:
        self._builder.StartObject(max(fields, default=-1) + 1)
        for number, value in fields.items():
            if isinstance(value, tuple):
                self._builder.PrependUint8Slot(number, value[1], 0)
            else:
                self._builder.PrependUOffsetTRelativeSlot(number, value, 0)
        return self._builder.EndObject()

    def finished(self, root: int) -> bytes:
        self._builder.Finish(root, file_identifier=IDENTIFIER)
        return bytes(self._builder.Output())
