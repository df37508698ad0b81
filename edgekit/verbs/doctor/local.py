"""What is here, and what is missing with the one line that gets it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from edgekit.core import registry
from edgekit.core.errors import EdgekitError

TOOLS = {
    "ssh": "run: sudo apt-get install openssh-client",
    "apt-get": "fetches the software GPU driver and the emulated board; Debian and Ubuntu have it",
}
"""Programs that some things use -> how to get them."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Whether one thing is here.

    Attributes:
        kind: "runtime", "device", "converter" or "tool"; "board" for what a board has.
        message: What is missing and the one line that gets it; if it is here, which one or "".
    """

    kind: str
    name: str
    ok: bool
    message: str


def examine() -> list[Finding]:
    """Report what is here, and what is missing with the one line that gets it."""
    findings = [
        _finding(registry.KINDS[kind], name, _missing(kind, name))
        for kind in ("runtimes", "devices", "converters")
        for name in local_names(kind)
    ]
    for name, how in TOOLS.items():
        message = "" if shutil.which(name) else f"{name} is not on PATH; {how}"
        findings.append(_finding("tool", name, message))
    return findings


def local_names(kind: str) -> list[str]:
    """Return the names of a kind, without those that need an address, such as `ssh`."""
    return [name for name in registry.names(kind) if not _needs_address(kind, name)]


def _needs_address(kind: str, name: str) -> bool:
    try:
        return callable(registry.get(kind, name))
    except EdgekitError:  # told by `_missing`
        return False


def _missing(kind: str, name: str) -> str:
    try:
        missing: Callable[[], str] = registry.get(kind, name).missing
        return missing()
    except EdgekitError as error:
        return str(error)


def _finding(kind: str, name: str, message: str) -> Finding:
    return Finding(kind=kind, name=name, ok=not message, message=message)
