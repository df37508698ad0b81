from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.tflite.editing import pack, unpack
from edgekit.verbs.check import check
from tests.support.paths import GOLDEN


@pytest.mark.parametrize("name", ["float32", "float16", "dynamic_int8", "int8", "int16x8", "loop"])
def test_what_a_page_runs_is_accepted(name: str) -> None:
    found = check(GOLDEN / f"{name}.tflite", "web")
    assert found.ok
    assert [each.verdict for each in found.operators if each.verdict == "no"] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("custom", "'Mystery' is a custom operator"),
        ("flex", "'FlexErf' is TensorFlow's own operator"),
        ("no_operators", "The file has no operators"),
        ("dynamic_shape", "LiteRT.js takes no input without a fixed shape, such as "),
    ],
)
def test_what_a_page_does_not_run_is_refused_with_the_reason(name: str, words: str) -> None:
    found = check(GOLDEN / f"{name}.tflite", "web")
    assert not found.ok
    reasons = [*found.problems, *(each.reason for each in found.operators)]
    assert words in " ".join(reasons)


def test_what_keeps_a_value_between_invocations_is_refused(tmp_path: Path) -> None:
    model = unpack((GOLDEN / "float32.tflite").read_bytes())
    written = model.subgraphs[0].operators[0].outputs[0]
    model.subgraphs[0].tensors[written].isVariable = True
    (tmp_path / "model.tflite").write_bytes(pack(model))
    found = check(tmp_path / "model.tflite", "web")
    assert not found.ok
    assert "no tensor that keeps its value between invocations" in found.problems[0]
