"""Set up what runtimes and devices need, and report what is here and what is missing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgekit.core import registry
from edgekit.core.errors import EdgekitError, NotFound, Unavailable
from edgekit.core.kinds import Device, Runtime
from edgekit.core.parallel import part
from edgekit.core.types import Progress, silent
from edgekit.running import tflite_environment

DEFAULT = "tflite-runtime"
"""What is set up if nothing is named: the one CPU runtime that pip cannot install with edgekit."""

TOOLS = {
    "ssh": "run: sudo apt-get install openssh-client",
    "apt-get": "fetches the software GPU driver and the emulated board; Debian and Ubuntu have it",
}
"""Programs that some things use -> how to get them."""


def setup(names: Sequence[str] = (), progress: Progress = silent) -> list[str]:
    """Create the environments, drivers and roots that the named things need.

    Args:
        names: Runtimes, devices or targets: the target "gpu" needs the runtime "litert-gpu". If
            empty, the environment of tflite-runtime is made where this machine can hold it.
        progress: Told how far it is.

    Returns:
        One line for each thing, which says what was done.

    Raises:
        NotFound: A name is none of these.
        Unavailable: One cannot be created here; the sentence says what to run.

    Example:
        >>> setup(["gpu"])  # doctest: +SKIP
        ['litert-gpu: created in 3 s']
    """
    if not names and (reason := tflite_environment.impossible()):
        return [f"{DEFAULT}: {reason}"]
    needed = list(dict.fromkeys(need for name in names or [DEFAULT] for need in _needs(name)))
    return [
        _set_up(kind, name, part(progress, done / len(needed), (done + 1) / len(needed)))
        for done, (kind, name) in enumerate(needed)
    ]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Whether one thing is here.

    Attributes:
        kind: "runtime", "device", "converter" or "tool".
        message: What is missing and the one line that gets it; "" if it is here.
    """

    kind: str
    name: str
    ok: bool
    message: str


def doctor() -> list[Finding]:
    """Report what is here, and what is missing with the one line that gets it."""
    findings = [
        _finding(registry.KINDS[kind], name, _missing(kind, name))
        for kind in ("runtimes", "devices", "converters")
        for name in _local(kind)
    ]
    for name, how in TOOLS.items():
        message = "" if shutil.which(name) else f"{name} is not on PATH; {how}"
        findings.append(_finding("tool", name, message))
    return findings


def _needs(name: str) -> list[tuple[str, str]]:
    """Return the runtimes and devices, by kind and name, that a name asks for."""
    needs = [(kind, name) for kind in ("runtimes", "devices") if name in _local(kind)]
    if name in registry.names("targets"):
        target = registry.get("targets", name)
        local = target.device == "local"
        needs.append(("runtimes", target.runtime) if local else ("devices", target.device))
    if not needs:
        known = [*_local("runtimes"), *_local("devices"), *registry.names("targets")]
        allowed = ", ".join(sorted(set(known)))
        raise NotFound(f"There is nothing to set up by the name '{name}'; there are: {allowed}.")
    return needs


def _set_up(kind: str, name: str, progress: Progress) -> str:
    thing: Runtime | Device = registry.get(kind, name)
    missing = thing.missing()
    if not missing:
        return f"{name}: is in place"
    if thing.setup is None:
        raise Unavailable(missing)
    began = time.monotonic()
    thing.setup(progress)
    if missing := thing.missing():
        raise Unavailable(missing)
    return f"{name}: created in {time.monotonic() - began:.0f} s"


def _local(kind: str) -> list[str]:
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
