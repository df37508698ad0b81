"""Files cross by content: what is known is not sent, what is damaged or leads away is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core.errors import BadData
from edgekit.tasks.parcel import Content, Reader, files_in, packed, unpack


def pack(folder: Path, reader: Reader) -> tuple[dict[str, Content], dict[str, bytes]]:
    blobs: dict[str, bytes] = {}
    return packed(files_in(folder), reader, blobs.__setitem__), blobs


def test_a_folder_arrives_as_it_was_and_only_news_is_read_again(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    (here / "deep").mkdir(parents=True)
    (here / "deep" / "a.txt").write_text("one")
    (here / "run.sh").write_text("#!/bin/sh")
    (here / "run.sh").chmod(0o755)
    reader = Reader()
    files, blobs = pack(here, reader)
    unpack(there, files, blobs)
    assert (there / "deep" / "a.txt").read_text() == "one"
    assert (there / "run.sh").stat().st_mode & 0o777 == 0o755
    (here / "b.txt").write_text("two")
    again, news = pack(here, reader)
    assert list(news.values()) == [b"two"]
    assert set(again) == {"deep/a.txt", "run.sh", "b.txt"}


def test_what_is_being_written_or_stays_is_left_out(tmp_path: Path) -> None:
    for name in ("model.keras", ".model.keras.a1b2c3d4/model.keras", "search.journal", ".steps/a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert set(files_in(tmp_path, ["search.journal"])) == {"model.keras", ".steps/a"}


def test_damage_and_paths_that_lead_away_are_refused(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a").write_text("one")
    files, blobs = pack(tmp_path / "here", Reader())
    (sha256,) = blobs
    with pytest.raises(BadData, match="'a' arrived damaged"):
        unpack(tmp_path / "there", files, {sha256: b"other"})
    away = {"../../a": replace(files["a"])}
    with pytest.raises(BadData, match="outside"):
        unpack(tmp_path / "there", away, blobs)
    assert not (tmp_path / "a").exists()


def test_records_of_steps_are_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    (here / ".steps").mkdir(parents=True)
    for name in (".steps/train.json", "model.keras", "z"):
        (here / name).write_text(name)
    files, blobs = pack(here, Reader())
    monkeypatch.setattr(Path, "chmod", lambda path, mode: written.append(path.name))
    written: list[str] = []
    unpack(tmp_path / "there", files, blobs)
    assert written[-1] == "train.json"
