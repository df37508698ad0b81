"""Bundles for boards: the runner answers, watches, tests itself, and says what ran on what."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import edgekit
from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.on_device.interpreter import runtime
from tests.support.board_bundle import run_on_board, write_board_run
from tests.support.example_report import example_report
from tests.support.example_run import LABELS, ROWS, row, write_report, write_run

CAMERA = """
import numpy as np
CAP_PROP_FRAME_WIDTH = CAP_PROP_FRAME_HEIGHT = CAP_PROP_BUFFERSIZE = 0
class VideoCapture:
    def __init__(self, number): self.there = number == 2
    def set(self, *_): pass
    def read(self): return self.there, np.full((6, 8, 3), 128, np.uint8)
    def release(self): print("released")
"""


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_board_run(tmp_path_factory.mktemp("runs") / "image_cnn")


@pytest.fixture(scope="module")
def pi(run_dir: Path) -> Path:
    return edgekit.bundle(run_dir, "pi").folder


@pytest.fixture(scope="module")
def coral(run_dir: Path) -> Path:
    return edgekit.bundle(run_dir, "coral", variants=["int8"]).folder


def run(
    bundle: Path, *arguments: str, packages: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a bundle's runner as on a board: from another folder, without edgekit."""
    return subprocess.run(
        [sys.executable, "-P", str(bundle / "run.py"), *arguments],
        cwd="/",
        env={**os.environ, "PYTHONPATH": f"{packages or ''}:{bundle}"},
        capture_output=True,
        text=True,
    )


def test_a_picture_is_answered_as_the_program_answers(pi: Path) -> None:
    ran = run(pi, "example.pgm", "--variant", "int8")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == list(
        edgekit.run(pi, ["example.pgm"], variant="int8").answers[0].lines
    )
    name = runtime().__name__.partition(".")[0].replace("_", "-")
    assert ran.stderr.splitlines()[-1].startswith(f"int8.tflite on {name} ")
    assert ran.stderr.rstrip().endswith("CPU")


def test_a_folder_is_answered_and_drawn(pi: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((9, 9, 3), 200, np.uint8)).save(tmp_path / name)
    ran = run(pi, str(tmp_path), "--out", str(tmp_path / "drawn"))
    assert ran.returncode == 0, ran.stderr
    assert {"a.png:", "b.png:"} <= set(ran.stdout.splitlines())
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_the_self_test_says_the_largest_error_and_its_limit(pi: Path, variant: str) -> None:
    ran = run(pi, "--self-test", "--variant", variant)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    line, summary = ran.stdout.splitlines()
    assert line.startswith("scores: largest error ")
    assert line.endswith(": ok")
    assert "1 outputs of 1 files, 8 examples: all within limits" in summary


def test_a_model_that_answers_otherwise_fails_the_self_test(run_dir: Path, tmp_path: Path) -> None:
    bundle = edgekit.bundle(run_dir, "pi", out=tmp_path / "pi").folder
    path = bundle / "golden/vectors.npz"
    with np.load(path) as arrays:
        changed = {**arrays, "output:scores": arrays["output:scores"][:, ::-1]}
    np.savez(path, **changed)
    ran = run(bundle, "--self-test")
    assert ran.returncode == 1
    assert "1 OUT OF LIMITS" in ran.stdout


