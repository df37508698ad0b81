from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.errors import NotFound, Unavailable
from edgekit.core.paths import home
from edgekit.core.types import silent
from edgekit.running import debian
from edgekit.running.environments import making, tflite_runtime
from edgekit.verbs import setup
from edgekit.verbs.doctor.doctor import doctor
from edgekit.verbs.setup import SetUp


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EDGEKIT_DEBIAN_MIRROR", raising=False)
    return tmp_path / "home"


def fake_tool(folder: Path, name: str, code: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{code}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of PATH, for fake apt-get and dpkg-deb."""
    monkeypatch.setenv("PATH", str(tmp_path / "tools"), prepend=":")
    fake_tool(tmp_path / "tools", "dpkg-deb", "exit 0")
    return tmp_path / "tools"


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "downloads" not in path.parts]


# doctor and names


def test_the_doctor_speaks_of_everything(empty_home: Path) -> None:
    rows = doctor()
    assert all({f.name for f in fields(row)} == {"kind", "name", "ok", "message"} for row in rows)
    named = {(row.kind, row.name) for row in rows}
    for kind in ("runtimes", "converters"):
        assert {(registry.KINDS[kind], name) for name in registry.names(kind)} <= named
    assert ("device", "raspberry-pi") in named
    told = [row for row in rows if row.kind in ("version", "machine", "path")]
    assert all(row.ok == (row.message == "") for row in rows if row not in told)
    assert {row.name: row.message for row in told}["python"] == platform.python_version()
    found = {row.name: row for row in rows if row.kind == "runtime"}
    assert found["litert"].ok
    if sys.platform == "linux":
        assert "edgekit setup tflite-runtime" in found["tflite-runtime"].message
    assert not home().exists()  # looking makes nothing


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(NotFound, match=r"by the name 'gqu'; there are: .*raspberry-pi"):
        setup.setup(["gqu"])


def test_what_is_in_place_is_left_alone() -> None:
    assert [str(done) for done in setup.setup(["litert", "local", "litert"])] == [
        "litert: is in place",
        "local: is in place",
    ]


@pytest.mark.skipif("gpu" not in registry.names("targets"), reason="There is no target gpu yet.")
def test_a_target_sets_up_the_runtime_that_proves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    if missing := registry.get("runtimes", "litert-gpu").missing():
        pytest.skip(missing)
    assert list(map(str, setup.setup(["gpu"]))) == ["litert-gpu: is in place"]


def test_what_cannot_be_created_says_so(empty_home: Path) -> None:
    if not registry.get("runtimes", "edgetpu").missing():
        pytest.skip("There is an Edge TPU here.")
    with pytest.raises(Unavailable):
        setup.setup(["edgetpu"])


# tflite-runtime's environment


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no wheel of tflite-runtime.")
def test_an_environment_of_which_half_was_deleted_is_made_anew(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    fake_tool(making.folder("tflite-runtime") / "bin", "python", "exit 0")
    (found,) = (row for row in doctor() if (row.kind, row.name) == ("runtime", "tflite-runtime"))
    assert not found.ok
    assert "does not run" in found.message
    assert found.message.endswith("Run: edgekit setup tflite-runtime")
    runtime = replace(registry.get("runtimes", "tflite-runtime"), setup=lambda _: made.append("it"))
    monkeypatch.setattr(registry, "get", lambda *_: runtime)
    assert setup._set_up("runtimes", "tflite-runtime", silent).state == "created"
    assert made == ["it"]


def test_a_fitting_python_is_asked_what_it_is(tmp_path: Path) -> None:
    fake_tool(tmp_path, "shim", "echo 'pyenv: command not found' >&2; exit 127")
    fake_tool(tmp_path, "new", "echo cpython 3 13")
    fake_tool(tmp_path, "other", "echo pypy 3 10")
    fake_tool(tmp_path, "good", "echo cpython 3 9")
    paths = [str(tmp_path / name) for name in ("none", "shim", "new", "other", "good")]
    assert tflite_runtime.find_python(paths) == str(tmp_path / "good")
    with pytest.raises(Unavailable, match=r"CPython 3\.8 to 3\.11.*; run: .*3\.11"):
        tflite_runtime.find_python(paths[:-1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no wheel of tflite-runtime.")
def test_a_failed_installation_leaves_nothing(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty_home))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(Unavailable, match="pip cannot install tflite-runtime: ERROR"):
        setup.setup()
    assert left(empty_home) == []


# Debian's packages without root rights


def test_the_mirror_is_the_one_apt_uses(tools: Path, empty_home: Path) -> None:
    fake_tool(
        tools,
        "apt-get",
        "echo \"'http://example.org/nodesource/dists/x/InRelease' a 0\"\n"
        "echo \"'http://example.org/debian-security/dists/bookworm/InRelease' a 0\"\n"
        "echo \"'http://mirror.example.org/pub/debian/dists/bookworm/InRelease' b 0\"",
    )
    assert debian.mirror() == "http://mirror.example.org/pub/debian"


def test_a_mirror_can_be_named(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_DEBIAN_MIRROR", "http://mirror.example.org/debian")
    assert debian.mirror() == "http://mirror.example.org/debian"


def test_without_a_mirror_the_sentence_names_the_variable(tools: Path, empty_home: Path) -> None:
    fake_tool(tools, "apt-get", "echo \"'http://example.org/ubuntu/dists/noble/InRelease' a 0\"")
    with pytest.raises(Unavailable, match="set EDGEKIT_DEBIAN_MIRROR to the URL"):
        debian.mirror()


def test_without_apt_the_sentence_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_home: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="needs apt-get, which Debian and Ubuntu have"):
        debian.unpack(["python3"], tmp_path / "root", architecture="arm64")
    assert not (tmp_path / "root").exists()


@pytest.mark.skipif(not debian.KEYRING.exists(), reason="Needs debian-archive-keyring.")
def test_a_failed_download_gives_apts_reason_and_leaves_nothing(
    tools: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_DEBIAN_MIRROR", "http://mirror.example.org/debian")
    fake_tool(tools, "apt-get", "echo 'E: Could not resolve mirror.example.org' >&2; exit 100")
    with pytest.raises(Unavailable, match=r"Could not resolve .*run the same command again"):
        setup.setup(["raspberry-pi"])
    assert left(empty_home) == []
    assert not (empty_home / "raspberry-pi").exists()


@pytest.mark.skipif(not debian.KEYRING.exists(), reason="Needs debian-archive-keyring.")
def test_packages_are_unpacked_into_the_folder_and_downloads_removed(
    tools: Path, empty_home: Path, tmp_path: Path
) -> None:
    fake_tool(
        tools,
        "apt-get",
        'case "$*" in\n'
        "*--print-uris*) echo \"'http://mirror.example.org/debian/dists/x/InRelease' a 0\";;\n"
        '*" download "*) for name in $(echo "$*" | sed "s/.* download //"); do\n'
        "touch $name.deb; done;;\n"
        "esac",
    )
    fake_tool(tools, "dpkg-deb", 'touch "$3/$(basename $2)"')
    debian.unpack(["one", "two"], tmp_path / "root", architecture="arm64")
    assert sorted(path.name for path in (tmp_path / "root").iterdir()) == ["one.deb", "two.deb"]
    assert list((empty_home / "downloads").iterdir()) == [
        empty_home / "downloads" / "debian-arm64.lock"
    ]


@pytest.mark.slow
@pytest.mark.skipif(not debian.KEYRING.exists(), reason="Needs debian-archive-keyring.")
def test_a_board_whose_wheels_cannot_be_installed_leaves_nothing(
    tools: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_DEBIAN_MIRROR", "http://mirror.example.org/debian")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for tool in ("apt-get", "qemu-aarch64-static"):
        fake_tool(tools, tool, "exit 0")
    with pytest.raises(Unavailable, match="pip cannot install raspberry-pi: ERROR"):
        setup.setup(["raspberry-pi"])
    assert left(empty_home) == []
    assert not (empty_home / "raspberry-pi").exists()


# The real thing


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", ["tflite-runtime", "raspberry-pi"])
def test_setup_creates_it_and_the_second_time_finds_it(name: str, empty_home: Path) -> None:
    told: list[float] = []
    lines = setup.setup([name], lambda fraction, _doing: told.append(fraction))
    assert "created in" in str(lines[0])
    assert told == sorted(told)
    assert setup.setup([name]) == [SetUp(name=line.name, state="in place") for line in lines]


def test_asking_what_is_missing_starts_no_framework() -> None:
    code = (
        "import sys; import edgekit; edgekit.doctor();"
        "sys.exit(bool({'tensorflow', 'keras', 'ai_edge_litert.interpreter'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
