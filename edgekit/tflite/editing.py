"""Change a `.tflite` through the objects of its schema: unpack the file, edit them, pack them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from ai_edge_litert import schema_py_generated as schema


def unpack(content: bytes | bytearray) -> schema.ModelT:
    """Return the objects of a file; they and their arrays may be changed."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    model.operatorCodes = model.operatorCodes or []  # None in a file that computes nothing
    for graph in model.subgraphs:
        graph.operators = graph.operators or []
    return model


def pack(model: schema.ModelT) -> bytearray:
    """Return the file that holds the objects."""
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytearray(builder.Output())


def operators_of(model: schema.ModelT) -> list[int]:
    """Return the operator that each of a model's codes stands for: numbers of `BuiltinOperator`."""
    return [code.builtinCode for code in model.operatorCodes]


def loops_of(model: schema.ModelT, graph: int) -> Iterator[schema.OperatorT]:
    """Yield the WHILE operators of a graph."""
    from ai_edge_litert import schema_py_generated as schema

    codes = operators_of(model)
    for op in model.subgraphs[graph].operators or []:
        if codes[op.opcodeIndex] == schema.BuiltinOperator.WHILE:
            yield op


def bodies_of(model: schema.ModelT) -> list[int]:
    """Return the graphs that are the body of a loop."""
    loops = [op for graph in range(len(model.subgraphs)) for op in loops_of(model, graph)]
    return sorted({op.builtinOptions.bodySubgraphIndex for op in loops})


def code_of(schema: ModuleType, model: schema.ModelT, operator: int, *, version: int) -> int:
    """Return the index of an operator in a model's list of codes, where it is added if missing.

    Args:
        schema: `ai_edge_litert.schema_py_generated`.
        model: An unpacked model; its list of codes says which operators it uses, in which version.
        operator: A number of `schema.BuiltinOperator`.
        version: Of the operator.
    """
    for index, code in enumerate(model.operatorCodes):
        if (code.builtinCode, code.version) == (operator, version):
            return index
    code = schema.OperatorCodeT()
    code.builtinCode = operator
    code.deprecatedBuiltinCode = min(operator, 127)  # one byte; larger numbers stand in the other
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
