"""The Edge TPU converter against a stand-in compiler that replays what the real one printed."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput, BadModelFile, ConversionFailed, NotFound, Unavailable
from edgekit.core.recipe import Signature, Tensor
from edgekit.tflite.reader import read
from edgekit.tflite.sidecar import describe, write_sidecar
from tests.support.edgetpu_models import compiled_model, int8_model
from tests.support.edgetpu_outputs import REAL, summary, table

COMPILER = """#!{python}
import json, pathlib, shutil, sys, time
here = pathlib.Path(__file__).parent
(here / "arguments.json").write_text(json.dumps(sys.argv[1:]))
plan = json.loads((here / "plan.json").read_text())
model = pathlib.Path(sys.argv[-1])
out = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
time.sleep(plan["sleep_s"])
if plan["output"]:
    shutil.copyfile(plan["output"], out / f"{{model.stem}}_edgetpu.tflite")
    (out / f"{{model.stem}}_edgetpu.log").write_text(plan["log"])
print(plan["printed"])
sys.exit(plan["status"])
"""


class Compiler:
    """A folder, first on PATH, whose `edgetpu_compiler` does what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        script = folder / "edgetpu_compiler"
        script.write_text(COMPILER.format(python=sys.executable))
        script.chmod(0o755)
        self.will()

    def will(self, printed: str = "", output: Path | None = None, **more: Any) -> None:
        plan = {"printed": printed, "output": str(output or ""), "log": "", "status": 0}
        plan = {**plan, "sleep_s": 0, **more}
        (self.folder / "plan.json").write_text(json.dumps(plan))

    @property
    def arguments(self) -> list[str]:
        found: list[str] = json.loads((self.folder / "arguments.json").read_text())
        return found


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Compiler(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return int8_model(tmp_path / "my_model.tflite")


def convert(source: Path, out: Path, **more: Any) -> Any:
    return registry.get("converters", "edgetpu").convert(source, out, **more)


def test_without_the_compiler_it_says_how_to_get_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    sentence = registry.get("converters", "edgetpu").missing()
    assert "packages.cloud.google.com" in sentence
    assert "x86-64" in sentence
    with pytest.raises(Unavailable, match="edgetpu-compiler"):
        convert(source, tmp_path / "out.tflite")
    assert not (tmp_path / "out.tflite").exists()


def test_a_mapped_model_becomes_an_artifact(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    compiled = compiled_model(tmp_path / "compiled.tflite")
    compiler.will(summary(subgraphs=1, total=6), compiled, log=table("all_mapped"))
    assert registry.get("converters", "edgetpu").missing() == ""
    artifact = convert(source, tmp_path / "deep" / "out.tflite", min_runtime=14, timeout_s=60)
    assert artifact.path.read_bytes() == compiled.read_bytes()
    assert artifact.size_bytes == compiled.stat().st_size
    assert artifact.precision == "int8"
    assert artifact.signature.inputs[0].shape == (1, 8, 8, 4)
    assert artifact.signature.inputs[0].dtype == "float32"
    assert artifact.made_by["edgetpu_compiler"] == "16.0.384591198"
    assert artifact.made_by["mapped_operators"] == "6"
    assert artifact.made_by["streamed_bytes"] == str(512 * 1024)
    assert "note_cpu" not in artifact.made_by
    arguments = compiler.arguments
    assert arguments[arguments.index("-m") + 1] == "14"
    assert arguments[arguments.index("--timeout_sec") + 1] == "60"
    assert "-s" in arguments


def test_labels_and_meanings_of_the_source_are_kept(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    image = Tensor(name="image", shape=(1, 8, 8, 4), meaning="RGB and depth, 0..1")
    signature = Signature(inputs=(image,), outputs=(image,), labels=("shirt", "shoe"))
    known = describe(source, precision="int8", signature=signature, made_by={})
    write_sidecar(known, tmp_path / "artifact.json")
    compiler.will(summary(subgraphs=1, total=6), compiled_model(tmp_path / "compiled.tflite"))
    assert convert(source, tmp_path / "one.tflite").signature == signature
    int8_model(source, name="TANH")  # what is written beside it no longer fits
    assert convert(source, tmp_path / "two.tflite").signature.labels == ()


def test_a_partly_mapped_model_says_what_stays_on_the_cpu(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    compiled = compiled_model(tmp_path / "compiled.tflite")
    compiler.will(summary(subgraphs=1, total=514, tpu=511), compiled, log=table("partly"))
    made_by = convert(source, tmp_path / "out.tflite").made_by
    assert made_by["mapped_operators"] == "511"
    assert "stay 3 DEQUANTIZE: Operation is working on an unsupported" in made_by["note_cpu"]
    assert compiler.arguments[compiler.arguments.index("-m") + 1] == "13"


def test_compiled_successfully_with_nothing_mapped_is_a_failure(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    printed = summary(subgraphs=0, total=4, tpu=0)
    assert "compiled successfully" in printed
    compiler.will(printed, source, log=table("none_mapped"))
    with pytest.raises(ConversionFailed) as failure:
        convert(source, tmp_path / "out.tflite")
    message = str(failure.value)
    assert "my_model.tflite" in message
    assert "1 RESHAPE, 1 LOGISTIC, 2 FULLY_CONNECTED: Operation is working on an" in message
    assert "full int8 quantization" in message
    assert not (tmp_path / "out.tflite").exists()


def test_an_edge_tpu_operator_without_a_program_is_a_failure(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    hollow = compiled_model(tmp_path / "hollow.tflite", payload=b"no program in here")
    compiler.will(summary(subgraphs=1, total=6), hollow, log=table("all_mapped"))
    with pytest.raises(ConversionFailed, match="holds no program"):
        convert(source, tmp_path / "out.tflite")


def test_an_output_that_cannot_be_read_is_a_failure(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(compiled_model(tmp_path / "whole.tflite").read_bytes()[:100])
    compiler.will(summary(subgraphs=1, total=6), cut)
    with pytest.raises(ConversionFailed, match="cannot be read"):
        convert(source, tmp_path / "out.tflite")


@pytest.mark.parametrize("failure", REAL["failures"], ids=lambda failure: failure["says"])
@pytest.mark.parametrize("status", [0, 1])
def test_every_published_failure_gets_a_diagnosis_and_a_remedy(
    failure: dict[str, str], status: int, compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.tflite"
    out.write_text("what was there before")
    compiler.will(failure["text"], status=status)
    with pytest.raises(ConversionFailed) as raised:
        convert(source, out)
    diagnosis, _, remedy = str(raised.value).partition(". ")
    assert failure["says"] in diagnosis
    assert len(remedy) > 20
    assert "\n" not in str(raised.value)
    assert out.read_text() == "what was there before"


def test_a_compiler_that_writes_and_says_nothing_is_a_failure(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConversionFailed, match="wrote nothing"):
        convert(source, tmp_path / "out.tflite")


def test_a_compiler_that_hangs_is_stopped(compiler: Compiler, source: Path, tmp_path: Path) -> None:
    compiler.will(sleep_s=60)
    start = time.monotonic()
    with pytest.raises(ConversionFailed, match=r"stopped after 0\.5 s"):
        convert(source, tmp_path / "out.tflite", timeout_s=0.5)
    assert time.monotonic() - start < 10


def test_bad_requests_never_reach_the_compiler(
    compiler: Compiler, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.tflite"
    with pytest.raises(BadInput, match="allowed are 10 to 14"):
        convert(source, out, min_runtime=15)
    with pytest.raises(BadInput, match="already"):
        convert(compiled_model(tmp_path / "compiled.tflite"), out)
    with pytest.raises(NotFound):
        convert(tmp_path / "nowhere.tflite", out)
    text = tmp_path / "text.tflite"
    text.write_text("not a model")
    with pytest.raises(BadModelFile):
        convert(text, out)
    assert not (compiler.folder / "arguments.json").exists()


def test_the_artifacts_of_the_real_compiler_hold_what_is_looked_for() -> None:
    folder = os.environ.get("EDGEKIT_EDGETPU", "")
    found = sorted(Path(folder).glob("models/*_edgetpu.tflite")) if folder else []
    if not found:
        pytest.skip("Set EDGEKIT_EDGETPU to a folder with compiled models in models/.")
    for path in found:
        programs = [o for o in read(path).main.operators if o.name == "CUSTOM:edgetpu-custom-op"]
        assert programs
        assert all(b"DWN1" in o.custom_options for o in programs)
