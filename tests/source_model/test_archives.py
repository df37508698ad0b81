"""Archives that are damaged, encrypted or far larger than they look: one sentence, no memory."""

from __future__ import annotations

import contextlib
import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.core.errors import BadData, BadInput, EdgekitError
from edgekit.core.paths import MOST_GB, most_bytes
from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.source_model.golden_vectors import read_arrays
from edgekit.source_model.keras_file import read_description
from edgekit.tflite.editing import pack, unpack
from tests.support.paths import GOLDEN


def an_npz() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, a=np.arange(50.0), b=np.zeros((3, 4), np.int8))
    return stream.getvalue()


def a_keras() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        config = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
    return stream.getvalue()


def bomb(path: Path, member: str) -> Path:
    """Write an archive of some kilobytes that unpacks to 50 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, bytes(50_000_000))
    assert path.stat().st_size < 100_000
    return path


@pytest.mark.parametrize(
    ("read", "name", "member"),
    [(read_arrays, "a.npz", "a.npy"), (read_description, "a.keras", "config.json")],
)
def test_what_unpacks_to_more_than_allowed_is_refused_before_it_is_unpacked(
    read: object, name: str, member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bomb(tmp_path / name, member)
    monkeypatch.setenv(MOST_GB, "0.04")
    tracemalloc.start()
    with pytest.raises(BadInput, match=rf"unpacks to 0\.05 GB; allowed are 0\.04.*{MOST_GB}"):
        read(path)  # type: ignore[operator]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("wrong", ["", "0", "-1", "nan", "inf", "much", "1e9"])
def test_a_limit_that_is_no_number_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MOST_GB, wrong)
    with pytest.raises(BadInput, match="give a number of gigabytes"):
        most_bytes()


def test_a_file_whose_tensors_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    model = unpack((GOLDEN / "float32.tflite").read_bytes())
    model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shape = [1, 40_000, 40_000, 1]
    (path := tmp_path / "giant.tflite").write_bytes(pack(model))
    with pytest.raises(BadInput, match=r"has tensors of 6\.4 GB; allowed are 4"):
        open_session(path, runtime="litert")
    with pytest.raises(BadInput, match="GB; allowed are 4"):
        random_batch(path, count=16)


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), kind=st.sampled_from(["npz", "keras"]))
def test_a_damaged_archive_is_read_or_refused_in_a_sentence(
    data: st.DataObject, kind: str, tmp_path: Path
) -> None:
    whole = bytearray(an_npz() if kind == "npz" else a_keras())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole
    (path := tmp_path / f"x.{kind}").write_bytes(bytes(cut))
    with contextlib.suppress(EdgekitError):
        read_arrays(path) if kind == "npz" else read_description(path)


@pytest.mark.parametrize("kind", ["npz", "keras"])
def test_an_encrypted_archive_is_refused(kind: str, tmp_path: Path) -> None:
    data = bytearray(an_npz() if kind == "npz" else a_keras())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + offset] |= 1
    (path := tmp_path / f"x.{kind}").write_bytes(bytes(data))
    with pytest.raises((BadData, BadInput), match="is not a complete"):
        read_arrays(path) if kind == "npz" else read_description(path)
