"""`edgekit convert` overwrites what it wrote, and nothing else, and says so before it works."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import BadInput
from edgekit.source_model.golden_vectors import write_arrays
from edgekit.tflite.sidecar import describe, write_sidecar
from edgekit.verbs.convert import convert
from edgekit.verbs.delivery import refuse_to_overwrite
from tests.support.paths import GOLDEN


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def a_folder(folder: Path) -> None:
    (folder / "model.tflite").mkdir()
    (folder / "model.tflite" / "thesis.txt").write_text("years of work")


def a_folder_for_a_rejected_file(folder: Path) -> None:
    (folder / "model.tflite.rejected").mkdir()
    (folder / "model.tflite.rejected" / "thesis.txt").write_text("years of work")


def a_json_of_their_own(folder: Path) -> None:
    (folder / "model.json").write_text('{"class_name": "Functional"}')


def a_json_that_is_none(folder: Path) -> None:
    (folder / "model.json").write_bytes(b"\xff notes")


def a_json_of_another_file(folder: Path) -> None:
    write_own(folder, "other.tflite")
    (folder / "other.json").rename(folder / "model.json")


def arrays_of_their_own(folder: Path) -> None:
    np.savez(folder / "model.vectors.npz", word=np.ones(3))


@pytest.mark.parametrize(
    ("put", "sentence"),
    [
        (a_folder, r"'.*model\.tflite' is a folder; edgekit writes files only"),
        (a_folder_for_a_rejected_file, r"'.*model\.tflite\.rejected' is a folder"),
        (a_json_of_their_own, r"overwrite '.*model\.json' beside it, which does not describe"),
        (a_json_that_is_none, r"overwrite '.*model\.json' beside it, which does not describe"),
        (a_json_of_another_file, r"overwrite '.*model\.json' beside it, which does not describe"),
        (arrays_of_their_own, r"overwrite '.*model\.vectors\.npz' beside it, which holds no gold"),
    ],
)
def test_what_is_not_ours_stays(put: Callable[[Path], None], sentence: str, tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "model.keras").write_bytes(b"not read before the refusal")
    before = contents(tmp_path)
    with pytest.raises(BadInput, match=sentence):
        convert(tmp_path / "model.keras", tmp_path / "model.tflite")
    assert contents(tmp_path) == before


def test_each_of_several_files_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"not read before the refusal")
    (tmp_path / "model.int8.json").write_text("{}")
    with pytest.raises(BadInput, match=r"model\.int8\.json' beside it"):
        convert(tmp_path / "model.keras", tmp_path / "model.tflite", precision=["float32", "int8"])


def test_the_command_line_ends_with_2_and_one_sentence(tmp_path: Path) -> None:
    a_folder(tmp_path)
    model, out = tmp_path / "model.keras", tmp_path / "model.tflite"
    model.write_bytes(b"")
    command = [sys.executable, "-P", "-m", "edgekit", "convert", str(model), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "is a folder; edgekit writes files only." in " ".join(done.stderr.split())
    assert (out / "thesis.txt").read_text() == "years of work"


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("")
    with pytest.raises(BadInput, match="notes' is no folder"):
        refuse_to_overwrite(tmp_path / "notes" / "model.tflite")


def write_own(folder: Path, name: str) -> None:
    from edgekit.core.recipe import Signature

    (folder / name).write_bytes((GOLDEN / "int8.tflite").read_bytes())
    artifact = describe(
        folder / name, precision="int8", signature=Signature(inputs=(), outputs=()), made_by={}
    )
    write_sidecar(artifact, (folder / name).with_suffix(".json"))


def test_what_an_earlier_conversion_wrote_is_replaced(tmp_path: Path) -> None:
    write_own(tmp_path, "model.tflite")
    assert json.loads((tmp_path / "model.json").read_text())["file"] == "model.tflite"
    write_arrays(tmp_path / "model.vectors.npz", {"x": np.ones(1)}, {"y": np.ones(1)})
    refuse_to_overwrite(tmp_path / "model.tflite")
