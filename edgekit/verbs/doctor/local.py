"""What is here, and what is missing with the one line that gets it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgekit.core import registry
from edgekit.core.errors import EdgekitError, Unavailable
from edgekit.core.parallel import in_parallel
from edgekit.core.types import Progress, silent
from edgekit.operators.target import Target
from edgekit.running.smoke_test import prove, prove_target

TOOLS = {
    "ssh": "run: sudo apt-get install openssh-client",
    "apt-get": "fetches the software GPU driver and the emulated board; Debian and Ubuntu have it",
}
"""Programs that some things use -> how to get them."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Whether one thing is here.

    Attributes:
        kind: "version", "machine" and "path" for what is told in any case; "runtime", "device",
            "converter", "target" or "tool"; "board" for what a board has.
        message: What is missing and the one line that gets it; if it is here, which one or "".
    """

    kind: str
    name: str
    ok: bool
    message: str


def examine(progress: Progress = silent) -> list[Finding]:
    """Report what is here, and what is missing with the one line that gets it."""
    things = [
        (kind, name) for kind in ("runtimes", "devices", "converters") for name in local_names(kind)
    ]
    things += [("targets", name) for name in _targets_to_set_up()]
    findings = []
    for (kind, name), message in in_parallel(lambda thing: problem(*thing), things):
        findings.append(_finding(registry.KINDS[kind], name, message))
        progress(len(findings) / len(things), f"looked at {name}")
    for name, how in TOOLS.items():
        message = "" if shutil.which(name) else f"{name} is not on PATH; {how}"
        findings.append(_finding("tool", name, message))
    return findings


def _targets_to_set_up() -> list[str]:
    """Return the targets of builds that ask a compiler; others may share what it is set up in."""
    found = []
    for name in registry.names("targets"):
        with contextlib.suppress(EdgekitError):  # `edgekit check` tells of a broken file
            target: Target = registry.get("targets", name)
            found += [name] if target.setup and target.with_builds else []
    return found


def local_names(kind: str) -> list[str]:
    """Return the names of a kind, without those that need an address, such as `ssh`."""
    return [name for name in registry.names(kind) if not _needs_address(kind, name)]


def _needs_address(kind: str, name: str) -> bool:
    try:
        return callable(registry.get(kind, name))
    except EdgekitError:  # told by `_missing`
        return False


def problem(kind: str, name: str) -> str:
    """Return what is missing and how to get it; "" if it is here and, where `setup` made it, runs.

    What was set up is run, since a file that is there says little of the many beside it.
    """
    try:
        thing = registry.get(kind, name)
        missing: str = thing.missing()
        if not missing and getattr(thing, "setup", None) and kind in _PROVEN:
            _PROVEN[kind](name)
    except Unavailable as error:
        return f"{error} Run: edgekit setup {name}"
    except EdgekitError as error:
        return str(error)
    return missing


_PROVEN: Mapping[str, Callable[[str], object]] = {
    "runtimes": prove,
    "devices": lambda device: prove("tflite-runtime", device),
    "targets": prove_target,
}


def _finding(kind: str, name: str, message: str) -> Finding:
    return Finding(kind=kind, name=name, ok=not message, message=message)
