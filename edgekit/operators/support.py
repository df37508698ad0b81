"""Check a model against measured tables of operators; the targets differ in their tables only.

The tables are in `operators.json` beside this file. They were written by
`benchmarks/operator_tables/probe_operators.py`, which asked the real runtimes. What was not asked
is "unknown", never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from edgekit.core import registry
from edgekit.core.kinds import Runtime
from edgekit.core.paths import packaged
from edgekit.operators.target import Check, OperatorVerdict
from edgekit.operators.versions import needed_version, release_with
from edgekit.tflite.graph_check import called_subgraphs
from edgekit.tflite.reader import Model, Operator, Subgraph, TensorInfo

_TABLES = packaged("operators", "operators.json")

_MAIN_INPUT: Mapping[str, int] = {
    "CONV_3D_TRANSPOSE": 2,
    "EMBEDDING_LOOKUP": 1,
    "FILL": 1,
    "ONE_HOT": 2,
    "SCATTER_ND": 1,
    "SELECT": 1,
    "SELECT_V2": 1,
    "SPARSE_TO_DENSE": 2,
    "SPLIT": 1,
    "TRANSPOSE_CONV": 2,
}
"""Operators whose data do not come in as the first input."""

_WEIGHTS_INPUT: Mapping[str, int] = {
    "BATCH_MATMUL": 1,
    "BIDIRECTIONAL_SEQUENCE_LSTM": 2,
    "CONV_2D": 1,
    "CONV_3D": 1,
    "CONV_3D_TRANSPOSE": 1,
    "DEPTHWISE_CONV_2D": 1,
    "FULLY_CONNECTED": 1,
    "LSTM": 2,
    "RNN": 1,
    "SVDF": 1,
    "TRANSPOSE_CONV": 1,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 2,
    "UNIDIRECTIONAL_SEQUENCE_RNN": 1,
}
"""Operators with weights, whose type may differ from that of the data."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One runtime's part of the tables.

    Attributes:
        key: Its name in `operators.json`.
        runtime: Its name for people.
        remedy: What to do with an operator it refuses, as a sentence.
        strict: Whether only what was measured counts, ranks included; a CPU runtime was asked for
            every operator there is, and the version an operator needs covers its rank.
    """

    key: str
    runtime: str
    remedy: str
    strict: bool = False


TFLITE_RUNTIME = Column(
    key="tflite_runtime_2_14",
    runtime="tflite-runtime 2.14",
    remedy="Convert it again with edgekit, or replace the layer that became this operator.",
)
LITERT = Column(
    key="litert_2_3",
    runtime="ai-edge-litert 2.3",
    remedy="Convert it again with edgekit, or replace the layer that became this operator.",
)
GPU = Column(
    key="gpu",
    runtime="the GPU accelerator of ai-edge-litert 2.3",
    remedy="Replace the layer that became this operator, or run the file on the CPU.",
    strict=True,
)


def check_model(model: Model, *, target: str, column: Column) -> Check:
    """Return the verdict on every operator of the main subgraph, and on the file as a whole.

    Args:
        model: To be checked; operators of loop bodies and branches count too, as problems.
        target: The target's name, for the result.
        column: The runtime's part of the tables.
    """
    verdicts = tuple(_verdict(operator, model.main, column) for operator in model.main.operators)
    inner = tuple(_inner_problems(model, column))
    fatal = (*_empty(model), *inner)
    return Check(
        target=target,
        ok=not fatal and all(verdict.verdict != "no" for verdict in verdicts),
        operators=verdicts,
        problems=(*fatal, *_dynamic(model)),
    )


def file_problems(model: Model, *, brought: Collection[str] = ()) -> tuple[str, ...]:
    """Return why no runtime will run a file, as sentences; () for a good file.

    Args:
        model: The file.
        brought: Custom operators that the runtime in question brings along.
    """
    custom = {
        operator.name.removeprefix("CUSTOM:")
        for subgraph in model.subgraphs
        for operator in subgraph.operators
        if operator.name.startswith("CUSTOM:")
        and not _entry(operator.name, LITERT)
        and operator.name.removeprefix("CUSTOM:") not in brought
    }
    return (*_empty(model), *(f"{_custom(name)[0]} {_custom(name)[1]}" for name in sorted(custom)))


def type_key(operator: Operator, subgraph: Subgraph) -> str:
    """Name the types an operator computes with: data, `/weights`, `>result` where they differ.

    `"float32/int8"` is a convolution with int8 weights, `"float32>int8"` a QUANTIZE.
    """
    data = _tensor(operator.inputs, _MAIN_INPUT.get(operator.name, 0), subgraph)
    weights = _tensor(operator.inputs, _WEIGHTS_INPUT.get(operator.name, -1), subgraph)
    result = _tensor(operator.outputs, 0, subgraph)
    key = data.dtype if data else ""
    if weights and data and weights.dtype != data.dtype:
        key += f"/{weights.dtype}"
    if result and data and result.dtype != data.dtype:
        key += f">{result.dtype}"
    return key


def rank_of(operator: Operator, subgraph: Subgraph) -> int:
    """Return the largest number of dimensions among an operator's inputs and outputs."""
    indices = (*operator.inputs, *operator.outputs)
    return max((len(subgraph.tensors[i].shape) for i in indices if i >= 0), default=0)


