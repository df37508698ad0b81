"""A file without golden vectors is compared with other kernels, and of those some are wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import edgekit
from edgekit.cli import app
from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.recipe import Signature
from edgekit.running.place import Place
from edgekit.running.timing import random_batch
from edgekit.tflite.sidecar import describe, write_sidecar
from edgekit.verbs.verify import precision_of, prove, verify
from tests.support.fake_runtime import fake_runtime
from tests.support.paths import GOLDEN
from tests.support.small_files import Data, Step, write_file

random = np.random.default_rng(11)


def skip_without(*runtimes: str) -> None:
    for runtime in runtimes:
        if reason := registry.get("runtimes", runtime).missing():
            pytest.skip(reason)


def int8(*shape: int, scale: float) -> Data:
    return Data(shape, "int8", scale=scale)


def dense_on_steps(path: Path) -> Path:
    """An int8 dense layer on (steps, features), with a scale for each of its features."""
    weights = random.integers(-127, 128, (16, 32))
    tensors = {
        "x": int8(1, 16, 32, scale=0.02),
        "w": Data(weights.shape, "int8", scale=[0.01, 0.002] * 8, values=weights),
        "y": int8(1, 16, 16, scale=0.12),
    }
    options = {"keepNumDims": True}
    step = Step("FULLY_CONNECTED", ["x", "w"], ["y"], "FullyConnectedOptions", options, version=5)
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def summed(path: Path) -> Path:
    tensors: dict[str, Data | np.ndarray] = {
        "x": int8(1, 16, 32, scale=0.02),
        "axis": np.array([2], np.int32),
        "y": int8(1, 16, 1, scale=0.2),
    }
    step = Step("SUM", ["x", "axis"], ["y"], "ReducerOptions", {"keepDims": True}, version=2)
    return write_file(path, [step], tensors, inputs=["x"], outputs=["y"])


def elu(path: Path) -> Path:
    """No plain kernels of tflite-runtime 2.14 know it."""
    tensors = {"x": Data((1, 8)), "y": Data((1, 8))}
    return write_file(path, [Step("ELU", ["x"], ["y"])], tensors, inputs=["x"], outputs=["y"])


@pytest.mark.parametrize("make", [dense_on_steps, summed, elu])
def test_a_runtime_that_is_right_is_not_out_of_limits_by_kernels_that_are_wrong(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    """https://github.com/google-ai-edge/LiteRT/issues/7441, tensorflow/tensorflow/issues/99072."""
    skip_without("litert", "tflite-runtime")
    file = make(tmp_path / "m.tflite")
    for runtime in ("litert", "tflite-runtime"):
        (proof,) = verify(file, runtime=runtime)
        assert proof.ok, proof.reason
        assert "tflite-runtime's kernels" in proof.against or "litert's kernels" in proof.against
        assert ("reference kernels answer otherwise" in proof.against) == (make is not elu)


