"""Run the command line in this process, and see that it refuses: a sentence, and nothing else."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgekit.cli import app, output
from edgekit.core.child_process import Child, answer_to
from edgekit.core.paths import MOST_GB
from tests.support.bad_files import write_bad_files

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST = 1000
"""Characters of a sentence; the longest ones list what names there are."""

Refuse = Callable[[str], str]


@dataclass(frozen=True)
class Ran:
    """What a command said."""

    code: object
    stdout: str
    stderr: str


def edgekit(line: str) -> Ran:
    """Run a command as `edgekit` does, without starting Python anew."""
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with _restored(), redirect_stdout(stdout), redirect_stderr(stderr):
        sys.argv = ["edgekit", *shlex.split(line)]
        with pytest.raises(SystemExit) as left:
            output.run(app)
    texts = []
    for stream in (stdout, stderr):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Ran(left.value.code, *texts)


@contextmanager
def _restored() -> Iterator[None]:
    arguments, handlers = sys.argv, [signal.getsignal(number) for number in SIGNALS]
    try:
        yield
    finally:
        sys.argv = arguments
        for number, handler in zip(SIGNALS, handlers, strict=True):
            signal.signal(number, handler)


def refusing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Return a function that runs a command line on a bare machine and checks its refusal.

    It returns the sentence. The files of `write_bad_files` lie in the current folder; what would
    run in a child process runs in this one, so that TensorFlow is imported once.
    """
    files, scratch = folder / "files", folder / "scratch"
    if not files.exists():
        files.mkdir()
        scratch.mkdir()
        write_bad_files(files)
    monkeypatch.chdir(files)
    monkeypatch.setenv("EDGEKIT_HOME", str(folder / "home"))
    monkeypatch.delenv("EDGEKIT_DATA", raising=False)
    monkeypatch.setenv(MOST_GB, "0.04")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setattr(
        Child, "_run", lambda self, request, log: (answer_to(json.loads(request)), "exit code 0")
    )

    def refuse(line: str) -> str:
        before = snapshot(folder)
        ran = edgekit(line)
        after = snapshot(folder)
        assert after == before, set(after) ^ set(before)
        return sentence_of(ran)

    return refuse


def sentence_of(ran: Ran) -> str:
    """Return the only sentence of a refusal, after checking that it is one."""
    assert ran.code == 2, ran
    assert ran.stdout == ""
    said = [line for line in ran.stderr.splitlines() if not line.startswith("[")]  # progress
    assert len(said) == 1, ran.stderr
    assert said[0].startswith("edgekit: ")
    assert len(said[0]) < LONGEST
    assert "Traceback" not in said[0]
    return said[0].removeprefix("edgekit: ")


def snapshot(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return what lies below a folder, with sizes and times of the files.

    What TensorFlow writes to trace functions, and removes when the process ends, is left out.
    """
    found: dict[str, tuple[int, ...]] = {}
    for above, folders, files in os.walk(folder):
        found |= {f"{above}/{name}": () for name in folders}
        for name in files:
            if not name.startswith("__autograph_generated_file"):
                stat = os.lstat(f"{above}/{name}")
                found[f"{above}/{name}"] = (stat.st_size, stat.st_mtime_ns)
    return found
