"""TensorFlow Lite Micro as a backend: refusals name the operator, and the arena is the least."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from edgekit.core import processes, registry
from edgekit.core.errors import ModelRefused
from edgekit.core.types import Array
from edgekit.running.micro.backend import LARGEST_ARENA, MicroBackend
from edgekit.running.session import open_session
from edgekit.running.smoke_test import relu_model
from edgekit.verbs.verify import verify
from tests.support.paths import GOLDEN

IMAGES = {"image": np.random.default_rng(0).random((4, 8, 8, 1), dtype=np.float32)}
LEAST = 5_000


class FakeInterpreter:
    """Doubles its input; with less memory than `LEAST` it ends the process, as TFLM may."""

    said = ""

    def __init__(self, size: int) -> None:
        if self.said:
            os.write(2, self.said.encode())
            raise RuntimeError("TFLM failed to allocate tensors")
        if size < LEAST:
            os._exit(139)
        self.values = np.zeros((1, 4), np.float32)

    @classmethod
    def from_bytes(cls, content: bytes, *, arena_size: int) -> FakeInterpreter:
        assert content[4:8] == b"TFL3"
        return cls(arena_size)

    def get_input_details(self, index: int) -> dict[str, object]:
        assert index == 0
        return {"shape": (1, 4), "dtype": np.float32}

    get_output_details = get_input_details

    def set_input(self, values: Array, index: int) -> None:
        self.values = values

    def get_output(self, index: int) -> Array:
        return self.values * 2

    def invoke(self) -> None:
        if self.values.any():
            return
        os.write(2, b"Node DIV (number 3f) failed to invoke with status 1\n")
        raise RuntimeError("TFLM failed to invoke")

    def reset(self) -> None:
        """Forget nothing."""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeInterpreter]:
    from ai_edge_litert import schema_py_generated as schema

    kind = type("Made", (FakeInterpreter,), {})
    module = ModuleType("tflite_micro")
    module.runtime = SimpleNamespace(Interpreter=kind, schema_fb=schema)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tflite_micro", module)
    return kind


def relu() -> Array:
    return np.frombuffer(relu_model(), np.uint8)


def test_the_least_memory_is_found_though_less_ends_the_process(
    fake: type[FakeInterpreter],
) -> None:
    found = int(MicroBackend(relu(), {}).facts["arena_bytes"])
    assert LEAST <= found <= LEAST * 1.011 + 16
    assert found % 16 == 0
    plenty = MicroBackend(relu(), {"least_arena": False})
    assert int(plenty.facts["arena_bytes"]) == LARGEST_ARENA


def test_it_answers_by_the_index_of_a_tensor(fake: type[FakeInterpreter]) -> None:
    backend = MicroBackend(relu(), {})
    assert backend.inputs == [{"index": 0, "dtype": "float32", "shape": [1, 4]}]
    assert [port["index"] for port in backend.outputs] == [1]
    backend.set(0, np.ones((1, 4), np.float32))
    backend.invoke()
    assert backend.get(1).tolist() == [[2, 2, 2, 2]]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "tensorflow/lite/micro/kernels/conv_common.cc Hybrid models are not supported.\n"
            "Node CONV_2D (number 0f) failed to prepare with status 1\n",
            "CONV_2D: Hybrid models are not supported",
        ),
        (
            "Didn't find op for builtin opcode 'DENSIFY'\nFailed to get registration\n",
            "Didn't find op for builtin opcode 'DENSIFY'",
        ),
        ("Failed to allocate tail memory.\n", "it needs more than 16 MiB of working memory"),
        ("\n", "TFLM failed to allocate tensors"),
    ],
)
def test_a_refusal_names_the_operator_and_says_why(
    fake: type[FakeInterpreter],
    said: str,
    sentence: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    fake.said = said
    with pytest.raises(RuntimeError) as refusal:
        MicroBackend(relu(), {})
    assert str(refusal.value) == sentence
    assert said in capfd.readouterr().err  # the log keeps all of it


def test_an_operator_that_fails_while_running_is_named(fake: type[FakeInterpreter]) -> None:
    backend = MicroBackend(relu(), {})
    with pytest.raises(RuntimeError, match="DIV"):
        backend.invoke()


def test_several_signatures_are_refused(fake: type[FakeInterpreter]) -> None:
    with pytest.raises(ValueError, match="first of several signatures only"):
        MicroBackend(relu(), {"signature": "encode"})


def need_tflm() -> None:
    if missing := registry.get("runtimes", "tflite-micro").missing():
        pytest.skip(missing)


@pytest.mark.device
def test_integers_answer_as_the_reference_kernels_do() -> None:
    need_tflm()
    with open_session(GOLDEN / "int8.tflite", runtime="tflite-micro") as run:
        answers = run(IMAGES)["scores"]
        assert run.info["runtime"].startswith("tflite-micro 0.dev")
    if registry.get("runtimes", "tflite-runtime-reference").missing():
        pytest.skip("the reference kernels are not here")
    with open_session(GOLDEN / "int8.tflite", runtime="tflite-runtime-reference") as run:
        assert np.array_equal(answers, run(IMAGES)["scores"])


@pytest.mark.device
@pytest.mark.parametrize(
    ("file", "words"),
    [("dynamic_int8", "CONV_2D: Hybrid models"), ("float16", "DEQUANTIZE"), ("sparse", "DENSIFY")],
)
def test_what_microcontrollers_cannot_run_is_refused_by_name(file: str, words: str) -> None:
    need_tflm()
    with pytest.raises(ModelRefused, match=words):
        open_session(GOLDEN / f"{file}.tflite", runtime="tflite-micro")


@pytest.mark.device
def test_with_less_than_the_arena_that_is_told_it_does_not_run() -> None:
    need_tflm()
    path = GOLDEN / "float32.tflite"
    with open_session(path, runtime="tflite-micro") as run:
        told = run.arena_bytes
    code = (
        "import sys; from tflite_micro import runtime;"
        "runtime.Interpreter.from_file(sys.argv[1], arena_size=int(sys.argv[2])).invoke()"
    )
    python = registry.get("runtimes", "tflite-micro").command().argv
    enough, too_little = (
        processes.run([*python, "-c", code, str(path), str(size)], timeout_s=60).ok
        for size in (told, told * 97 // 100)
    )
    assert enough
    assert not too_little


@pytest.mark.device
def test_verify_tells_the_arena_and_skips_files_that_are_not_meant_for_it(tmp_path: Path) -> None:
    need_tflm()
    by_runtime = {proof.runtime: proof for proof in verify(GOLDEN / "int8.tflite")}
    found = by_runtime["tflite-micro"]
    assert found.ok
    assert found.arena_bytes is not None
    assert 2_000 < found.arena_bytes < 4_000
    assert by_runtime["litert"].arena_bytes is None
    skipped = verify(GOLDEN / "dynamic_int8.tflite")
    assert "tflite-micro" not in {proof.runtime for proof in skipped}
    (asked,) = verify(GOLDEN / "dynamic_int8.tflite", runtime="tflite-micro")
    assert asked.ok is False
    assert "CONV_2D: Hybrid models are not supported" in asked.reason
