"""Raspberry Pi: the bundle with a runner for camera, files and self-test, requirements, a service.

Only models that were right on a CPU are in it, and none that was wrong on a Raspberry Pi, be it the
emulated one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgekit.bundling.board.files import Board, package_for
from edgekit.bundling.contents import fitting
from edgekit.core.kinds import Packager
from edgekit.core.report import Row

BOARDS = ("raspberry-pi", "ssh://")
"""How the names of those devices begin that are boards."""


def fits(rows: Sequence[Row]) -> bool:
    """Whether a variant is right on a board, or on a CPU if no board was asked."""
    there = [row for row in rows if row.device.startswith(BOARDS) and not row.adapter]
    on_cpus = [row for row in rows if not row.adapter]
    return all(row.ok for row in there) if there else any(row.ok for row in on_cpus)


def package(run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
    """Make the bundle; see `package_for`."""
    return package_for(Board(name="Raspberry Pi", fits=fits), run_dir, out, variants)


packager = Packager(takes=lambda report: bool(fitting(report, fits)), package=package)
