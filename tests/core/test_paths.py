"""A file appears under its name only when complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgekit.core.errors import BadInput
from edgekit.core.paths import atomic, home, sha256, write_json


def test_nothing_appears_when_the_block_fails(tmp_path: Path) -> None:
    def write_half() -> None:
        with atomic(tmp_path / "a.txt") as path:
            path.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with atomic(target) as path:
        path.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for name in ("one", "two"):
        with atomic(target) as folder:
            folder.mkdir()
            (folder / name).write_text(name)
    assert [path.name for path in target.iterdir()] == ["two"]


def test_a_folder_in_the_way_of_nothing_written_stays(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError, match="No such file"), atomic(target):
        pass
    assert target.is_dir()


def test_a_file_takes_no_folders_place_and_a_folder_no_files(tmp_path: Path) -> None:
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    (folder / "kept").write_text("kept")
    file.write_text("kept")
    with pytest.raises(BadInput, match="is a folder, and a file would take its place"):
        write_json(folder, {})
    with pytest.raises(BadInput, match="is a file, and a folder would take its place"):
        make_folder(file)
    assert (folder / "kept").read_text() == file.read_text() == "kept"
    assert sorted(tmp_path.iterdir()) == [file, folder]


def make_folder(path: Path) -> None:
    with atomic(path) as temporary:
        temporary.mkdir()


def test_what_appears_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[int] = set()

    def note(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", note)
    with atomic(tmp_path / "folder") as folder:
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "file").write_text("text")
        (folder / "link").symlink_to("/dev/null")
        os.mkfifo(folder / "pipe")
    expected = [tmp_path, tmp_path / "folder", *(tmp_path / "folder").glob("inner/**/*")]
    assert synced >= {path.stat().st_ino for path in expected}
    assert len(synced) == 4


def test_not_a_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_sha256_of_a_folder_depends_on_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = sha256(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert sha256(tmp_path) != first


def test_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    assert home() == tmp_path
