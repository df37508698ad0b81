"""`edgekit bundle`: a folder and its zip, of any packager; what cannot be packed is a sentence."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

import edgekit
from edgekit.cli import app
from edgekit.core.errors import BadInput
from tests.support.example_run import write_run

NOTHING = """
from edgekit.core.kinds import Packager
packager = Packager(takes=lambda report: False, package=lambda run_dir, out, variants=(): out)
"""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path / "image_cnn")


def files_of(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_zip_holds_what_the_folder_holds_in_order(run_dir: Path) -> None:
    made = edgekit.bundle(run_dir, "bundle", variants=["int8"])
    assert (made.folder, made.zip) == (run_dir / "bundle", run_dir / "bundle.zip")
    with zipfile.ZipFile(made.zip) as packed:
        assert packed.namelist() == sorted(files_of(made.folder))
        assert {name: packed.read(name) for name in packed.namelist()} == files_of(made.folder)
    assert made.files == len(files_of(made.folder))
    assert made.size_bytes == sum(map(len, files_of(made.folder).values()))


def test_the_same_bundle_is_the_same_zip_whenever_it_is_made(run_dir: Path, tmp_path: Path) -> None:
    first = edgekit.bundle(run_dir, "bundle", out=tmp_path / "a" / "mine")
    for path in run_dir.rglob("*"):
        os.utime(path, (2e9, 2e9))
    second = edgekit.bundle(run_dir, "bundle", out=tmp_path / "b" / "other")
    assert first.zip.read_bytes() == second.zip.read_bytes()
    assert second.zip == tmp_path / "b" / "other.zip"


def test_what_a_packager_does_not_take_is_refused(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing.py").write_text(NOTHING)
    with pytest.raises(BadInput, match=r"has nothing for '.*nothing\.py'.*`edgekit report"):
        edgekit.bundle(run_dir, str(tmp_path / "nothing.py"))
    assert not list(run_dir.glob("nothing*"))


def test_nothing_is_left_of_a_bundle_that_is_refused(run_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    words = ["bundle", str(run_dir), "--for", "bundle", "--out", str(out), "--variant", "int16x8"]
    ran = CliRunner().invoke(app, words)
    assert isinstance(ran.exception, BadInput)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image_cnn"]


def test_the_command_line_says_where_the_bundle_is(run_dir: Path, tmp_path: Path) -> None:
    words = ["bundle", str(run_dir), "--for", "bundle", "--out", str(tmp_path / "new")]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0
    assert f"{tmp_path / 'new.zip'}: the same" in shown.stdout
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert found["folder"] == str(tmp_path / "new")
    assert found["zip_bytes"] == (tmp_path / "new.zip").stat().st_size
