"""A slim file answers with the same bytes; what cannot be proven or improved is left alone."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgekit.cli import app
from edgekit.core.errors import BadInput, BadModelFile, Unavailable
from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.tflite.editing import unpack
from edgekit.tflite.reader import read
from edgekit.tflite.slimming import pack
from edgekit.verbs.slim import slim
from tests.support.paths import GOLDEN
from tests.support.public_models import NAMES

UNPROVEN = {"custom", "flex"}
"""Golden files that no runtime here runs."""
NOT_RUN = {
    "mediapipe-face_landmark_with_attention.tflite",  # operators of MediaPipe's own
    "pyopen-wakeword-melspectrogram.tflite",  # no size that fits its free axes
}
LEFT_ALONE = {"pyopen-wakeword-hey_jarvis.tflite"}  # would answer 1e-7 apart
RUNNING = [path for path in sorted(GOLDEN.glob("*.tflite")) if path.stem not in UNPROVEN]


@pytest.mark.parametrize("path", RUNNING, ids=lambda path: path.stem)
def test_a_slim_file_is_smaller_and_answers_the_same(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "slim.tflite"
    done = slim(path, out)
    assert done.out == str(out)
    assert done.slim_bytes == out.stat().st_size < done.size_bytes == path.stat().st_size
    assert done.slim_compressed_bytes <= done.compressed_bytes
    assert "litert" in done.same_answers
    batch = random_batch(path, 3, seed=5)
    answers = []
    for file in (path, out):
        with open_session(file, runtime="litert") as run:
            answers.append({name: value.tobytes() for name, value in run(batch).items()})
    assert answers[0] == answers[1]


def test_a_slim_file_is_left_alone(tmp_path: Path) -> None:
    slim(GOLDEN / "int8.tflite", tmp_path / "once.tflite")
    done = slim(tmp_path / "once.tflite", tmp_path / "twice.tflite")
    assert done.out is None
    assert "stored twice" in done.why_not
    assert not (tmp_path / "twice.tflite").exists()


@pytest.mark.parametrize("name", sorted(UNPROVEN))
def test_what_no_runtime_runs_is_not_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nothing was written"):
        slim(GOLDEN / f"{name}.tflite", tmp_path / "slim.tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_take_its_own_place(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes((GOLDEN / "int8.tflite").read_bytes())
    done = slim(path, path)
    assert path.stat().st_size == done.slim_bytes < done.size_bytes


def test_files_packed_behind_a_model_stay(tmp_path: Path) -> None:
    path, out = tmp_path / "labelled.tflite", tmp_path / "slim.tflite"
    path.write_bytes((GOLDEN / "int8.tflite").read_bytes())
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("labels.txt", "cat\ndog\n")
    assert slim(path, out).out
    with zipfile.ZipFile(out) as packed:
        assert packed.read("labels.txt") == b"cat\ndog\n"
    bomb = tmp_path / "bomb.tflite"
    bomb.write_bytes((GOLDEN / "int8.tflite").read_bytes())
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(80 << 20))
    assert "too large" in slim(bomb, tmp_path / "x.tflite").why_not


def test_weights_behind_the_model_leave_it_alone(tmp_path: Path) -> None:
    model = unpack((GOLDEN / "float32.tflite").read_bytes())
    behind = next(b for b in model.buffers if b.data is not None and len(b.data) > 64)
    data, behind.data, behind.offset, behind.size = bytes(behind.data), None, 8, len(behind.data)
    path = tmp_path / "outside.tflite"
    start = len(pack(model))
    behind.offset = start
    path.write_bytes(bytes(pack(model)).ljust(start, b"\0") + data)
    done = slim(path, tmp_path / "slim.tflite")
    assert done.out is None
    assert "behind its model" in done.why_not


@pytest.mark.parametrize("content", [b"", b"TFL3", b"x" * 100, b"\x1c\0\0\0TFL3" + b"\xff" * 64])
def test_a_hostile_file_gets_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.tflite"
    path.write_bytes(content)
    with pytest.raises(BadModelFile):
        slim(path, tmp_path / "slim.tflite")
    with pytest.raises(BadInput, match="ends in"):
        slim(GOLDEN / "int8.tflite", tmp_path / "slim.bin")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_public_file_answers_the_same_or_is_left_alone(name: str, tmp_path: Path) -> None:
    path = Path(os.environ.get("EDGEKIT_PUBLIC_MODELS", "nowhere")) / name
    if not path.exists():
        pytest.skip("not here; see tests/support/public_models.py")
    out = tmp_path / "slim.tflite"
    if name in NOT_RUN:
        with pytest.raises(Unavailable):
            slim(path, out)
        return
    done = slim(path, out)
    assert (done.why_not == "") == out.exists() == (name not in LEFT_ALONE)
    assert done.out is None or done.slim_bytes < done.size_bytes
    assert done.slim_compressed_bytes <= done.compressed_bytes


def test_versions_are_raised_if_asked_for(tmp_path: Path) -> None:
    given = GOLDEN / "ai_edge_quantizer" / "dynamic_int8.tflite"
    plain = slim(given, tmp_path / "plain.tflite")
    assert not plain.versions
    out = tmp_path / "raised.tflite"
    ran = CliRunner().invoke(app, ["slim", str(given), "--out", str(out), "--fix-versions"])
    assert ran.exit_code == 0
    assert "FULLY_CONNECTED: version 1 raised to 12, which its types and options need" in ran.stdout
    assert {o.version for o in read(out).main.operators if o.name == "FULLY_CONNECTED"} == {12}
    again = slim(out, tmp_path / "again.tflite", fix_versions=True)
    assert not again.versions
