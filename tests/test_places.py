"""Places that cannot be written to, streams that close, signals: one sentence, nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgekit.core.errors import BadInput
from edgekit.core.paths import require_writable
from edgekit.tflite.editing import pack, unpack
from tests.support.paths import GOLDEN, RECIPES

FILE = GOLDEN / "float32.tflite"
EDGEKIT = (sys.executable, "-m", "edgekit")


def edgekit(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EDGEKIT, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=60,
    )


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("/proc/edgekit", "No such file"),  # where nobody makes a file, not even root
        ("/sys/edgekit", ""),
        ("{file}/inside", "is no folder"),
        ("{folder}/" + 300 * "x" + "/inside", "too long"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused(
    place: str, reason: str, tmp_path: Path
) -> None:
    (file := tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=f"cannot be written.*{reason}") as caught:
        require_writable(Path(place.format(file=file, folder=tmp_path)))
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_can_be_written_to_stays_as_it_was(tmp_path: Path) -> None:
    require_writable(tmp_path / "new" / "folder" / "model.tflite")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["list", "inspect", "check"])
def test_an_encoding_of_few_letters_is_no_error(verb: str) -> None:
    arguments: list[object] = [FILE] if verb != "list" else []
    if verb == "check":
        arguments += ["--target", "cpu"]
    ran = edgekit(verb, *arguments, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.returncode == 0
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("verb", ["list", "inspect"])
def test_a_closed_pipe_is_no_error(verb: str) -> None:
    command = [*EDGEKIT, verb, *([str(FILE)] if verb == "inspect" else [])]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_work_with_one_sentence_and_leaves_nothing(
    number: signal.Signals, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [*EDGEKIT, "build", RECIPES / "blobs.py", "--out", tmp_path / "runs"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()  # a child is at work
    time.sleep(0.5)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert said.splitlines()[-1] == f"edgekit: stopped by {number.name}; a build goes on from here."
    assert "Traceback" not in said
    assert not list(scratch.iterdir())


HOSTILE = "a\x1b]0;owned\x07\x1b[2J\u202eb"


@pytest.mark.parametrize("verb", ["inspect", "verify", "bench", "check", "slim"])
def test_no_name_of_a_file_commands_the_terminal(verb: str, tmp_path: Path) -> None:
    model = unpack(FILE.read_bytes())
    for tensor in model.subgraphs[0].tensors:
        tensor.name = HOSTILE.encode()
    for signature in model.signatureDefs or ():
        for port in (*signature.inputs, *signature.outputs):
            port.name = HOSTILE.encode()
    (path := tmp_path / f"{HOSTILE}.tflite").write_bytes(pack(model))
    out = tmp_path / f"{HOSTILE}2.tflite"
    more: dict[str, list[object]] = {"check": ["--target", "cpu"], "slim": ["--out", out]}
    ran = edgekit(verb, path, *more.get(verb, []))
    assert ran.returncode in (0, 1, 2)
    for letter in "\x1b\x07\u202e":
        assert letter not in ran.stdout + ran.stderr
