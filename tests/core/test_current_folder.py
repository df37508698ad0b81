"""What lies in the current folder is never executed in place of a module."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.child_process import Child
from edgekit.running.session import open_session
from tests.support import strangers
from tests.support.paths import GOLDEN, RECIPES

NAMES = [
    "ai_edge_litert", "contextlib", "ctypes", "dataclasses", "h5py", "importlib", "inspect",
    "json", "keras", "numpy", "pathlib", "pip", "platform", "pydantic", "re", "resource", "rich",
    "signal", "tempfile", "tensorflow", "threading", "typer", "venv",
]  # fmt: skip
IMAGES = {"image": np.random.default_rng(0).random((2, 8, 8, 1), dtype=np.float32)}


@pytest.fixture
def traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of modules, each of which leaves a mark where it is executed."""
    folder, marks = tmp_path / "traps", tmp_path / "marks"
    folder.mkdir()
    marks.mkdir()
    for name in NAMES:
        code = (
            f"open({str(marks / name)!r}, 'w').close()\nraise SystemExit('{name} was executed')\n"
        )
        (folder / f"{name}.py").write_text(code)
    monkeypatch.chdir(folder)
    return marks


def executed(traps: Path) -> list[str]:
    return sorted(path.name for path in traps.iterdir())


def run_edgekit(*arguments: str | Path, how: str = "", **env: str) -> None:
    script = str(Path(sys.executable).with_name("edgekit"))
    command = [sys.executable, "-m", "edgekit"] if how == "-m" else [sys.executable, script]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-2000:]


def home_folder() -> str:
    return str(Path.cwd())


def test_the_traps_work(traps: Path) -> None:
    subprocess.run([sys.executable, "-c", "import numpy"], capture_output=True, check=False)
    assert executed(traps) == ["numpy"]


@pytest.mark.parametrize("python_path", ["", os.pathsep, f"{os.pathsep}/nowhere"])
def test_by_no_child(python_path: str, traps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path)
    assert Child().call(home_folder) == str(Path.cwd())
    assert executed(traps) == []


@pytest.mark.parametrize("python_path", ["", os.pathsep, "."])
@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime"])
def test_by_no_worker(
    runtime: str, python_path: str, traps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := registry.get("runtimes", runtime).missing():
        pytest.skip(missing)
    monkeypatch.setenv("PYTHONPATH", python_path)
    with open_session(GOLDEN / "float32.tflite", runtime=runtime) as run:
        run(IMAGES)
    assert executed(traps) == []


def test_not_by_the_search_for_a_gpu(traps: Path) -> None:
    from edgekit.runtimes.litert_gpu import hardware_adapters

    hardware_adapters.cache_clear()
    hardware_adapters()
    assert executed(traps) == []


@pytest.mark.parametrize("how", ["script", "-m"])
@pytest.mark.parametrize("verb", ["doctor", "bench", "verify"])
def test_by_no_verb(verb: str, how: str, traps: Path) -> None:
    file: list[str | Path] = (
        [] if verb == "doctor" else [GOLDEN / "float32.tflite", "--runtime", "litert"]
    )
    run_edgekit(verb, *file, how=how)
    assert executed(traps) == []


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_not_by_convert(traps: Path, tmp_path: Path) -> None:
    model = strangers.saved(strangers.sequential(), tmp_path / "model.keras")
    run_edgekit("convert", model, "--out", tmp_path / "model.tflite")
    assert (tmp_path / "model.tflite").is_file()
    assert executed(traps) == []


@pytest.mark.slow
def test_not_by_build(traps: Path, tmp_path: Path) -> None:
    asked = ["--variant", "float32", "--target", "cpu", "--target", "litert"]
    run_edgekit("build", RECIPES / "blobs.py", *asked, "--out", tmp_path / "runs")
    assert executed(traps) == []


@pytest.mark.network
def test_not_by_setup(traps: Path, tmp_path: Path) -> None:
    run_edgekit("setup", "tflite-runtime", EDGEKIT_HOME=str(tmp_path / "home"))
    assert executed(traps) == []


@pytest.mark.device
def test_not_by_the_emulated_board(traps: Path) -> None:
    device = registry.get("devices", "raspberry-pi")
    if missing := device.missing():
        pytest.skip(missing)
    with open_session(
        GOLDEN / "float32.tflite", runtime="tflite-runtime", device="raspberry-pi"
    ) as run:
        run(IMAGES)
    assert executed(traps) == []
