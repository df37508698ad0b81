"""Say what is here, or on a board, and what is missing."""

from __future__ import annotations

from edgekit.verbs.doctor import board, local
from edgekit.verbs.doctor.local import Finding


def doctor(device: str = "local") -> list[Finding]:
    """Report what is here, and what is missing with the one line that gets it.

    Args:
        device: "local" for all that edgekit uses on this machine; "raspberry-pi" or
            `ssh://user@host` for what a board has, and which runtime it can get.

    Raises:
        NotFound, BadInput: There is no such device.
        Unavailable: The device cannot be reached, or runs no Python.
    """
    return local.examine() if device == "local" else board.examine(device)
