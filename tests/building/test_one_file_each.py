"""One file each: a recipe, a target, its converter, a report, a packager; a build has them all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import RECIPES

CONVERTER = '''
"""Stamps a file; stands in for a vendor's compiler."""
import shutil
from pathlib import Path
from edgekit.core.kinds import Artifact, Converter
from edgekit.core.recipe import Signature
from edgekit.tflite.sidecar import describe

def convert(source: Path, out: Path, *, precision: str) -> Artifact:
    shutil.copyfile(source, out)
    with out.open("ab") as file:
        file.write(b"stamped!")
    nothing = Signature(inputs=(), outputs=())
    return describe(out, precision=precision, signature=nothing, made_by={"by": "stamp"})

converter = Converter(precisions=("int8",), convert=convert, missing=lambda: "")
'''
TARGET = '''
"""A board that runs stamped files."""
from functools import partial
from edgekit.operators.measured import LITERT
from edgekit.operators.support import check_model
from edgekit.operators.target import Target

target = Target(
    check=partial(check_model, target="stamped-board", column=LITERT),
    runtime="litert",
    device="local",
    precisions=("int8",),
    converter="stamp",
)
'''
REPORT = '''
"""A line a row, for spreadsheets."""
from pathlib import Path
from edgekit.core.kinds import Reporter
from edgekit.core.report import Report

def write(report: Report, folder: Path) -> Path:
    path = folder / "report.csv"
    lines = [f"{row.variant},{row.status},{row.value}" for row in report.rows]
    path.write_text("\\n".join(lines))
    return path

report = Reporter(write=write)
'''
PACKAGER = '''
"""The names of what was measured, for a shop window."""
from pathlib import Path
from collections.abc import Sequence
from edgekit.bundling.contents import contents_of
from edgekit.bundling.folder import new_bundle
from edgekit.core.kinds import Packager

def package(run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
    contents = contents_of(run_dir, variants)
    names = [variant.name for variant in contents.variants]
    with new_bundle(out, contents) as folder:
        (folder / "names.txt").write_text(" ".join(names))
    return out

packager = Packager(takes=lambda report: report.ok, package=package, with_builds=True)
'''
FILES = {
    "their_converter.py": CONVERTER,
    "their_target.py": TARGET,
    "their_report.py": REPORT,
    "their_packager.py": PACKAGER,
}
ENTRY_POINTS = """
[edgekit.recipes]
quarters = their_recipe:recipe
[edgekit.converters]
stamp = their_converter:converter
[edgekit.targets]
stamped-board = their_target:target
[edgekit.reports]
csv = their_report:report
[edgekit.packagers]
window = their_packager:packager
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder that pip could have made: modules, and a distribution that announces them."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    shutil.copyfile(RECIPES / "blobs.py", tmp_path / "their_recipe.py")
    facts = tmp_path / "theirs-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(ENTRY_POINTS)
    return tmp_path


def edgekit(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgekit", *arguments],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=installed,
        capture_output=True,
        text=True,
    )


def test_what_others_announce_is_listed(installed: Path) -> None:
    listed = json.loads(edgekit(installed, "list", "--json").stdout)
    names = {kind: {thing["name"] for thing in things} for kind, things in listed.items()}
    assert "quarters" in names["recipes"]
    assert "stamped-board" in names["targets"]
    assert {"csv", "html"} <= names["reports"]
    assert {"window", "bundle"} <= names["packagers"]


@pytest.mark.slow
def test_a_build_uses_them_all(installed: Path) -> None:
    ran = edgekit(
        installed, "build", "quarters", "--target", "stamped-board", "--variant", "float32",
        "--variant", "int8", "--out", "runs",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    folder = installed / "runs" / "quarters"
    assert (folder / "int8" / "model_stamp.tflite").read_bytes().endswith(b"stamped!")
    lines = (folder / "report.csv").read_text().splitlines()
    assert [line.rpartition(",")[0] for line in lines] == ["float32,predicted", "int8,measured"]
    assert (folder / "window" / "names.txt").read_text() == "int8"
    assert (folder / "bundle" / "SHA256SUMS").is_file()
    assert (folder / "report.html").is_file()


@pytest.mark.slow
def test_two_targets_of_one_place_are_not_mixed_up(installed: Path) -> None:
    both = ("--target", "litert", "--target", "stamped-board")
    ran = edgekit(installed, "build", "quarters", *both, "--out", "runs")
    assert ran.returncode == 2
    assert "are both proven by litert on local; build for one at a time" in ran.stderr
    assert not (installed / "runs").exists()
