"""`edgekit data`: what there is, what is here, and how it gets here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.core.errors import NotFound, Unavailable
from tests.support.upstream import serving


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EDGEKIT_DATA", raising=False)
    return tmp_path / "home"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgekit", "data", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_is_here_is_said(home: Path) -> None:
    here = {each.name: each.here for each in edgekit.data_list()}
    assert here["sea-temperature"]
    assert here["bible"]
    assert not here["pedestrians"]
    (home / "data").mkdir(parents=True)
    (home / "data" / "pedestrians-vtest.avi").write_bytes(b"film")
    (pedestrians,) = (each for each in edgekit.data_list() if each.name == "pedestrians")
    assert pedestrians.paths == (str(home / "data" / "pedestrians-vtest.avi"),)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match=r"no data set 'imagenet'; there are: bccd, .*spoken-digits"):
        edgekit.data_get("imagenet")


def test_the_others_are_got_before_a_failure_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as upstream:
        monkeypatch.setenv("EDGEKIT_UPSTREAM", upstream.address)
        with pytest.raises(Unavailable, match=r"2 of 3 data sets are missing.*vtest.*404"):
            edgekit.data_get(["pedestrians", "bible", "mocap"])
        assert len(upstream.asked) == 2


def test_the_command_line_lists_and_gets() -> None:
    listed = run("list")
    assert "spoken-digits" in listed.stdout
    assert "CC BY-SA 4.0" in listed.stdout
    got = run("get", "sea-temperature", "--json")
    (sea,) = json.loads(got.stdout)["data"]
    assert sea["here"]
    assert np.array(sea["paths"]).shape == (1,)
    for arguments in (("get",), ("get", "mocap", "--all")):
        wrong = run(*arguments)
        assert wrong.returncode == 2
        assert "Give the names of data sets or --all" in wrong.stderr
