"""`inspect` tells what a file holds, and its numbers are those of the weights put into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import BadModelFile
from edgekit.core.records import from_json, to_json
from edgekit.running.smoke_test import relu_model
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import read
from edgekit.verbs.check import check
from edgekit.verbs.inspect import (
    InspectedOperator,
    InspectedPort,
    InspectedSignature,
    Inspection,
    inspect,
    weight_statistics,
)
from tests.support.edgetpu_models import compiled_model
from tests.support.paths import GOLDEN


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.tflite")), ids=lambda path: path.stem)
def test_every_golden_model_can_be_described_in_json(path: Path) -> None:
    found = inspect(path)
    facts = to_json(found)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert from_json(Inspection, facts, what=path.name, remedy="inspect again") == found
    assert found.size_bytes == path.stat().st_size
    assert 0 < found.compressed_bytes < found.size_bytes


def test_ports_signatures_and_operators_are_told() -> None:
    found = inspect(GOLDEN / "float32.tflite")
    assert found.inputs == (
        InspectedPort(name="image", shape=(1, 8, 8, 1), dtype="float32", quantization=None),
    )
    assert found.outputs[0].name == "scores"
    assert found.signatures == (
        InspectedSignature(key="serving_default", inputs=("image",), outputs=("scores",)),
    )
    assert found.operators[0] == InspectedOperator(
        name="CONV_2D", version=1, needed_version=1, count=1
    )
    assert found.minimum_runtime == found.declared_runtime == "1.6.0"
    assert found.problems == ()


def test_weights_are_counted_by_type() -> None:
    """3 x 3 x 1 x 4 filters, 4 x 3 dense, 4 + 3 biases, and the two axes of MEAN."""
    weights = 36 + 12
    assert inspect(GOLDEN / "float32.tflite").weights_bytes == {
        "float32": 4 * (weights + 7),
        "int32": 8,
    }
    found = inspect(GOLDEN / "int8.tflite").weights_bytes
    assert found == {"int8": weights, "int32": 4 * 7 + 8}


def test_operators_of_loop_bodies_are_counted() -> None:
    found = inspect(GOLDEN / "loop.tflite")
    assert found.subgraphs == 3
    assert {row.name for row in found.operators} == {"WHILE", "SUM", "LESS", "MUL", "ADD"}


def test_pruned_weights_are_three_quarters_zero_however_they_are_stored() -> None:
    """16 x 32 weights, 128 of them not zero and all different."""
    assert weight_statistics(read(GOLDEN / "pruned.tflite")) == (0.75, 129)
    assert weight_statistics(read(GOLDEN / "sparse.tflite")) == (0.75, 129)


def test_weights_behind_a_dequantize_count_and_biases_do_not() -> None:
    sparsity, unique = weight_statistics(read(GOLDEN / "float16.tflite"))
    assert sparsity == 0.0
    assert unique == 36
    assert weight_statistics(read(GOLDEN / "float32.tflite")) == (0.0, 36)


def test_a_model_without_weights_has_none() -> None:
    assert weight_statistics(read(GOLDEN / "loop.tflite")) == (0.0, 0)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no_operators", "has no operators"),
        ("custom", "'Mystery' is a custom operator"),
        ("flex", "only a Flex delegate runs"),
    ],
)
def test_a_file_nothing_can_run_has_its_problem_told(name: str, says: str) -> None:
    (problem,) = inspect(GOLDEN / f"{name}.tflite").problems
    assert says in problem


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.tflite"
    path.write_bytes((GOLDEN / "int8.tflite").read_bytes()[:1200])
    with pytest.raises(BadModelFile, match="cut short"):
        inspect(path)


def test_a_file_compiled_for_an_accelerator_says_where_it_runs(tmp_path: Path) -> None:
    path = compiled_model(tmp_path / "compiled.tflite")
    (problem,) = inspect(path).problems
    assert problem == (
        "The file is compiled for the runtime edgetpu, which alone runs 'edgetpu-custom-op'. "
        "Run it there, or use the file it was compiled from."
    )
    for target in ("cpu", "gpu", "litert"):
        found = check(path, target)
        assert not found.ok
        assert f"{found.operators[0].reason} {found.operators[0].fix}" == problem
    assert check(path, "edgetpu").ok


def test_a_file_without_any_constant_may_have_no_buffers(tmp_path: Path) -> None:
    """invalid_models/model_invoking_error.tflite of https://github.com/google-coral/test_data."""
    path, model = tmp_path / "model.tflite", unpack(relu_model())
    model.buffers = []
    path.write_bytes(pack(model))
    assert [operator.name for operator in inspect(path).operators] == ["RELU"]
    code = model.operatorCodes[0]
    code.builtinCode = code.deprecatedBuiltinCode = 32  # CUSTOM
    code.customCode = b"fake-op-double"
    path.write_bytes(pack(model))
    (problem,) = inspect(path).problems
    assert "'fake-op-double' is a custom operator" in problem


@pytest.mark.parametrize("buffers", [None, []])
def test_a_buffer_that_is_not_there_is_still_refused(tmp_path: Path, buffers: list[Any]) -> None:
    path, model = tmp_path / "model.tflite", unpack(relu_model())
    model.buffers = buffers
    model.subgraphs[0].tensors[0].buffer = 5 if buffers == [] else 0
    path.write_bytes(pack(model))
    with pytest.raises(BadModelFile, match="refers to buffer"):
        inspect(path)
