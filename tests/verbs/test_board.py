"""What boards have, and which runtime they can get: a fake ssh tells what their Python would."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadInput, Unavailable
from edgekit.verbs.doctor.board import examine

BOARD = "ssh://pi@raspberrypi.local"
WITHOUT = {"numpy": "1.26.4", "tflite-runtime": "", "ai-edge-litert": ""}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes ssh print a text."""

    def tell(text: str) -> None:
        (tmp_path / "said").write_text(text)
        (tmp_path / "ssh").write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
        (tmp_path / "ssh").chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tell


def facts(python: tuple[int, ...], bits: int, packages: dict[str, str]) -> str:
    machine = "aarch64" if bits == 64 else "armv7l"
    common = {"system": "Raspberry Pi OS", "machine": machine}
    return json.dumps({**common, "bits": bits, "python": python, "packages": packages})


@pytest.mark.parametrize(
    ("python", "bits", "tflite_runtime", "litert"),
    [
        ((3, 11, 2), 64, "run there: python3 -m pip install tflite-runtime", "run there: "),
        ((3, 13, 5), 64, "cannot be installed: PyPI has wheels for Python 3.9 to 3.11", "run"),
        ((3, 11, 2), 32, "run there: ", "Python 3.9 to 3.14 on 64-bit systems only"),
        ((3, 13, 5), 32, "cannot be installed: ", "cannot be installed: "),
    ],
)
def test_it_says_which_runtime_a_board_can_get(
    told: Callable[[str], None],
    python: tuple[int, ...],
    bits: int,
    tflite_runtime: str,
    litert: str,
) -> None:
    told(facts(python, bits, WITHOUT))
    found = {finding.name: finding for finding in examine(BOARD)}
    assert [found[name].ok for name in ("system", "Python", "NumPy")] == [True] * 3
    assert not found["tflite-runtime"].ok
    assert tflite_runtime in found["tflite-runtime"].message
    assert litert in found["ai-edge-litert"].message


def test_what_is_there_is_told_with_its_version(told: Callable[[str], None]) -> None:
    told(facts((3, 7, 3), 32, {**WITHOUT, "numpy": "", "tflite-runtime": "2.14.0"}))
    found = {finding.name: finding for finding in examine(BOARD)}
    assert (found["tflite-runtime"].ok, found["tflite-runtime"].message) == (True, "2.14.0")
    assert found["Python"].message == "3.7.3, 32-bit is too old; 3.8 is not"
    assert found["NumPy"].message == "run there: sudo apt-get install python3-numpy"


@pytest.mark.parametrize("text", ["", "Welcome!", "[]", '{"bits": 64}'])
def test_a_board_without_python_is_told(told: Callable[[str], None], text: str) -> None:
    told(text)
    with pytest.raises((Unavailable, BadInput, ValueError), match=BOARD):
        examine(BOARD)


@pytest.mark.device
def test_the_emulated_board_has_both_runtimes() -> None:
    if missing := registry.get("devices", "raspberry-pi").missing():
        pytest.skip(missing)
    found = {finding.name: finding.message for finding in examine("raspberry-pi")}
    assert found["system"] == "Debian GNU/Linux 12 (bookworm), aarch64"
    assert found["tflite-runtime"] == "2.14.0"
    assert found["ai-edge-litert"] == "2.3.0"
