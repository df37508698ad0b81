"""Data sets are found, checked and refused."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadData, Unavailable
from edgekit.domains.learning.downloads import DataFile, locate, read_idx

CONTENT = b"real data"


def data_file(url: str = "http://127.0.0.1:9/none", content: bytes = CONTENT) -> DataFile:
    return DataFile(path="set/x.bin", sha256=hashlib.sha256(content).hexdigest(), url=url)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDGEKIT_DATA", str(tmp_path / "given"))


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "upstream"
    folder.mkdir()
    (folder / "x.bin").write_bytes(CONTENT)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/x.bin"
    server.shutdown()
    server.server_close()
    thread.join()


def put(folder: Path, content: bytes = CONTENT) -> Path:
    path = folder / "set" / "x.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_edgekit_data_comes_before_the_cache(tmp_path: Path) -> None:
    put(tmp_path / "home" / "data")
    assert locate(data_file()) == tmp_path / "home" / "data" / "set" / "x.bin"
    given_copy = put(tmp_path / "given")
    assert locate(data_file()) == given_copy


def test_a_wrong_copy_is_refused_wherever_it_is(tmp_path: Path) -> None:
    put(tmp_path / "given", b"tampered")
    with pytest.raises(BadData, match="expected"):
        locate(data_file())


def test_it_is_downloaded_once_and_checked(upstream: str, tmp_path: Path) -> None:
    path = locate(data_file(upstream))
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(tmp_path / "home")
    assert locate(data_file("http://127.0.0.1:9/gone")) == path


def test_a_changed_upstream_leaves_nothing_behind(upstream: str, tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no longer holds the expected file"):
        locate(data_file(upstream, content=b"something else"))
    assert not (tmp_path / "home" / "data" / "set" / "x.bin").exists()


def test_no_network_says_where_to_put_the_file() -> None:
    with pytest.raises(Unavailable, match="EDGEKIT_DATA"):
        locate(data_file())


def write_idx(path: Path, array: np.ndarray) -> Path:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))
    return path


def test_idx_round_trip(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert (read_idx(write_idx(tmp_path / "x.gz", array)) == array).all()


@given(st.binary(max_size=200), st.booleans())
def test_any_other_bytes_are_refused_in_a_sentence(content: bytes, compressed: bool) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.gz"
        path.write_bytes(gzip.compress(content) if compressed else content)
        try:
            array = read_idx(path)
        except BadData as error:
            assert "IDX" in str(error)  # noqa: PT017  (valid bytes are allowed to pass)
        else:
            assert content[:3] == b"\0\0\x08"
            assert array.size == len(content) - 4 - 4 * content[3]
