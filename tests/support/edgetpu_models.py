"""Small made graphs for the Edge TPU tests: plain operator facts, and `.tflite` files of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgekit.edgetpu.facts import OperatorFacts, TensorFacts
from edgekit.tflite.editing import pack

IMAGE = (1, 8, 8, 4)


def data(*shape: int, dtype: str = "int8", quantized: bool = True) -> TensorFacts:
    """Return an activation, by default `IMAGE`."""
    return TensorFacts(shape=shape or IMAGE, dtype=dtype, is_quantized=quantized)


def weights(*shape: int, sparse: bool = False) -> TensorFacts:
    return TensorFacts(shape=shape, dtype="int8", is_constant=True, is_sparse=sparse)


def numbers(*values: int, dtype: str = "int32", zero_point: int = 0) -> TensorFacts:
    """Return a constant with these values."""
    array = np.array(values, dtype=dtype)
    return TensorFacts(
        shape=array.shape,
        dtype=dtype,
        is_constant=True,
        zero_point=zero_point,
        values=lambda: array,
    )


def op(
    name: str,
    inputs: Sequence[TensorFacts | None] = (data(),),
    outputs: Sequence[TensorFacts] = (data(),),
    *,
    index: int = 0,
    version: int = 1,
    **more: object,
) -> OperatorFacts:
    depends_on = more.pop("depends_on", ())
    needed = more.pop("needed_version", None)
    assert isinstance(depends_on, tuple)
    assert needed is None or isinstance(needed, int)
    return OperatorFacts(
        index=index,
        name=name,
        version=version,
        needed_version=needed,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        options=more,
        depends_on=depends_on,
    )


def chain(*names: str) -> tuple[OperatorFacts, ...]:
    """Return operators that each read the one before."""
    return graph([(name, (i - 1,) if i else ()) for i, name in enumerate(names)])


def graph(edges: Sequence[tuple[str, tuple[int, ...]]]) -> tuple[OperatorFacts, ...]:
    """Return operators on int8 images, from (name, indices it depends on)."""
    return tuple(
        op(name, index=i, depends_on=before, inputs=(data(), *_axis_of(name)))
        for i, (name, before) in enumerate(edges)
    )


def _axis_of(name: str) -> tuple[TensorFacts, ...]:
    return (numbers(0, 2, 1, 3),) if name == "TRANSPOSE" else ()


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor to write into a file; constant if it has values."""

    shape: tuple[int, ...] = IMAGE
    dtype: str = "INT8"
    values: Sequence[int] | None = None
    scale: float | None = 0.5
    zero_point: int = 0


@dataclass(frozen=True, kw_only=True)
class Node:
    """An operator to write into a file."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    version: int = 1
    options: object | None = None
    custom: bytes = b""


def write_tflite(path: Path, tensors: Sequence[Tensor], nodes: Sequence[Node]) -> Path:
    """Write a model whose input is tensor 0 and whose output is the last node's."""
    model = schema.ModelT()
    model.version, model.description = 3, b"made by a test"
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name = b"main"
    graph.tensors = [_tensor(tensor, i, model.buffers) for i, tensor in enumerate(tensors)]
    graph.operators = [_operator(node, i) for i, node in enumerate(nodes)]
    graph.inputs, graph.outputs = [0], list(nodes[-1].outputs)
    model.operatorCodes = [_code(node) for node in nodes]
    model.subgraphs = [graph]
    path.write_bytes(pack(model))
    return path


def int8_model(path: Path, *, name: str = "RELU") -> Path:
    """Write a model with one activation on an int8 image."""
    node = Node(name=name, inputs=(0,), outputs=(1,), version=2)
    return write_tflite(path, [Tensor(), Tensor()], [node])


def compiled_model(path: Path, *, payload: bytes = b"\0\0\0\0DWN1 a program") -> Path:
    """Write what the compiler writes: one Edge TPU operator with a program."""
    node = Node(name="CUSTOM:edgetpu-custom-op", inputs=(0,), outputs=(1,), custom=payload)
    return write_tflite(path, [Tensor(), Tensor()], [node])


def _tensor(tensor: Tensor, index: int, buffers: list[object]) -> object:
    made = schema.TensorT()
    made.name, made.shape = f"tensor_{index}".encode(), list(tensor.shape)
    made.type = getattr(schema.TensorType, tensor.dtype)
    if tensor.scale is not None:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = [tensor.scale]
        made.quantization.zeroPoint = [tensor.zero_point]
    if tensor.values is not None:
        buffer = schema.BufferT()
        buffer.data = np.array(tensor.values, tensor.dtype.lower()).view(np.uint8).ravel()
        buffers.append(buffer)
        made.buffer = len(buffers) - 1
    return made


def _code(node: Node) -> object:
    code = schema.OperatorCodeT()
    code.version = node.version
    builtin, _, custom = node.name.partition(":")
    code.builtinCode = getattr(schema.BuiltinOperator, builtin)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.customCode = custom.encode() or None
    return code


def _operator(node: Node, index: int) -> object:
    made = schema.OperatorT()
    made.opcodeIndex = index
    made.inputs, made.outputs = list(node.inputs), list(node.outputs)
    if node.options is not None:
        kind = type(node.options).__name__.removesuffix("T")
        made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        made.builtinOptions = node.options
    if node.custom:
        made.customOptions = list(node.custom)
    return made
