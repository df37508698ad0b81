"""The environment that `edgekit setup ethos-u` makes for Vela, and how Vela is started in it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from edgekit.core import processes
from edgekit.core.types import Progress
from edgekit.running.environments import making
from edgekit.running.smoke_test import prove_target

NAME = "ethos-u"
VERSION = "5.2.0"
TIMEOUT_S = 600.0
"""Vela searches for a schedule; files of edgekit's recipes take seconds."""

_START = "import sys; from ethosu.vela.vela import main; sys.exit(main(sys.argv[1:]))"


def missing() -> str:
    """Return "" if Vela is here, else how to get it."""
    if making.is_there(NAME):
        return ""
    return (
        "Arm's compiler Vela, which predicts for Ethos-U, is not there; run: edgekit setup ethos-u"
    )


def setup(progress: Progress) -> None:
    """Create the environment and let Vela compile a tiny model.

    Raises:
        Unavailable: There are no wheels for this machine, no network, or it does not run here.
    """
    making.make(NAME, sys.executable, progress, proof=prove_target)


def start(arguments: Sequence[str], folder: Path) -> processes.Finished:
    """Run Vela in a process of its own until it ends, or for `TIMEOUT_S` seconds.

    Args:
        arguments: Of the program `vela`.
        folder: Where it runs.
    """
    python = making.command(NAME).python(_START)
    return processes.run([*python, *arguments], env=making.plain(), cwd=folder, timeout_s=TIMEOUT_S)
