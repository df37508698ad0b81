"""An Android app's bundle: data alone, and only variants that its API can ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.packagers import android
from tests.support.example_run import add_program, write_run

package = registry.get("packagers", "android").package


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path / "image_cnn")


def test_it_holds_data_and_no_program(run_dir: Path) -> None:
    add_program(run_dir)
    out = package(run_dir, run_dir / "app")
    names = {path.relative_to(out).as_posix() for path in out.rglob("*")}
    assert {"bundle.json", "float32.tflite", "int8.tflite", "golden/input_0.bin"} <= names
    assert not {"greet.py", "on_device", "names.txt"} & names
    facts = json.loads((out / "bundle.json").read_text())
    assert facts["program"] is None
    assert [model["file"] for model in facts["models"]] == ["float32.tflite", "int8.tflite"]
    assert "no program" in (out / "README.md").read_text()


def test_what_the_app_cannot_ask_is_left_out(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(android, "TYPES", ("int8",))  # the files take float32
    with pytest.raises(BadInput, match=r"passes on int8: float32 \(float32\), int8 \(float32\)"):
        package(run_dir, run_dir / "app")
    assert not (run_dir / "app").exists()
