"""A build replaces what a build wrote, and refuses anything else before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.building.run_folder import PLAN, refuse_strangers, remove_bundle
from edgekit.core.errors import BadInput


def refuse(folder: Path) -> None:
    refuse_strangers(folder, bundles=["bundle"])


def test_a_new_an_empty_and_an_earlier_run_folder_are_taken(tmp_path: Path) -> None:
    refuse(tmp_path / "new")
    refuse(tmp_path)
    (tmp_path / PLAN).write_text("{}")
    (tmp_path / "notes.txt").write_text("kept by a build")
    refuse(tmp_path)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "device").mkdir()
    (tmp_path / "device" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="holds 'device' and was not made by a build"):
        refuse(tmp_path)


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="which is a file"):
        refuse(tmp_path / "file")


def test_a_strangers_file_in_the_bundle_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text("{}")
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"bundle' holds 'notes\.txt', which edgekit did not write"):
        refuse(tmp_path)
    remove_bundle(tmp_path / "bundle")
    assert (tmp_path / "bundle" / "notes.txt").read_text() == "mine"