def _tensor(indices: tuple[int, ...], position: int, subgraph: Subgraph) -> TensorInfo | None:
    if not 0 <= position < len(indices) or indices[position] < 0:
        return None
    return subgraph.tensors[indices[position]]


@cache
def _tables() -> Mapping[str, Any]:
    tables: Mapping[str, Any] = json.loads(_TABLES.read_text(encoding="utf-8"))
    return tables


def _entry(name: str, column: Column) -> Mapping[str, Any]:
    """Return what was measured of an operator; {} if it does not exist there or was not asked."""
    entry: Mapping[str, Any] = _tables()["operators"].get(name, {}).get(column.key, {})
    return entry


def _verdict(operator: Operator, subgraph: Subgraph, column: Column) -> OperatorVerdict:
    needed = needed_version(operator, subgraph)
    told = partial(
        OperatorVerdict,
        index=operator.index,
        name=operator.name,
        version=operator.version,
        needed_version=needed,
    )
    measured = f"{_tables()['source']}, {column.runtime}"
    refusal = _version_refusal(operator, needed, column) or _measured_refusal(
        operator, subgraph, column
    )
    if refusal:
        return told(verdict="no", reason=refusal[0], source=measured, fix=refusal[1])
    doubt = _doubt(operator, subgraph, column) or (needed is None and _NO_VERSION)
    if doubt:
        return told(verdict="unknown", reason=doubt, source=measured, fix=_RUN_IT)
    return told(verdict="yes", source=measured)


_NO_VERSION = "Which version it needs is not known."
_RUN_IT = "Run it to find out: edgekit verify."


def _version_refusal(
    operator: Operator, needed: int | None, column: Column
) -> tuple[str, str] | None:
    """Return why an operator's version will not do, and what to do; None if it will."""
    name, entry = operator.name, _entry(operator.name, column)
    versions = entry.get("versions", [])
    if name.startswith("CUSTOM:"):
        # The accelerator was not asked for those that its runtime brings along.
        known = versions or (column.strict and _entry(name, LITERT))
        return None if known else _custom(name.removeprefix("CUSTOM:"))
    if not versions:
        # A CPU runtime was asked for every operator; the accelerator only for those in a model.
        return None if column.strict else (f"{column.runtime} does not have it.", column.remedy)
    newest = max(versions)
    if operator.version not in versions:
        has = f"{column.runtime} has {_range(versions)}"
        reason = f"The file asks for version {operator.version}; {has}."
        return reason, _newer(name, operator.version, column)
    if needed is not None and needed > newest and not column.strict:
        reason = (
            f"Its types and options need version {needed}; {column.runtime} has up to {newest}. "
            f"The file says {operator.version}, so it loads and answers wrong."
        )
        return reason, _newer(name, needed, column)
    return None


