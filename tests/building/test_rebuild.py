"""Building again: what has changed is named before any work, what differs after it."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.building import rebuilding
from edgekit.building.plan import begin, make_plan
from edgekit.building.plan_file import read_plan
from edgekit.building.rebuilding import Difference, Rebuilt, rebuild
from edgekit.cli import tables
from edgekit.core.errors import BadData, BadInput, NotFound
from tests.support.paths import RECIPES
from tests.support.refusals import edgekit

WHAT = {
    "model.keras": b"weights",
    "vectors.npz": b"vectors",
    "int8/model.tflite": b"int8",
    "float32/model.tflite": b"float32",
    "device/program.py": b"program",
    "seen.json": b"examples",
    "report.json": b"a date",
    ".steps/train.json": b"seconds",
}
"""Files of a run folder that nothing was trained for."""


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run folder with a real plan, and made-up files."""
    recipe = shutil.copy(RECIPES / "blobs.py", tmp_path / "blobs.py")
    plan = make_plan(
        str(recipe),
        tmp_path / "runs",
        size="tiny",
        seed=7,
        variants=["float32", "int8"],
        targets=["litert"],
        board="",
    )
    begin(plan)
    write(plan.folder, WHAT)
    return plan.folder


@pytest.fixture
def building(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for training: writes `files`, and remembers what was asked for."""
    asked: dict[str, Any] = {"files": dict(WHAT)}

    def build(recipe: str, *, out: Path, **options: Any) -> None:
        asked.update(options, recipe=recipe)
        write(out / Path(recipe).stem, asked["files"])

    monkeypatch.setattr(rebuilding, "build", build)
    return asked


def change_plan(run_dir: Path, change: Callable[[dict[str, Any]], object]) -> None:
    facts = json.loads((run_dir / "plan.json").read_text())
    change(facts)
    (run_dir / "plan.json").write_text(json.dumps(facts))


def test_the_same_bytes_are_a_match(run_dir: Path, building: dict[str, Any]) -> None:
    building["files"] |= {"report.json": b"another date", ".steps/train.json": b"other seconds"}
    write(run_dir, {"int16x8/model.tflite": b"of another build", "mine.txt": b"a user's own"})
    found = rebuild(run_dir)
    assert (found.match, found.compared, found.folder) == (True, 6, None)
    assert (building["seed"], building["variants"]) == (7, ("float32", "int8"))
    assert building["recipe"] == str(run_dir.parent.parent / "blobs.py")


def test_the_first_difference_is_that_of_what_is_made_first(
    run_dir: Path, building: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    building["files"] |= {"int8/model.tflite": b"8tni", "device/program.py": b"longer program"}
    del building["files"]["seen.json"]
    write(run_dir, {"float32/artifact.json": b"{}"})
    found = rebuild(run_dir, out=run_dir.parent.parent / "again")
    assert not found.match
    assert [each.file for each in found.differences] == [
        "float32/artifact.json",
        "int8/model.tflite",
        "device/program.py",
    ]
    tables.show_rebuilt(found, json=False)
    assert capsys.readouterr().out.splitlines() == [
        "DIFFERS: float32/artifact.json is only in the first build; 3 of 6 files differ.",
        "  int8/model.tflite holds other bytes, 4 as before",
        "  device/program.py has 14 bytes and had 7",
    ]


def test_a_file_that_differs_first_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    differs = Difference(file="int8/model.tflite", was_bytes=4, is_bytes=4)
    shown = Rebuilt(
        run_dir="a", match=False, compared=9, changed=(), differences=(differs,), folder="b"
    )
    tables.show_rebuilt(shown, json=False)
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == "Look closer: edgekit compare a/int8/model.tflite b/int8/model.tflite"


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "keras was 2.0 and is 3": lambda plan: plan["versions"].update(keras="2.0"),
    "numpy was 1.0 and is 2": lambda plan: plan["versions"].update(numpy="1.0"),
    "/blobs.py was edited": lambda plan: plan["modules"].update(
        {name: "0" for name in plan["modules"] if name.endswith("blobs.py")}
    ),
    "the module edgekit/gone.py is gone": lambda plan: plan["modules"].update(
        {"edgekit/gone.py": "0"}
    ),
    "the data that ship with edgekit are others": lambda plan: plan["data"].update(packaged="0"),
    "the processor was an abacus and is": lambda plan: plan.update(processor="an abacus"),
}


@pytest.mark.parametrize("said", CHANGES)
def test_what_has_changed_is_named_before_any_work(
    said: str, run_dir: Path, building: dict[str, Any]
) -> None:
    change_plan(run_dir, CHANGES[said])
    with pytest.raises(BadInput, match=said) as refused:
        rebuild(run_dir)
    assert "--force" in str(refused.value)
    assert "recipe" not in building
    found = rebuild(run_dir, force=True)
    assert found.match
    assert said in found.changed[0]


def test_an_edited_recipe_is_named(run_dir: Path, building: dict[str, Any]) -> None:
    recipe = Path(read_plan(run_dir).recipe)
    recipe.write_text(recipe.read_text() + "# another line\n")
    with pytest.raises(BadInput, match=r"the module .*/blobs.py was edited. Restore that"):
        rebuild(run_dir)
    recipe.unlink()
    with pytest.raises(NotFound, match="blobs"):
        rebuild(run_dir, force=True)
    assert "recipe" not in building


def test_a_plan_that_lacks_something_cannot_be_repeated(run_dir: Path) -> None:
    change_plan(run_dir, lambda plan: plan.pop("board"))
    with pytest.raises(BadData, match="has no 'board'; build it again"):
        rebuild(run_dir)


def test_board_and_weights_of_a_user_are_in_the_plan(
    tmp_path: Path, building: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "mine.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
    monkeypatch.chdir(tmp_path)
    plan = make_plan(
        "image_mobilenet",
        Path("runs"),
        size="tiny",
        seed=0,
        variants=["float32"],
        targets=["litert"],
        board="ssh://pi@board",
        weights=Path("mine.keras"),
    )
    begin(plan)
    monkeypatch.chdir("/")
    run_dir = tmp_path / "runs" / "image_mobilenet"
    rebuild(run_dir)
    asked = (building["recipe"], building["board"], building["weights"], building["data"])
    assert asked == ("image_mobilenet", "ssh://pi@board", str(tmp_path / "mine.keras"), None)
    (tmp_path / "mine.keras").write_bytes((tmp_path / "mine.keras").read_bytes() + b" ")
    with pytest.raises(BadInput, match=r"the weights in '.*mine.keras' are others"):
        rebuild(run_dir)


def test_a_run_folder_that_is_there_is_not_compared_with_itself(
    run_dir: Path, building: dict[str, Any]
) -> None:
    with pytest.raises(BadInput, match="is there already; give another --out"):
        rebuild(run_dir, out=run_dir.parent)
    assert "recipe" not in building


@pytest.mark.parametrize(("content", "code"), [(b"int8", 0), (b"8tni", 1)])
def test_the_exit_code_tells(
    content: bytes, code: int, run_dir: Path, building: dict[str, Any]
) -> None:
    building["files"]["int8/model.tflite"] = content
    ran = edgekit(f"rebuild {run_dir} --json")
    assert ran.code == code
    assert json.loads(ran.stdout)["match"] is (code == 0)
