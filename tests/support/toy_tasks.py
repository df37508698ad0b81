"""Tasks that cost nothing: they read, write, wait, and say where they ran."""

from __future__ import annotations

import os
import time
from pathlib import Path

from edgekit.core.child_process import report_progress
from edgekit.core.errors import BadData
from edgekit.search.candidate import Candidate


def written(out: Path, name: str, text: str) -> str:
    """Write a file into the run folder `run`; return what else there is."""
    folder = out / "run"
    there = sorted(path.name for path in folder.rglob("*") if path.is_file())
    (folder / "made").mkdir(parents=True, exist_ok=True)
    (folder / "made" / name).write_text(text)
    return " ".join(there)


def swapped(out: Path, old: str, given: Path) -> str:
    """Remove a file of the run folder; return what a file outside of it holds."""
    (out / "run" / old).unlink()
    return given.read_text()


def refused(text: str) -> None:
    """Raise what edgekit explains."""
    raise BadData(text)


def slept(seconds: float) -> list[float]:
    """Wait; return when that began and ended."""
    start = time.time()
    time.sleep(seconds)
    return [start, time.time()]


def noted(marks: Path, name: str, seconds: float) -> str:
    """Leave a mark for this attempt and its node at once, then wait; return the name.

    Args:
        marks: A folder that all see, which is how a test counts attempts.
        name: Of the task.
        seconds: To wait.
    """
    # The parent of a process that runs tasks of Ray is its node.
    (marks / f"{name} {os.getppid()} {time.time_ns()}").touch()
    time.sleep(seconds)
    return name


def tried(out: Path, marks: Path, variant: str) -> Candidate:
    """Stand in for a trial: write a file whose size the name decides, and say what it comes to.

    Args:
        out: Folder above the run folder.
        marks: A folder that all see, which is how a test counts attempts.
        variant: Its name.
    """
    noted(marks, variant.replace("/", " "), 0.2)
    size = sum(map(ord, variant)) % 97 + 1
    path = out / "blobs" / variant / "model.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return Candidate(
        variant=variant,
        drop=(size * 7 % 31) / 10,
        size_bytes=size,
        compressed_bytes=size,
        latency_ms=size * 5 % 13 + 1.0,
        is_sound=True,
    )


def told_and_slept(seconds: float) -> None:
    """Report to the parent, then wait."""
    report_progress(0.0, "waiting")
    time.sleep(seconds)
