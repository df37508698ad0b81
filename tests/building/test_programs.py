"""The program of a bundle: only what it needs is copied, and it starts from any folder."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.building.programs import modules_of, write_programs
from edgekit.core import registry
from edgekit.core.errors import NotFound
from edgekit.core.paths import packaged
from edgekit.core.recipe import Program, Recipe
from tests.support.paths import RECIPES

PROGRAMS = sorted(path.stem for path in packaged("on_device", "programs").glob("[!_]*.py"))


@pytest.fixture
def recipe() -> Recipe:
    return registry.get("recipes", str(RECIPES / "doubling.py"))


def test_a_program_brings_what_it_imports_and_no_more() -> None:
    modules = {str(path) for path in modules_of(Program(name="nearest_ngrams", example=()))}
    assert modules == {
        *("__init__.py", "answering.py", "arrays.py", "interpreter.py", "ngrams.py"),
        *("programs/__init__.py", "programs/nearest.py", "programs/nearest_ngrams.py"),
    }


def test_a_program_that_is_not_there_is_refused_with_a_list() -> None:
    with pytest.raises(
        NotFound, match=r"no program 'word' for devices; there are arrays, autoencode, classify"
    ):
        modules_of(Program(name="word", example=()))


def test_assets_may_be_text_or_bytes(recipe: Recipe, tmp_path: Path) -> None:
    assets: dict[str, str | bytes] = {"words.txt": "ni\u00f1o\n", "picture.bin": b"\x00\xff"}
    write_programs(replace(recipe, assets=lambda size: assets), "tiny", tmp_path / "device")
    assert (tmp_path / "device" / "words.txt").read_bytes() == "ni\u00f1o\n".encode()
    assert (tmp_path / "device" / "picture.bin").read_bytes() == b"\x00\xff"


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_starts_from_another_folder_without_edgekit(
    recipe: Recipe, tmp_path: Path, name: str
) -> None:
    program = Program(name=name, example=())
    write_programs(replace(recipe, program=program), "tiny", tmp_path / "device")
    ran = subprocess.run(
        [sys.executable, "-S", str(tmp_path / "device" / f"{name}.py"), "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(pytest.__file__).parents[1])},  # NumPy, but no edgekit
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "--variant" in ran.stdout
    assert f"usage: {name}.py" in ran.stdout
