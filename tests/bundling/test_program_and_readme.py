"""A bundle brings the recipe's program, and a README that says what is in it and how to use it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadData
from edgekit.core.recipe import Origin
from tests.support.example_report import example_report
from tests.support.example_run import ROWS, add_program, write_report, write_run

bundle = registry.get("packagers", "bundle").package


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path / "image_cnn")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_program_is_copied_and_its_call_works(run_dir: Path) -> None:
    add_program(run_dir)
    out = bundle(run_dir, run_dir / "bundle")
    assert {"greet.py", "names.txt", "on_device/greeting.py"} <= files_of(out)
    assert not {name for name in files_of(out) if "pycache" in name or name == "program.json"}
    program = json.loads((out / "bundle.json").read_text())["program"]
    assert program == {"file": "greet.py", "arguments": ["--variant", "float32", "--who", "1"]}
    command = [sys.executable, program["file"], *program["arguments"]]
    ran = subprocess.run(command, cwd=out, capture_output=True, text=True, check=True)
    assert ran.stdout == "hello Grace\n"


def test_without_a_program_the_bundle_says_so(run_dir: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle")
    assert json.loads((out / "bundle.json").read_text())["program"] is None
    text = (out / "README.md").read_text()
    assert "This bundle brings no program." in text
    assert "python3" not in text


def test_a_program_that_is_badly_described_is_refused(run_dir: Path) -> None:
    add_program(run_dir)
    (run_dir / "device" / "program.json").write_text('{"name": "greet"}')
    with pytest.raises(BadData, match=r"program\.json' has no 'example'; build it again"):
        bundle(run_dir, run_dir / "bundle")
    assert not (run_dir / "bundle").exists()


def test_the_readme_names_what_is_there_and_nothing_else(run_dir: Path) -> None:
    add_program(run_dir)
    out = bundle(run_dir, run_dir / "bundle")
    text = (out / "README.md").read_text()
    listed = text.split("## Files")[1].split("## Use")[0]
    names = set(re.findall(r"`([\w./]+)`", listed)) - {"float32", "int8", ".npz"}
    assert all((out / name).exists() for name in names)
    top = {path.name for path in out.iterdir()} - {"README.md", "names.txt"}
    assert {name.rstrip("/") for name in names} == top
    assert "int16x8" not in text


def test_pip_finds_a_runtime_and_a_numpy_that_go_together_on_every_python(run_dir: Path) -> None:
    from packaging.requirements import Requirement

    add_program(run_dir)
    text = (bundle(run_dir, run_dir / "bundle") / "requirements.txt").read_text()
    asked = [Requirement(line) for line in text.splitlines() if not line.startswith("#")]
    for system in ("linux", "darwin", "win32"):
        for minor in range(8, 15):
            on = {"sys_platform": system, "python_version": f"3.{minor}"}
            chosen = {
                r.name: str(r.specifier) for r in asked if not r.marker or r.marker.evaluate(on)
            }
            is_old = system == "linux" and minor < 12
            assert set(chosen) == {"numpy", "tflite-runtime" if is_old else "ai-edge-litert"}
            assert ("<2" in chosen["numpy"]) == is_old


def test_the_licence_is_the_projects(run_dir: Path) -> None:
    from tests.support.paths import ROOT

    out = bundle(run_dir, run_dir / "bundle")
    assert (out / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_model_card_says_what_data_under_which_licence(run_dir: Path) -> None:
    origin = Origin(what="drawings", source="Doe 2020", licence="CC BY 4.0")
    write_report(run_dir, replace(example_report(), rows=ROWS, size="tiny", origins=(origin,)))
    text = (bundle(run_dir, run_dir / "bundle") / "MODEL_CARD.md").read_text()
    assert "- drawings. Doe 2020. Licence: CC BY 4.0." in text
    assert "This is a tiny build" in text
    assert "| int8 | 2.57 kB | 91.00 % | tflite-runtime, litert (out of limits) |" in text
    assert "int16x8" not in text.split("## Evaluation")[1].split("\n\n")[1]
    assert "\n\n\n" not in text


def test_labels_that_there_are_not_have_no_file(run_dir: Path) -> None:
    for sidecar in run_dir.glob("*/artifact.json"):
        value = json.loads(sidecar.read_text())
        value["signature"]["labels"] = []
        sidecar.write_text(json.dumps(value))
    for name in ("bundle", "android"):
        out = registry.get("packagers", name).package(run_dir, run_dir / name)
        assert (out / "bundle.json").is_file()
        assert not (out / "labels.txt").exists()


def test_the_readme_says_what_was_verified_where_with_which_value(run_dir: Path) -> None:
    text = (bundle(run_dir, run_dir / "bundle") / "README.md").read_text()
    assert "# image_cnn: models for a device" in text
    assert "| float32 | int8 | 1.99 kB | tflite-runtime | 91.00 % | +0.50 | verified |" in text
    assert "| int8 | int8 | 2.57 kB | litert | 91.00 % | +7.00 | out of limits |" in text
    assert "\n\n\n" not in text


def test_the_readme_has_the_call_and_the_check_to_paste(run_dir: Path) -> None:
    add_program(run_dir)
    out = bundle(run_dir, run_dir / "bundle")
    lines = (out / "README.md").read_text().splitlines()
    commands = [line.strip() for line in lines if line.startswith("    ")]
    assert commands == [
        "python3 -m venv env && . env/bin/activate",
        "pip install -r requirements.txt",
        "python3 greet.py --variant float32 --who 1",
        "sha256sum -c SHA256SUMS",
    ]
    subprocess.run(shlex.split(commands[1]), cwd=out, check=True, stdout=subprocess.DEVNULL)


def test_texts_of_the_report_do_not_become_markup(run_dir: Path) -> None:
    report = replace(example_report(), rows=ROWS, recipe="<b>a|b</b>\n# no", machine="{{ 7 * 7 }}")
    write_report(run_dir, report)
    text = (bundle(run_dir, run_dir / "bundle") / "README.md").read_text()
    assert text.startswith(r"# \<b\>a\|b\</b\> # no: models")
