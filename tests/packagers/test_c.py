"""Bundles for microcontrollers: they compile, and run on TensorFlow Lite Micro's own library."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit.bundling.micro.resolver import method_of, operators_of
from edgekit.core import processes, registry
from edgekit.core.errors import Unavailable
from edgekit.core.paths import packaged
from edgekit.running.session import open_session
from edgekit.tflite.reader import read
from tests.support.c_examples import HEADERS, compiled, self_tested
from tests.support.example_report import example_report
from tests.support.example_run import LABELS, ROWS, row, write_report, write_run
from tests.support.paths import GOLDEN

package = registry.get("packagers", "c").package


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path / "image_cnn")


def test_every_operator_of_tensorflow_lite_micro_has_its_method() -> None:
    assert method_of("CONV_2D") == "AddConv2D"
    assert method_of("PADV2") == "AddPadV2"
    assert method_of("UNIDIRECTIONAL_SEQUENCE_LSTM") == "AddUnidirectionalSequenceLSTM"
    assert method_of("BATCH_MATMUL") == "AddBatchMatMul"
    assert method_of("CUSTOM:TFLite_Detection_PostProcess") == "AddDetectionPostprocess"
    assert method_of("DENSIFY") == method_of("CUSTOM:FlexErf") == ""
    assert operators_of(read(GOLDEN / "loop.tflite")) == ["ADD", "LESS", "MUL", "SUM", "WHILE"]


def test_the_methods_are_those_of_the_operators_that_were_found_in_the_wheel() -> None:
    tables = json.loads(packaged("operators", "operators.json").read_text(encoding="utf-8"))
    found = {k for k, v in tables["operators"].items() if v["tflite_micro"]["versions"]}
    builtin = {name for name in vars(schema.BuiltinOperator) if not name.startswith("_")}
    named = {name for name in builtin if method_of(name)}
    assert named | {"CUSTOM:TFLite_Detection_PostProcess"} == found
    assert len(found) == 101


def test_without_the_runtime_nothing_is_promised(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "empty"))
    with pytest.raises(Unavailable, match="edgekit setup tflite-micro"):
        package(run_dir, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def need(*tools: str) -> None:
    if missing := registry.get("runtimes", "tflite-micro").missing():
        pytest.skip(missing)
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not here")


@pytest.mark.device
def test_the_folder_holds_what_a_project_needs(run_dir: Path, tmp_path: Path) -> None:
    need()
    out = package(run_dir, tmp_path / "out", ["int8"])
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert names == [
        *("LICENSE", "MODEL_CARD.md", "README.md", "SHA256SUMS", "bundle.json", "example.cc"),
        *("golden/input_0.bin", "golden/output_0.bin", "golden/vectors.npz"),
        *("int8.tflite", "labels.h", "model_data.c", "model_data.h"),
        *("model_golden.c", "model_golden.h", "report.json"),
    ]
    array = re.search(r"\{(.*)\};", (out / "model_data.c").read_text(), re.DOTALL)
    assert array is not None
    content = bytes(int(number) for number in array[1].split(",") if number.strip())
    held = tmp_path / "held.tflite"
    held.write_bytes(content)
    assert operators_of(read(held)) == operators_of(read(GOLDEN / "int8.tflite"))
    with open_session(held, runtime="tflite-micro") as run:
        arena = run.arena_bytes
    example = (out / "example.cc").read_text()
    assert f"kModelArenaBytes = {arena};" in example
    added = re.findall(r"resolver->(Add\w+)\(\)", example)
    assert added == [method_of(name) for name in operators_of(read(held))]
    assert f"MicroMutableOpResolver<{len(added)}>" in example
    text = (out / "README.md").read_text()
    assert f"{arena:,} bytes" in text
    assert "not run on a board" in text


@pytest.mark.device
@pytest.mark.parametrize("names", ["-DNEW", "-DOLD"])
def test_all_files_compile_with_names_of_old_and_of_new_releases(
    run_dir: Path, tmp_path: Path, names: str
) -> None:
    need("gcc", "g++")
    out = package(run_dir, tmp_path / "out")
    strict = ("-Wall", "-Wextra", "-Werror", "-c")
    compiled(out, "gcc", "-std=c99", *strict, "-pedantic", "model_data.c", "model_golden.c")
    include = f"-I{HEADERS}"
    compiled(out, "g++", "-std=c++17", names, *strict, "-fsyntax-only", include, "example.cc")
    labels = '#include "labels.h"\n#include <stdio.h>\nint main(void) {\n'
    labels += "  for (int i = 0; i < NUM_LABELS; ++i) puts(kLabels[i]);\n  return 0;\n}\n"
    (out / "labels.c").write_text(labels)
    compiled(out, "gcc", "-std=c99", "-Wall", "-Werror", "labels.c", "-o", "labels")
    told = processes.run([str(out / "labels")], timeout_s=60).stdout.splitlines()
    assert tuple(told) == LABELS


@pytest.mark.device
@pytest.mark.parametrize("variant", ["int8", "float32"])
def test_the_example_runs_in_its_arena_and_finds_wrong_answers(
    run_dir: Path, tmp_path: Path, variant: str
) -> None:
    need("g++")
    out = package(run_dir, tmp_path / "out", [variant])
    assert self_tested(out) == 0
    golden = out / "model_golden.c"
    head, _, tail = golden.read_text().partition("model_output_0[] = {")
    golden.write_text(f"{head}model_output_0[] = {{ 99, 99,{tail}")
    assert (self_tested(out) or 0) >= 2
    golden.write_text(f"{head}model_output_0[] = {{{tail}")
    example = out / "example.cc"
    text = example.read_text()
    arena = int(re.search(r"ArenaBytes = (\d+)", text)[1])  # type: ignore[index]
    example.write_text(text.replace(str(arena), str(arena // 16 * 16 // 2)))
    assert self_tested(out) == -1


@pytest.mark.device
def test_operators_that_it_lacks_are_named_and_no_example_is_promised(
    run_dir: Path, tmp_path: Path
) -> None:
    need()
    rows = (*ROWS[:3], row("dynamic_int8", "litert"))
    write_report(run_dir, replace(example_report(), rows=rows))
    out = package(run_dir, tmp_path / "out", ["dynamic_int8"])
    assert not (out / "example.cc").exists()
    assert (out / "model_data.c").exists()
    text = (out / "README.md").read_text()
    assert "does not run it" in text
    assert "CONV_2D: Hybrid models are not supported" in text
    chosen = package(run_dir, tmp_path / "of all")
    assert (chosen / "example.cc").exists()
    assert not (chosen / "dynamic_int8.tflite").exists()
