"""pip installs what is pinned, from whomever it gets it, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgekit.core.errors import Unavailable
from edgekit.core.paths import home
from edgekit.running.environments import making, tflite_runtime
from edgekit.running.environments.making import requirements
from edgekit.running.ethos_u import environment as ethos_u
from edgekit.runtimes import tensorflow, tflite_micro
from tests.support.paths import ROOT

NAMES = ("ethos-u", "raspberry-pi", "tensorflow", "tflite-micro", "tflite-runtime")
PIN = re.compile(
    r"([a-z0-9-]+)==(\w[\w.!+]*)(?: ; [^\\]+)?((?: \\\n +--hash=sha256:[0-9a-f]{64})+)"
)


def pins(name: str) -> list[tuple[str, str]]:
    """Return package and version of each line; refuse what is none."""
    said = re.sub(r"(?m)^ *#.*\n", "", requirements(name).read_text(encoding="utf-8"))
    pinned = [PIN.fullmatch(line) for line in re.split(r"\n(?=\w)", said.strip())]
    assert None not in pinned
    return [(found[1], found[2]) for found in pinned if found]


@pytest.fixture
def hostile_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and for pip an index of other files under every name that is pinned."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for package, version in {pin for name in NAMES for pin in pins(name)}:
        stem = f"{package.replace('-', '_')}-{version}"
        with zipfile.ZipFile(wheels / f"{stem}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{package.replace('-', '_')}.py", "raise SystemExit('It ran.')")
            metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
            wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
            tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{stem}.dist-info/WHEEL", tag)
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return wheels


def test_every_file_of_requirements_is_known_and_ships() -> None:
    files = requirements("tensorflow").parent.glob("*.txt")
    assert sorted(path.stem for path in files) == sorted(NAMES)
    assert '"running/environments/*.txt"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_package_has_a_version_and_checksums(name: str) -> None:
    assert len(pins(name)) >= 3


def test_what_is_pinned_is_what_the_tables_were_measured_with() -> None:
    lite = ("tflite-runtime", tflite_runtime.VERSION)
    assert lite in pins("tflite-runtime")
    assert lite in pins("raspberry-pi")
    assert ("tflite-micro", tflite_micro.VERSION) in pins("tflite-micro")
    assert ("ethos-u-vela", ethos_u.VERSION) in pins("ethos-u")
    for package in ("tensorflow", "tensorflow-cpu"):
        assert (package, tensorflow.VERSION) in pins("tensorflow")


def test_a_file_with_another_checksum_is_refused(hostile_index: Path, tmp_path: Path) -> None:
    into = tmp_path / "installed"
    with pytest.raises(Unavailable, match=r"a file of [\w-]+==\S+ whose SHA-256 begins with") as no:
        making.install_pinned("tflite-micro", [sys.executable, "-P"], ["--target", str(into)])
    assert "run `edgekit setup tflite-micro` again" in str(no.value)
    assert not into.exists()


@pytest.mark.slow
@pytest.mark.skipif(bool(tflite_runtime.impossible()), reason=tflite_runtime.impossible())
def test_setup_leaves_no_half_of_what_was_refused(hostile_index: Path) -> None:
    words = [sys.executable, "-m", "edgekit", "setup", "tflite-runtime"]
    refused = subprocess.run(words, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    last = refused.stderr.splitlines()[-1]
    assert re.search(r"pip was given a file of \S+ whose SHA-256 begins with \w{12}, which", last)
    assert list((home() / "envs").iterdir()) == []
    assert "edgekit setup tflite-runtime" in tflite_runtime.missing()
