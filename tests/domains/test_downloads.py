"""IDX files are read or refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadData
from edgekit.domains.learning.downloads import read_idx


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
