"""Small dense layers of a dynamic-range file get int8 weights, where that costs no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit.conversion.correcting.small_weights import quantize_small_weights
from edgekit.running.judgement import judge
from edgekit.running.session import open_session
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import Model, read
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests" / "golden"
ROWS, VALUES = 15, 64
"""Of the golden file's dense layer, made small: 960 values."""


def with_small_dense(out: Path, *, lstm: bool = False) -> Path:
    """Write the golden dynamic-range file with a dense layer as TensorFlow leaves a small one."""
    model = unpack((GOLDEN / "dynamic_int8.tflite").read_bytes())
    graph = model.subgraphs[0]
    dense = graph.operators[-1]
    weights, answer = graph.tensors[dense.inputs[1]], graph.tensors[dense.outputs[0]]
    random = np.random.default_rng(0)
    floats = random.standard_normal((ROWS, VALUES)).astype(np.float32)
    weights.type, weights.shape, weights.quantization = (
        schema.TensorType.FLOAT32,
        floats.shape,
        None,
    )
    model.buffers[weights.buffer].data = floats.view(np.uint8).ravel()
    answer.shape = [1, ROWS]
    answer.shapeSignature = None
    model.operatorCodes[dense.opcodeIndex].version = 1
    dense.builtinOptions.asymmetricQuantizeInputs = False
    if lstm:
        code = schema.OperatorCodeT()
        code.builtinCode = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
        model.operatorCodes.append(code)
        op = schema.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = len(model.operatorCodes) - 1, [0, 0], [0]
        graph.operators.append(op)
    out.write_bytes(pack(model))
    return out


def corrected(path: Path, out: Path) -> bool:
    model = unpack(path.read_bytes())
    is_changed = quantize_small_weights(schema, model)
    out.write_bytes(pack(model))
    return is_changed


def dense_of(model: Model) -> tuple[int, str]:
    (op,) = (op for op in model.main.operators if op.name == "FULLY_CONNECTED")
    return op.version, model.main.tensors[op.inputs[1]].dtype


def test_a_small_dense_layer_becomes_what_a_large_one_is(tmp_path: Path) -> None:
    before, after = with_small_dense(tmp_path / "before.tflite"), tmp_path / "after.tflite"
    assert dense_of(read(before)) == (1, "float32")
    assert corrected(before, after)
    assert dense_of(read(after)) == dense_of(read(GOLDEN / "dynamic_int8.tflite"))
    assert not corrected(after, after)  # and stays so


@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime"])
def test_the_answers_stay_within_the_limits(tmp_path: Path, runtime: str) -> None:
    before, after = with_small_dense(tmp_path / "before.tflite"), tmp_path / "after.tflite"
    corrected(before, after)
    images = np.random.default_rng(1).standard_normal((16, 2, 2, 8)).astype(np.float32)
    answers = []
    for path in (before, after):
        with open_session(path, runtime=runtime) as run:
            answers.append(run({"image": images}))
    assert judge(*answers, precision="dynamic_int8").problem == ""


@pytest.mark.parametrize("name", ["float32", "float16", "int8", "int16x8", "dynamic_shape"])
def test_other_precisions_stay_as_they_are(tmp_path: Path, name: str) -> None:
    assert not corrected(GOLDEN / f"{name}.tflite", tmp_path / "after.tflite")


def test_beside_a_fused_lstm_it_would_cost_time(tmp_path: Path) -> None:
    before = with_small_dense(tmp_path / "before.tflite", lstm=True)
    assert not corrected(before, tmp_path / "after.tflite")
