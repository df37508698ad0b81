"""Turn the tables of a `.tflite`, whose bounds were checked, into plain values.

Reads through the schema that ships with ai-edge-litert, so new operators come with its releases.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from mmap import mmap
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array
from edgekit.tflite.bounds import Damaged
from edgekit.tflite.metadata.values import ENTRY
from edgekit.tflite.model import (
    BITS,
    OPTION_ENUMS,
    Model,
    Operator,
    Option,
    SignatureDef,
    Subgraph,
    TensorInfo,
)
from edgekit.tflite.sparse.layout import Dimension, Sparsity

if TYPE_CHECKING:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

_MOST_METADATA = 8 << 20
"""Bytes of metadata that are read."""

_MAX_NUMBERS = 4_000_000
"""How many list elements become Python objects; the lists of a damaged file may overlap."""


def load(data: mmap, path: Path) -> Model:
    """Read all of a model.

    Args:
        data: The file; `check_bounds` has passed it.
        path: Becomes `Model.path`.

    Raises:
        Damaged: Some number in it makes no sense.
    """
    return _Reader(data).model(path)


class _Reader:
    """The file, the schema's names, and how many more list elements may be read."""

    def __init__(self, data: mmap) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self._data = memoryview(data)
        self._root = schema.Model.GetRootAs(data, 0)
        self._left = _MAX_NUMBERS
        self._types = {i: name.lower() for i, name in _names(schema, "TensorType").items()}
        self._enums = {name: _names(schema, enum) for name, enum in OPTION_ENUMS.items()}
        self._option_tables: dict[tuple[int, int, int], Mapping[str, Option]] = {}

    def model(self, path: Path) -> Model:
        root = self._root
        self._buffers = [self._buffer(root.Buffers(i)) for i in range(root.BuffersLength())]
        codes = [self._code(root.OperatorCodes(i)) for i in range(root.OperatorCodesLength())]
        subgraphs = [root.Subgraphs(i) for i in range(root.SubgraphsLength())]
        signatures = [root.SignatureDefs(i) for i in range(root.SignatureDefsLength())]
        return Model(
            path=path,
            size_bytes=len(self._data),
            description=self._text(root.Description()),
            min_runtime=self._text(bytes(self._noted("min_runtime_version")[:64])).rstrip("\0"),
            subgraphs=tuple(self._subgraph(graph, codes) for graph in subgraphs),
            signatures=tuple(self._signature(signature) for signature in signatures),
            metadata=bytes(self._noted(ENTRY)[:_MOST_METADATA]),
        )

    def _buffer(self, buffer: schema.Buffer) -> memoryview:
        if (offset := buffer.Offset()) > 1:  # stored after the flatbuffer; 1 is a placeholder
            return self._outside(offset, buffer.Size())
        if buffer.DataIsNone() or buffer.DataLength() == 0:
            return self._data[:0]
        start = buffer._tab.Vector(buffer._tab.Offset(4))
        return self._data[start : start + buffer.DataLength()]

    def _outside(self, offset: int, size: int) -> memoryview:
        if offset + size > len(self._data):
            raise Damaged("its contents point past its end, as in a file cut short")
        return self._data[offset : offset + size]

    def _noted(self, name: str) -> memoryview:
        for i in range(self._root.MetadataLength()):
            entry = self._root.Metadata(i)
            if entry.Name() == name.encode():
                return self._buffer_at(entry.Buffer())
        return self._data[:0]

    def _buffer_at(self, index: int) -> memoryview:
        if index == 0 and not self._buffers and not self._root.BuffersIsNone():
            return self._data[:0]  # runtimes take an empty list: nothing in the file is constant
        if index >= len(self._buffers):
            raise Damaged(f"it refers to buffer {index} of {len(self._buffers)}")
        return self._buffers[index]

    def _code(self, code: schema.OperatorCode) -> tuple[str, int]:
        # Operators up to 127 stand in the old one-byte field, newer ones in the four-byte one.
        number = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
        if number == self._schema.BuiltinOperator.CUSTOM:
            return f"CUSTOM:{self._text(code.CustomCode())}", code.Version()
        name = _names(self._schema, "BuiltinOperator").get(number)
        if name is None:
            raise Damaged(f"operator code {number} is not in the schema")
        return name, code.Version()

    def _subgraph(self, graph: schema.SubGraph, codes: list[tuple[str, int]]) -> Subgraph:
        return Subgraph(
            name=self._text(graph.Name()),
            tensors=tuple(self._tensor(graph.Tensors(i), i) for i in range(graph.TensorsLength())),
            operators=tuple(
                self._operator(graph.Operators(i), i, codes) for i in range(graph.OperatorsLength())
            ),
            inputs=self._integers(graph, "Inputs"),
            outputs=self._integers(graph, "Outputs"),
        )

    def _tensor(self, tensor: schema.Tensor, index: int) -> TensorInfo:
        shape = self._integers(tensor, "Shape")
        scales, zero_points, axis = self._quantization(tensor.Quantization())
        data = self._buffer_at(tensor.Buffer())
        dtype = self._dtype(tensor.Type(), index)
        if tensor.ExternalBuffer():
            raise Damaged(f"the values of tensor {index} are in another file")
        return TensorInfo(
            index=index,
            name=self._text(tensor.Name()),
            shape=shape,
            shape_signature=self._integers(tensor, "ShapeSignature") or shape,
            dtype=dtype,
            scales=scales,
            zero_points=zero_points,
            quantized_dimension=axis,
            is_constant=len(data) > 0,
            is_variable=bool(tensor.IsVariable()),
            num_bytes=len(data) or math.ceil(math.prod(shape) * BITS.get(dtype, 0) / 8),
            stored=data if len(data) else None,
            sparsity=self._sparsity(tensor.Sparsity()),
        )

    def _dtype(self, number: int, index: int) -> str:
        if number not in self._types:
            raise Damaged(f"tensor {index} has type {number}, which is not in the schema")
        return self._types[number]

    def _quantization(
        self, params: schema.QuantizationParameters | None
    ) -> tuple[tuple[float, ...], tuple[int, ...], int]:
        if params is None or params.ScaleLength() == 0:
            return (), (), 0
        scales = self._floats(params, "Scale")
        zero_points = self._integers(params, "ZeroPoint")
        if len(zero_points) < len(scales):  # left out, or one for all channels
            zero_points = (zero_points[0] if zero_points else 0,) * len(scales)
        return scales, zero_points[: len(scales)], params.QuantizedDimension()

    def _sparsity(self, params: schema.SparsityParameters | None) -> Sparsity | None:
        if params is None:
            return None
        levels = [params.DimMetadata(i) for i in range(params.DimMetadataLength())]
        return Sparsity(
            traversal_order=self._integers(params, "TraversalOrder"),
            block_map=self._integers(params, "BlockMap"),
            dimensions=tuple(self._dimension(level) for level in levels),
        )

    def _dimension(self, level: schema.DimensionMetadata) -> Dimension:
        if level.Format() == self._schema.DimensionType.DENSE:
            return Dimension(size=level.DenseSize())
        return Dimension(
            size=0,
            segments=self._indices(level.ArraySegmentsType(), level.ArraySegments()),
            indices=self._indices(level.ArrayIndicesType(), level.ArrayIndices()),
        )

    def _indices(self, kind: int, table: flatbuffers.Table | None) -> Array:
        name = _names(self._schema, "SparseIndexVector").get(kind, "NONE")
        if table is None or name == "NONE":
            raise Damaged("a sparse tensor lacks its indices")
        vector = getattr(self._schema, name)()
        vector.Init(table.Bytes, table.Pos)
        return np.zeros(0, np.int32) if vector.ValuesIsNone() else vector.ValuesAsNumpy()

    def _operator(
        self, operator: schema.Operator, index: int, codes: list[tuple[str, int]]
    ) -> Operator:
        if operator.OpcodeIndex() >= len(codes):
            raise Damaged(f"operator {index} refers to code {operator.OpcodeIndex()}")
        name, version = codes[operator.OpcodeIndex()]
        return Operator(
            index=index,
            name=name,
            version=version,
            inputs=self._integers(operator, "Inputs"),
            outputs=self._integers(operator, "Outputs"),
            options={**self._options(operator, 1), **self._options(operator, 2)},
            custom_options=self._custom_options(operator),
            intermediates=self._integers(operator, "Intermediates"),
        )

    def _custom_options(self, operator: schema.Operator) -> bytes:
        if (offset := operator.LargeCustomOptionsOffset()) > 1:
            view = self._outside(offset, operator.LargeCustomOptionsSize())
        elif operator.CustomOptionsIsNone():
            return b""
        else:
            start = operator._tab.Vector(operator._tab.Offset(14))
            view = self._data[start : start + operator.CustomOptionsLength()]
        self._spend(len(view) // 32)
        return bytes(view)

    def _options(self, operator: schema.Operator, which: int) -> Mapping[str, Option]:
        suffix = "" if which == 1 else "2"
        table = getattr(operator, f"BuiltinOptions{suffix}")()
        kind = getattr(operator, f"BuiltinOptions{suffix}Type")()
        if table is None:
            return {}
        key = (which, kind, table.Pos)
        if key not in self._option_tables:
            creator = getattr(self._schema, f"BuiltinOptions{suffix}Creator")
            values = vars(creator(kind, table)) if kind else {}
            self._option_tables[key] = self._plain(values)
        return self._option_tables[key]

    def _plain(self, values: Mapping[str, object]) -> Mapping[str, Option]:
        plain: dict[str, Option] = {}
        for camel, value in values.items():
            name = re.sub(r"(?<!^)([A-Z])", lambda m: "_" + m[1].lower(), camel)
            if isinstance(value, np.ndarray):
                self._spend(value.size)
                plain[name] = tuple(value.tolist())
            elif isinstance(value, bytes):
                plain[name] = self._text(value)
            elif name in self._enums and isinstance(value, int):
                plain[name] = self._enum(name, value)
            elif isinstance(value, int | float):
                plain[name] = value
        return plain

    def _enum(self, option: str, value: int) -> str:
        name = self._enums[option].get(value, f"UNKNOWN:{value}")
        return name.lower() if OPTION_ENUMS[option] == "TensorType" else name

    def _signature(self, signature: schema.SignatureDef) -> SignatureDef:
        inputs = [signature.Inputs(i) for i in range(signature.InputsLength())]
        outputs = [signature.Outputs(i) for i in range(signature.OutputsLength())]
        return SignatureDef(
            key=self._text(signature.SignatureKey()),
            subgraph_index=signature.SubgraphIndex(),
            inputs={self._text(entry.Name()): entry.TensorIndex() for entry in inputs},
            outputs={self._text(entry.Name()): entry.TensorIndex() for entry in outputs},
        )

    def _integers(self, table: object, name: str) -> tuple[int, ...]:
        return tuple(self._array(table, name).tolist())

    def _floats(self, table: object, name: str) -> tuple[float, ...]:
        return tuple(self._array(table, name).tolist())

    def _array(self, table: object, name: str) -> Array:
        array = getattr(table, f"{name}AsNumpy")()
        if not isinstance(array, np.ndarray):  # the accessor gives 0 for what is not there
            return np.zeros(0)
        self._spend(array.size)
        return array

    def _text(self, text: bytes | None) -> str:
        self._spend(len(text or b"") // 32)
        return (text or b"").decode(errors="replace")

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise Damaged("its lists are absurdly long")


@cache
def _names(schema: ModuleType, enum: str) -> dict[int, str]:
    return {v: k for k, v in vars(getattr(schema, enum)).items() if not k.startswith("_")}