def test_a_camera_is_watched_and_its_newest_picture_drawn(pi: Path, tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text(CAMERA)
    options = ("--count-pictures", "3", "--count", "1", "--out", str(tmp_path / "drawn"))
    ran = run(pi, "--camera", "2", *options, packages=tmp_path)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[-1] == "released"
    assert lines[:-1:2] == ["camera 2:"] * 3
    assert {line.split("  ")[1] for line in lines[1:-1:2]} <= set(LABELS)
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["camera-2.png"]
    refused = run(pi, "--camera", packages=tmp_path)
    assert refused.returncode == 2
    assert "There is no camera 0 here" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give a PICTURE, --camera or --self-test"),
        (("nowhere.pgm",), "nowhere.pgm"),
        (("example.pgm", "--variant", "int4"), "no variant 'int4' in this bundle"),
        (("example.pgm", "--bundle", "/nowhere"), "'/nowhere' has no bundle.json"),
        (("--self-test", "--threads", "0"), "give 1 or more"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_2(
    pi: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = run(pi, *arguments)
    assert ran.returncode == 2
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_bundle_that_takes_no_picture_has_no_camera(tmp_path: Path) -> None:
    bundle = edgekit.bundle(write_run(tmp_path / "image_cnn"), "pi").folder
    ran = run(bundle, "--camera")
    assert ran.returncode == 2
    assert "takes a ARRAYS, and no camera gives that" in ran.stderr
    assert run(bundle, "golden/vectors.npz").stdout.startswith("scores:")
    assert "--self-test" in (bundle / "image_cnn.service").read_text()


def test_the_service_starts_the_camera_with_the_board(pi: Path) -> None:
    unit = configparser.ConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((pi / "image_cnn.service").read_text())
    assert unit["Service"]["ExecStart"].endswith("/venv/bin/python run.py --camera")
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_requirements_are_pinned_and_numpy_fits_the_runtime(pi: Path) -> None:
    for name, runtimes in {"12": "tflite-runtime", "13": "ai-edge-litert"}.items():
        text = (pi / f"requirements-os{name}.txt").read_text()
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        pins = dict(line.split("==") for line in lines if line)
        assert runtimes in pins
        assert (pins["numpy"] < "2") == (name == "12")


def test_the_readme_says_how_and_where_not(pi: Path, coral: Path) -> None:
    for bundle in (pi, coral):
        text = (bundle / "README.md").read_text()
        assert "run.py --self-test" in text
        assert "32-bit system `ai-edge-litert` has no wheel" in text
        assert "\n\n\n" not in text.partition("## Use")[2]
    assert "THE EDGE TPU IS NOT USED" in text


def test_a_variant_that_is_wrong_on_a_board_is_left_out(tmp_path: Path) -> None:
    run_dir = write_board_run(tmp_path / "image_cnn")
    wrong = replace(row("float32", "tflite-runtime", ok=False), device="raspberry-pi")
    write_report(run_dir, replace(example_report(), rows=(*ROWS, wrong)))
    facts = json.loads((edgekit.bundle(run_dir, "pi").folder / "bundle.json").read_text())
    assert {model["variant"] for model in facts["models"]} == {"int8"}
    with pytest.raises(BadInput, match=r"'float32' was measured and is out of its limits"):
        edgekit.bundle(run_dir, "pi", variants=["float32"])


def test_a_build_without_int8_has_nothing_for_an_edge_tpu(tmp_path: Path) -> None:
    run_dir = write_board_run(tmp_path / "image_cnn")
    floats = tuple(replace(each, precision="float32") for each in ROWS)
    write_report(run_dir, replace(example_report(), rows=floats))
    with pytest.raises(BadInput, match="has nothing for 'coral'"):
        edgekit.bundle(run_dir, "coral")
    assert not (run_dir / "coral").exists()


def test_boards_are_packed_only_when_asked() -> None:
    assert not registry.get("packagers", "pi").with_builds
    assert not registry.get("packagers", "coral").with_builds


# Without an Edge TPU


def test_without_an_edge_tpu_the_runner_says_so_and_its_exit_code_too(coral: Path) -> None:
    ran = run(coral, "example.pgm", "--library", "libnowhere.so.1")
    assert ran.returncode == 3
    told = ran.stderr.splitlines()
    assert told[0].startswith("THE EDGE TPU IS NOT USED: int8.tflite runs on the CPU: there is no")
    assert told[-1].endswith("CPU")
    assert len(ran.stdout.splitlines()) == 3


def test_the_self_test_on_the_cpu_is_not_taken_for_one_on_the_edge_tpu(coral: Path) -> None:
    assert run(coral, "--self-test").returncode == 3
    assert run(coral, "--self-test", "--cpu").returncode == 0
    assert "NOT USED" not in run(coral, "--self-test", "--cpu").stderr


def test_what_the_compiler_made_comes_along(run_dir: Path, tmp_path: Path) -> None:
    made = run_dir / "int8" / "model_edgetpu.tflite"
    made.write_bytes((run_dir / "int8" / "model.tflite").read_bytes() + b"edgetpu-custom-op")
    bundle = edgekit.bundle(run_dir, "coral", variants=["int8"], out=tmp_path / "c").folder
    assert (bundle / "int8_edgetpu.tflite").read_bytes() == made.read_bytes()
    assert "int8_edgetpu.tflite" in (bundle / "SHA256SUMS").read_text()
    ran = run(bundle, "example.pgm", "--library", "libnowhere.so.1")
    assert "libnowhere.so.1 is not installed" in ran.stderr
    made.unlink()


# On a Raspberry Pi, emulated


@pytest.mark.device
@pytest.mark.parametrize("package", ["tflite_runtime", "ai_edge_litert"])
@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_the_very_folder_runs_on_an_emulated_raspberry_pi(
    pi: Path, tmp_path: Path, package: str, variant: str
) -> None:
    if missing := registry.get("devices", "raspberry-pi").missing():
        pytest.skip(missing)
    for arguments in (["--self-test"], ["example.pgm"]):
        ran = run_on_board(pi, *arguments, "--variant", variant, package=package, folder=tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert package.replace("_", "-") in ran.stderr
        assert "aarch64, CPU" in ran.stderr
        if arguments == ["--self-test"]:
            assert "8 examples: all within limits" in ran.stdout
    here = edgekit.run(pi, ["example.pgm"], variant=variant).answers[0].lines
    there = ran.stdout.splitlines()
    assert [line.split("  ")[1] for line in there] == [line.split("  ")[1] for line in here]
    for mine, theirs in zip(here, there, strict=True):
        assert float(mine.split()[0]) == pytest.approx(float(theirs.split()[0]), abs=0.01)
