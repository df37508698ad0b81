"""What a person sees: the command line on a real terminal of some width, and in a pipe."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.support.paths import GOLDEN

CHECK = ("check", str(GOLDEN / "int8.tflite"), "--target", "edgetpu")
ANSI = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
COLOURED = re.compile(r"\x1b\[[\d;]*3\dm")


def on_terminal(arguments: tuple[str, ...], columns: int, env: Mapping[str, str]) -> str:
    """Return what a command writes to a terminal of its own, with both streams on it."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    child = subprocess.Popen(
        [sys.executable, "-m", "edgekit", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**plain, "TERM": "xterm-256color", **env},
    )
    os.close(theirs)
    written = b""
    while block := _read(ours):
        written += block
    child.wait(timeout=60)
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


VARIABLES = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM"}


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.parametrize("columns", [40, 80])
def test_a_table_fits_the_terminal(columns: int) -> None:
    shown = on_terminal(CHECK, columns, {})
    assert COLOURED.search(shown)
    lines = ANSI.sub("", shown).splitlines()
    wide = [line for line in lines if len(line) > columns]
    assert all(" " not in line.strip() for line in wide), wide  # such as an address
    assert len(lines[0]) <= columns
    assert ("operator" in lines[0]) == (columns == 80)


def test_a_pipe_gets_whole_lines_without_colours() -> None:
    command = [sys.executable, "-m", "edgekit", *CHECK]
    env = {**os.environ, "COLUMNS": "40"}  # some shells export the width of their terminal
    shown = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60).stdout
    assert "\x1b" not in shown
    (note,) = (line for line in shown.splitlines() if line.startswith("[1] "))
    assert len(note) > 200
    assert all(line == line.rstrip() for line in shown.splitlines())


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_can_be_declined(env: Mapping[str, str]) -> None:
    assert not COLOURED.search(on_terminal(CHECK, 80, env))


def test_a_bar_tells_percent_and_the_time_that_is_left(tmp_path: Path) -> None:
    shown = on_terminal(("verify", str(GOLDEN / "int8.tflite")), 40, {})
    bars = [ANSI.sub("", bar) for bar in shown.split("\r") if " left " in bar]
    assert any(re.search(r" \d+% (-:--:--|\d:\d\d:\d\d) left running", bar) for bar in bars), bars
    assert max(map(len, bars)) <= 41


def test_where_nothing_can_move_lines_tell_how_far_it_is() -> None:
    shown = on_terminal(("verify", str(GOLDEN / "int8.tflite")), 80, {"TERM": "dumb"})
    assert "[  0%] running" in shown
    assert "left" not in shown