def _range(versions: list[int]) -> str:
    return f"{min(versions)} to {max(versions)}" if len(versions) > 1 else f"{versions[0]} only"


def _newer(name: str, version: int, column: Column) -> str:
    release = release_with(name, version)
    return f"{column.remedy} TFLite {release} has it." if release else column.remedy


def _measured_refusal(
    operator: Operator, subgraph: Subgraph, column: Column
) -> tuple[str, str] | None:
    """Return what was seen to go wrong with an operator of these types and this rank."""
    entry = _entry(operator.name, column)
    types, rank = type_key(operator, subgraph), rank_of(operator, subgraph)
    if words := entry.get("types_refused", {}).get(types):
        return f"With {types}, {column.runtime} {_said(words)}", column.remedy
    if words := entry.get("ranks_refused", {}).get(str(rank)):
        return f"At rank {rank}, {column.runtime} {_said(words)}", column.remedy
    return None


def _said(words: str) -> str:
    """Return a runtime's refusal as the end of a sentence; what was seen is told as it was."""
    seen = words.startswith(("answers", "crashes", "no answer"))
    return f"{words}." if seen else f'says "{words.rstrip(".")}".'


def _doubt(operator: Operator, subgraph: Subgraph, column: Column) -> str:
    """Return what was not measured; "" if all was."""
    entry = _entry(operator.name, column)
    types, rank = type_key(operator, subgraph), rank_of(operator, subgraph)
    if types not in entry.get("types", ()):
        return f"It was not measured with {types or 'no types'}."
    if column.strict and str(rank) not in entry.get("ranks", ()):
        return f"It was not measured at rank {rank}."
    return ""


def _custom(name: str) -> tuple[str, str]:
    """Return why a custom operator will not run, and what to do."""
    if name.startswith("Flex"):
        reason = f"'{name}' is TensorFlow's own operator, which only a Flex delegate runs."
        return reason, "Convert with built-in operators only, or replace the layer it came from."
    if owners := [r for r in registry.names("runtimes") if name in _brought(r)]:
        reason = f"The file is compiled for the runtime {owners[0]}, which alone runs '{name}'."
        return reason, "Use the file it was compiled from."
    reason = f"'{name}' is a custom operator that the runtime does not bring along."
    return reason, "Convert with built-in operators only, or register its kernel yourself."


def _brought(runtime: str) -> tuple[str, ...]:
    """Return the custom operators that a runtime brings along."""
    found: Runtime = registry.get("runtimes", runtime)
    return found.custom_operators


def _empty(model: Model) -> Iterator[str]:
    if not model.main.operators:
        yield "The file has no operators: it computes nothing. Convert the model again."


def _dynamic(model: Model) -> Iterator[str]:
    for index in model.main.inputs:
        tensor = model.main.tensors[index]
        if -1 in tensor.shape_signature:
            shape = list(tensor.shape_signature)
            yield (
                f"Input '{tensor.name}' has no fixed shape {shape}: it runs with 1 where -1 "
                "stands. Convert with a fixed shape; accelerators want one."
            )


def _inner_problems(model: Model, column: Column) -> Iterator[str]:
    """Give a sentence for every refused operator of the subgraphs that operators call."""
    seen, todo = {0}, [0]
    while todo:
        current = model.subgraphs[todo.pop()]
        called = {i for operator in current.operators for i in called_subgraphs(operator)} - seen
        seen |= called
        todo += sorted(called)
    for index in sorted(seen - {0}):
        subgraph = model.subgraphs[index]
        for operator in subgraph.operators:
            found = _verdict(operator, subgraph, column)
            if found.verdict == "no":
                where = f"Subgraph {index} ('{subgraph.name}'), operator {operator.index}"
                yield f"{where}, {operator.name}: {found.reason} {found.fix}"
