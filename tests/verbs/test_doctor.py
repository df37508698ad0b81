"""What `edgekit doctor` tells in any case: versions, machine, folders, a line for bug reports."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from pathlib import Path

import pytest

from edgekit.core.paths import home
from edgekit.running import this_machine
from edgekit.running.environments import making
from edgekit.verbs.doctor import versions
from edgekit.verbs.doctor.local import Finding
from tests.support.paths import ROOT
from tests.support.refusals import edgekit


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EDGEKIT_DATA", raising=False)
    return tmp_path / "home"


def told() -> dict[str, Finding]:
    return {finding.name: finding for finding in versions.examine()}


def test_versions_are_those_that_are_installed() -> None:
    found = told()
    assert found["python"].message == platform.python_version()
    for name, package in (("edgekit", "edgekit-tflite"), ("ai-edge-litert", "ai-edge-litert")):
        assert found[name].message == importlib.metadata.version(package)
        assert found[name].ok


def test_a_package_that_is_not_installed_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(this_machine, "PACKAGES", ("no-such-package",))
    finding = told()["no-such-package"]
    assert not finding.ok
    assert finding.message.endswith("run: pip install 'edgekit-tflite[build]'")
    assert "no-such-package missing" in versions.report_line(told().values())


def test_the_version_of_tflite_runtime_is_that_of_its_environment() -> None:
    assert not told()["tflite-runtime"].ok
    folder = making.folder("tflite-runtime") / "lib/python3.9/site-packages"
    info = folder / "tflite_runtime-2.13.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tflite-runtime\nVersion: 2.13.1\n")
    assert told()["tflite-runtime"].message == "2.13.1"


def test_folders_are_told_with_what_decides_them(
    empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told()["EDGEKIT_HOME"].message == f"{empty_home} (by the variable EDGEKIT_HOME)"
    monkeypatch.delenv("EDGEKIT_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert told()["EDGEKIT_HOME"].message == f"{home()} (by the variable XDG_CACHE_HOME)"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert told()["EDGEKIT_HOME"].message.startswith(f"{home()} (the default;")


def test_a_folder_of_data_that_is_none_is_no_finding_to_be_content_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told()["EDGEKIT_DATA"].message.startswith("not set")
    monkeypatch.setenv("EDGEKIT_DATA", str(tmp_path))
    assert (told()["EDGEKIT_DATA"].ok, told()["EDGEKIT_DATA"].message) == (True, str(tmp_path))
    monkeypatch.setenv("EDGEKIT_DATA", str(tmp_path / "none"))
    assert not told()["EDGEKIT_DATA"].ok


def test_the_line_for_a_bug_report_comes_last_and_is_one_line() -> None:
    line = edgekit("doctor").stdout.splitlines()[-1]
    found = told()
    for name in ("edgekit", "python", "ai-edge-litert", "system", "processor"):
        assert f"{name} {found[name].message}" in line
    machine_readable = json.loads(edgekit("doctor --json").stdout)
    assert machine_readable["line"] == line
    assert {"kind", "name", "ok", "message"} == set(machine_readable["checks"][0])


@pytest.mark.parametrize("form", ["crash.yml", "wrong_answer.yml"])
def test_who_reports_a_bug_is_asked_for_that_line(form: str) -> None:
    text = (ROOT / ".github/ISSUE_TEMPLATE" / form).read_text(encoding="utf-8")
    assert "The last line that `edgekit doctor` prints" in text
