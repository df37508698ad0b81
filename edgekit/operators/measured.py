"""What was measured of each operator on each runtime: the tables in `operators.json`.

They were written by `benchmarks/operator_tables`, whose scripts asked the real runtimes: by files
that TensorFlow converted (`probe_operators.py`) and by drawn ones (`differential_test.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from edgekit.core.paths import packaged
from edgekit.tflite.reader import Operator, Subgraph, TensorInfo

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
"""Operators whose data are not the first input -> the input that they are."""

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
"""Operators with weights, whose type may differ from that of the data -> the input they are."""


WHOLE_FILE = "MODEL"
"""Where the tables keep what was measured of files as a whole."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One runtime's part of the tables.

    Attributes:
        key: Its name in `operators.json`.
        runtime: Its name for people.
        remedy: What to do with an operator it refuses, as a sentence.
        strict: Whether only what was measured counts, ranks and traits included. In a computer's
            runtime the version that an operator needs covers its rank.
        asked_all: Whether it was asked for every operator there is, so that it lacks the others.
    """

    key: str
    runtime: str
    remedy: str
    strict: bool = False
    asked_all: bool = True


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
    asked_all=False,
)
LITERT_JS = Column(
    key="litert_js_2_5",
    runtime="LiteRT.js 2.5",
    remedy="Convert it again with edgekit, or replace the layer that became this operator.",
    asked_all=False,
)
MICRO = Column(
    key="tflite_micro",
    runtime="TensorFlow Lite Micro of October 2026",
    remedy="Convert it again as int8 or float32, or replace the layer that became this operator.",
    strict=True,
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of one operator on one runtime; all empty if it was not asked.

    Attributes:
        versions: Those it has.
        types: Keys, as `type_key` gives them, that it took and answered right.
        types_refused: Keys -> its words, or what went wrong.
        ranks: Ranks that it took and answered right.
        ranks_refused: Ranks -> its words, or what went wrong.
        traits: Keys, as `trait_key` gives them, of what is special and was answered right.
        traits_refused: Keys -> its words, or what went wrong.
        unsure: Keys of types and traits with which some files are right and some are not, why is
            not known.
    """

    versions: Sequence[int] = ()
    types: Sequence[str] = ()
    types_refused: Mapping[str, str] = field(default_factory=dict)
    ranks: Sequence[str] = ()
    ranks_refused: Mapping[str, str] = field(default_factory=dict)
    traits: Sequence[str] = ()
    traits_refused: Mapping[str, str] = field(default_factory=dict)
    unsure: Sequence[str] = ()


def measured(operator: str, column: Column) -> Measured:
    """Return what was measured of an operator, called as in `Operator.name`, on a runtime."""
    return _tables()[1].get(operator, {}).get(column.key, Measured())


def source() -> str:
    """Return the sentence that says how the tables were made."""
    return _tables()[0]


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


def trait_key(trait: str, types: str) -> str:
    """Name a trait (`edgekit.operators.traits`) of an operator that computes with some types."""
    return f"{trait}, {types}"


def rank_of(operator: Operator, subgraph: Subgraph) -> int:
    """Return the largest number of dimensions among an operator's inputs and outputs."""
    indices = (*operator.inputs, *operator.outputs)
    return max((len(subgraph.tensors[i].shape) for i in indices if i >= 0), default=0)


def _tensor(indices: tuple[int, ...], position: int, subgraph: Subgraph) -> TensorInfo | None:
    if not 0 <= position < len(indices) or indices[position] < 0:
        return None
    return subgraph.tensors[indices[position]]


@cache
def _tables() -> tuple[str, Mapping[str, Mapping[str, Measured]]]:
    tables = json.loads(packaged("operators", "operators.json").read_text(encoding="utf-8"))
    return tables["source"], {
        operator: {column: Measured(**entry) for column, entry in columns.items()}
        for operator, columns in tables["operators"].items()
    }