@pytest.mark.parametrize("make", [dense_on_steps, summed])
def test_kernels_that_are_wrong_do_not_prove_themselves(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    skip_without("tflite-runtime-reference")
    (proof,) = verify(make(tmp_path / "m.tflite"), runtime="tflite-runtime-reference")
    assert proof.ok is False
    assert proof.against == "litert's kernels"


def test_a_runtime_that_agrees_with_nobody_is_out_of_limits(tmp_path: Path) -> None:
    doubling, relu = fake_runtime(tmp_path)
    (proof,) = verify(relu, runtime=doubling)
    assert proof.ok is False
    assert proof.status == "measured"
    assert "error over spread" in proof.reason or "error over the value" in proof.reason


def test_what_no_other_runtime_runs_is_not_out_of_limits(tmp_path: Path) -> None:
    fake, _ = fake_runtime(tmp_path)  # takes any file
    tensors = {"x": Data((1, 4), "int8", scale=1.0), "y": Data((1, 4), "int8", scale=1.0)}
    file = write_file(
        tmp_path / "m.tflite", [Step("RELU", ["x"], ["y"], version=9)], tensors,
        inputs=["x"], outputs=["y"],
    )  # fmt: skip
    proof = prove(file, Place(runtime=fake), vectors=None)
    assert (proof.status, proof.ok) == ("not run", None)
    assert "no other runtime here runs it to compare with; give --vectors" in proof.reason
    assert "Didn't find op for builtin opcode 'RELU' version '9'" in proof.reason


def test_what_is_missing_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kernels of tflite-runtime lie in the environment that is not there."""
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    proof = prove(elu(tmp_path / "m.tflite"), Place(runtime="litert"), vectors=None)
    assert proof.status == "not run"
    assert proof.reason.count("edgekit setup") == 1


@pytest.mark.parametrize(
    "shapes",
    [[(15600,)], [(4, 8)], [()], [(1,)], [(4, 8), (2, 8)], [(15600,), (4, 8), (), (1, 5)]],
    ids=str,
)
def test_a_file_without_a_batch_axis_is_timed_proven_and_asked(
    tmp_path: Path, shapes: list[tuple[int, ...]]
) -> None:
    """https://github.com/tensorflow/models/issues/10235: YAMNet takes 15600 samples."""
    names = {f"x{k}": f"y{k}" for k in range(len(shapes))}
    tensors = {
        name: Data(shape)
        for pair, shape in zip(names.items(), shapes, strict=True)
        for name in pair
    }
    steps = [Step("TANH", [taken], [given]) for taken, given in names.items()]
    file = write_file(
        tmp_path / "m.tflite", steps, tensors, inputs=[*names], outputs=[*names.values()]
    )
    assert edgekit.bench(file, runtime="litert", runs=2).latency_ms_median > 0
    (proof,) = verify(file, runtime="litert")
    assert proof.ok
    examples = {name: array[:2] for name, array in random_batch(file, count=3).items()}
    np.savez(tmp_path / "examples.npz", **examples)  # type: ignore[arg-type]
    (answer,) = edgekit.run(file, [tmp_path / "examples.npz"], options=["--count", "2"]).answers
    assert answer.lines[::2] == tuple(f"{name}:" for name in names.values())
    assert answer.lines[1] == np.array2string(
        np.tanh(examples["x0"]), precision=4, suppress_small=True
    )


def test_a_file_of_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """litert/test/testdata/gather_string.tflite of https://github.com/google-ai-edge/LiteRT."""
    tensors = {
        "words": Data((10,), "string"),
        "which": Data((3,), "int64"),
        "found": Data((3,), "string"),
    }
    step = Step("GATHER", ["words", "which"], ["found"], "GatherOptions")
    path = tmp_path / "m.tflite"
    write_file(path, [step], tensors, inputs=["words", "which"], outputs=["found"])
    for verb in (edgekit.bench, edgekit.verify):
        with pytest.raises(BadInput, match=r"'words' of .* is of type string; .* plain numbers"):
            verb(path, runtime="litert")
    done = CliRunner().invoke(app, ["verify", str(path), "--runtime", "litert"])
    assert done.exit_code == 2 or isinstance(done.exception, BadInput)


def test_only_what_is_written_of_this_very_file_is_believed(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    shutil.copyfile(GOLDEN / "int8.tflite", file)
    signature = Signature(inputs=(), outputs=())
    artifact = describe(file, precision="int16x8", signature=signature, made_by={})
    for name in ("model.json", "artifact.json"):
        write_sidecar(artifact, tmp_path / name)
        assert precision_of(file) == "int16x8"
        (tmp_path / name).unlink()
    write_sidecar(artifact, tmp_path / "artifact.json")
    other = tmp_path / "other.tflite"
    shutil.copyfile(GOLDEN / "float32.tflite", other)
    assert precision_of(other) == "float32"
    shutil.copyfile(GOLDEN / "dynamic_int8.tflite", file)
    assert precision_of(file) == "dynamic_int8"
