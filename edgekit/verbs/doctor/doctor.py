"""Say what is here, or on a board, and what is missing."""

from __future__ import annotations

from edgekit.core.types import Progress, silent
from edgekit.verbs.doctor import board, local, versions
from edgekit.verbs.doctor.local import Finding


def doctor(device: str = "local", *, progress: Progress = silent) -> list[Finding]:
    """Report what is here, and what is missing with the one line that gets it.

    Args:
        device: "local" for versions, folders and all that edgekit uses here; "raspberry-pi" or
            `ssh://user@host` for what a board has, and which runtime it can get.
        progress: Told what is looked at on this machine, where runtimes that were set up are run.

    Raises:
        NotFound, BadInput: There is no such device.
        Unavailable: The device cannot be reached, or runs no Python.
    """
    if device != "local":
        return board.examine(device)
    return [*versions.examine(), *local.examine(progress)]
