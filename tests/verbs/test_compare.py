"""Two files side by side: the same, coarser, with other weights, other inputs, other operators."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.core.types import Array
from edgekit.running.place import Place
from edgekit.tflite.editing import pack, unpack
from edgekit.verbs.compare import printing, turns
from edgekit.verbs.compare.comparing import Comparison
from edgekit.verbs.verify import vectors_path
from tests.support.paths import GOLDEN
from tests.support.refusals import edgekit as command

FLOAT = GOLDEN / "float32.tflite"
INT8 = GOLDEN / "int8.tflite"


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "ROUNDS", 3)
    monkeypatch.setattr(turns, "MOST_RUNS", 2)


def changed(folder: Path, edit: Callable[[Any], None]) -> Path:
    """Return `float32.tflite` after an edit."""
    model = unpack(FLOAT.read_bytes())
    edit(model)
    path = folder / "changed.tflite"
    path.write_bytes(pack(model))
    return path


def negate_weights(model: Any) -> None:
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        if data is not None and len(tensor.shape) > 1:
            values = np.frombuffer(bytes(data), np.float32)
            model.buffers[tensor.buffer].data = np.frombuffer((-values).tobytes(), np.uint8)


def image_of_10(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].shape = [1, 10, 10, 1]


def other_name(model: Any) -> None:
    model.signatureDefs[0].inputs[0].name = b"picture"


def on_litert(a: Path | str, b: Path | str, **options: Any) -> Comparison:
    return edgekit.compare(a, b, runtime="litert", **options)


def test_a_file_is_the_same_as_itself() -> None:
    found = on_litert(str(FLOAT), FLOAT)
    (answers,) = found.answers
    assert found.ok
    assert answers.same_bytes
    assert answers.max_abs_error == 0
    assert found.ports == ()
    assert all(pair.a == pair.b for pair in found.operators)


@pytest.mark.parametrize("swapped", [False, True])
def test_the_coarser_file_is_held_against_the_finer_one(swapped: bool) -> None:
    found = on_litert(*((INT8, FLOAT) if swapped else (FLOAT, INT8)))
    (answers,) = found.answers
    assert found.ok
    assert not answers.same_bytes
    assert (answers.reference, answers.precision) == ("B" if swapped else "A", "int8")
    assert answers.max_abs_error is not None
    assert 0 < answers.max_abs_error < 0.1
    only = {pair.name for pair in found.operators if not (pair.a and pair.b)}
    assert only == {"QUANTIZE", "DEQUANTIZE"}


def test_other_weights_are_out_of_limits(tmp_path: Path) -> None:
    found = on_litert(FLOAT, changed(tmp_path, negate_weights))
    assert not found.ok
    assert "Output 'scores'" in found.answers[0].reason
    ran = command(f"compare {FLOAT} {tmp_path / 'changed.tflite'} --runtime litert --json")
    assert ran.code == 1
    assert json.loads(ran.stdout)["ok"] is False


def test_other_inputs_are_named_and_answers_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = on_litert(FLOAT, changed(tmp_path, image_of_10))
    assert found.ok
    assert found.answers == ()
    (port,) = found.ports
    assert (port.in_a, port.in_b) == ("1x8x8x1 float32", "1x10x10x1 float32")
    printing.show(found)
    assert "other inputs ('image'), so their answers were not compared" in capsys.readouterr().out


def test_a_lone_input_may_have_another_name(tmp_path: Path) -> None:
    found = on_litert(FLOAT, changed(tmp_path, other_name))
    (port,) = found.ports
    assert port.in_b == "picture: 1x8x8x1 float32"
    assert found.answers[0].same_bytes


def test_golden_inputs_beside_either_file_are_asked(tmp_path: Path) -> None:
    copies = []
    for name in ("a", "b"):
        copies.append(tmp_path / f"{name}.tflite")
        copies[-1].write_bytes(FLOAT.read_bytes())
    images: Array = np.random.default_rng(0).random((5, 8, 8, 1), np.float32)
    vectors = {"input:image": images, "output:scores": np.zeros((5, 3), np.float32)}
    np.savez(vectors_path(copies[1]), **vectors)  # type: ignore[arg-type]
    (answers,) = on_litert(*copies).answers
    assert (answers.inputs, answers.examples) == ("golden", 5)
    misfit = {**vectors, "input:image": images[:, :4]}
    np.savez(vectors_path(copies[1]), **misfit)  # type: ignore[arg-type]
    assert on_litert(*copies).answers[0].inputs == "random"


def test_both_are_scored_on_examples_with_right_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images: Array = np.random.default_rng(0).random((40, 8, 8, 1), np.float32)
    np.savez(tmp_path / "test.npz", image=images, labels=np.zeros(40, np.int64))
    found = on_litert(FLOAT, INT8, evaluate=tmp_path / "test.npz")
    (answers,) = found.answers
    assert answers.evaluation_a
    assert answers.evaluation_b
    assert answers.evaluation_a.file["litert"][0].question == "accuracy"
    printing.show(found)
    assert "B (+- at 95 %)" in capsys.readouterr().out


@pytest.mark.parametrize("file", ["flex", "no_operators", "custom"])
def test_what_cannot_run_is_compared_all_the_same(file: str) -> None:
    found = on_litert(FLOAT, GOLDEN / f"{file}.tflite")
    assert found.ok
    assert "cannot be run" in found.why_no_answers
    assert found.latency is None
    assert found.operators


def test_a_ratio_is_called_faster_only_if_its_spread_says_so() -> None:
    place = Place(runtime="litert")

    def told(*ratios: float) -> str:
        latencies = np.array([[[1.0, 1.0], [ratio, ratio]] for ratio in ratios])
        return str(turns._turns(latencies, place, ""))

    assert told(0.5, 0.5, 0.6).startswith("B is faster than A: it takes 0.50 times as long (in 8")
    assert told(2.0, 2.1, 2.2).startswith("B is slower than A: it takes 2.10 times")
    assert told(0.8, 0.9, 1.3).startswith("No difference that these rounds can tell: B takes 0.90")


def test_files_are_timed_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    latency = {FLOAT: 4.0, INT8: 1.0}

    class Timed:
        info: dict[str, str] = {}  # noqa: RUF012  (a stand-in)

        def __init__(self, file: Path) -> None:
            self.file = file

        def __enter__(self) -> Timed:
            return self

        def __exit__(self, *_: object) -> None: ...

        def time(self, _batch: object, *, runs: int, warmup: int) -> object:
            asked.append(self.file.stem)
            return turns_like([latency[self.file]] * runs)

    def turns_like(latencies: list[float]) -> object:
        return type("Timing", (), {"latencies_ms": tuple(latencies)})()

    monkeypatch.setattr(turns, "open_session", lambda file, **_: Timed(file))
    timed = turns.time_in_turns(FLOAT, INT8, Place(runtime="litert"))
    assert asked == ["float32", "int8"] * (1 + turns.ROUNDS)
    assert timed.ratio == 0.25
