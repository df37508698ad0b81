"""Archives of data sets that are damaged where Python's own reading of them does not expect it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.core.errors import BadData
from edgekit.domains.upstream.archives import zip_members

ENTRY, END = b"PK\x01\x02", b"PK\x05\x06"


def without_a_name(data: bytearray) -> None:
    data[data.index(ENTRY) + 46] = 0


def listed_beyond_its_end(data: bytearray) -> None:
    place = data.index(END) + 16
    data[place : place + 4] = (len(data) + 900).to_bytes(4, "little")


@pytest.mark.parametrize("damage", [without_a_name, listed_beyond_its_end])
def test_a_zip_that_points_nowhere_is_refused(
    damage: Callable[[bytearray], None], tmp_path: Path
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("top/a.txt", b"hello")
    damage(data := bytearray(stream.getvalue()))
    (path := tmp_path / "data.zip").write_bytes(data)
    with pytest.raises(BadData, match=r"it is no whole \.zip file"):
        list(zip_members(path, ".*"))
