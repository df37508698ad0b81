"""The ssh device against an sshd of our own on loopback, as the user who runs the tests."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import Unavailable, WorkerDied, WorkerTimeout
from edgekit.running.session import open_session
from tests.support.fake_runtime import fake_runtime
from tests.support.paths import GOLDEN
from tests.support.sshd import serving

pytestmark = pytest.mark.device

IMAGES = {"image": np.random.default_rng(0).random((4, 8, 8, 1), dtype=np.float32)}
X = {"x": np.array([[1, -2, 3, -4]], np.float32)}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("sshd")) as address:
        yield address


def test_a_board_answers_what_this_machine_answers(board: str) -> None:
    device = f"ssh://{board}{sys.executable}"
    assert registry.get("devices", device).missing() == ""
    with open_session(GOLDEN / "int8.tflite", runtime="litert", device=device) as run:
        there, timing = run(IMAGES)["scores"], run.time(IMAGES, runs=5)
        assert run.info["runtime"].startswith("ai-edge-litert")
    with open_session(GOLDEN / "int8.tflite", runtime="litert") as run:
        np.testing.assert_array_equal(there, run(IMAGES)["scores"])
    assert len(timing.latencies_ms) == 5


def on_board(folder: Path, board: str, **misbehaviour: str) -> tuple[str, Path, str]:
    """Return runtime, file and device: a Python there that finds the fake interpreter."""
    runtime, model = fake_runtime(folder, **misbehaviour)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    text = Path(runtime).read_text().replace("missing=", "devices=('ssh',), missing=")
    Path(runtime).write_text(text)
    return runtime, model, f"ssh://{board}{python}"


def test_a_crash_there_names_its_signal(board: str, tmp_path: Path) -> None:
    code = "os.kill(os.getpid(), signal.SIGSEGV)"
    runtime, model, device = on_board(tmp_path, board, invoke=code)
    with (
        open_session(model, runtime=runtime, device=device) as run,
        pytest.raises(WorkerDied, match="SIGSEGV at 'invoke'"),
    ):
        run(X)


def test_a_hang_there_ends_in_time(board: str, tmp_path: Path) -> None:
    runtime, model, device = on_board(tmp_path, board, invoke="time.sleep(60)")
    with (
        open_session(model, runtime=runtime, device=device, timeout_s=3.0) as run,
        pytest.raises(WorkerTimeout, match=r"did not answer 'invoke' within 3 s"),
    ):
        run(X)


def test_a_package_missing_there_says_what_to_run_there(board: str, tmp_path: Path) -> None:
    runtime, model, device = on_board(tmp_path, board)
    (tmp_path / "fake_interpreter.py").unlink()
    with pytest.raises(Unavailable, match=r"On the device run: python3 -m pip install fake"):
        open_session(model, runtime=runtime, device=device)


def test_a_python_missing_there_is_told(board: str, tmp_path: Path) -> None:
    model = GOLDEN / "int8.tflite"
    with pytest.raises(WorkerDied, match=r"exit code 127.*(not found|No such file)"):
        open_session(model, runtime="litert", device=f"ssh://{board}/nowhere/python")


def test_a_refused_login_gives_one_sentence(board: str, tmp_path: Path) -> None:
    stranger = "nobody@" + board.partition("@")[2]
    with pytest.raises(Unavailable) as unavailable:
        open_session(GOLDEN / "int8.tflite", runtime="litert", device=f"ssh://{stranger}")
    assert "ssh cannot log in: " in str(unavailable.value)
    assert "Make this work first: ssh -p" in str(unavailable.value)
    assert "\n" not in str(unavailable.value)


def test_the_code_survives_the_shell_there(board: str) -> None:
    command = registry.get("devices", f"ssh://{board}{shlex.quote(sys.executable)}").command(
        registry.get("runtimes", "litert")
    )
    code = """print('a "b" $HOME `c` \\\\ ;', end='')"""
    done = subprocess.run(command.python(code), capture_output=True, text=True, check=True)
    assert done.stdout == 'a "b" $HOME `c` \\ ;'


def test_nothing_in_the_boards_home_is_executed(board: str, tmp_path: Path) -> None:
    home, marks = tmp_path / "home", tmp_path / "marks"
    home.mkdir()
    marks.mkdir()
    for name in ("numpy", "json", "inspect", "platform", "importlib", "resource"):
        (home / f"{name}.py").write_text(f"open({str(marks / name)!r}, 'w').close()\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncd {home}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with open_session(
        GOLDEN / "float32.tflite", runtime="litert", device=f"ssh://{board}{python}"
    ) as run:
        run(IMAGES)
    assert list(marks.iterdir()) == []
