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
        "python3 greet.py --variant float32 --who 1",
        "sha256sum -c SHA256SUMS",
    ]
    subprocess.run(shlex.split(commands[1]), cwd=out, check=True, stdout=subprocess.DEVNULL)


def test_texts_of_the_report_do_not_become_markup(run_dir: Path) -> None:
    report = replace(example_report(), rows=ROWS, recipe="<b>a|b</b>\n# no", machine="{{ 7 * 7 }}")
    write_report(run_dir, report)
    text = (bundle(run_dir, run_dir / "bundle") / "README.md").read_text()
    assert text.startswith(r"# \<b\>a\|b\</b\> # no: models")
