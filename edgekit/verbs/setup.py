"""Set up what runtimes and devices need."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgekit.core import registry
from edgekit.core.errors import NotFound, Unavailable, did_you_mean
from edgekit.core.kinds import Device, Runtime
from edgekit.core.parallel import part
from edgekit.core.types import Progress, several, silent
from edgekit.operators.target import Target
from edgekit.running.environments import tflite_runtime
from edgekit.verbs.doctor.local import local_names, problem

DEFAULT = "tflite-runtime"
"""What is set up if nothing is named: the one CPU runtime that pip cannot install with edgekit."""


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """What became of one thing that was to be set up; as text, a line.

    Attributes:
        name: Of the runtime, device or target.
        state: "impossible" only where nothing was named, and this machine cannot hold the default.
        seconds: That creating it took.
        reason: Why it is impossible; "" otherwise.
    """

    name: str
    state: Literal["in place", "created", "impossible"]
    seconds: float = 0.0
    reason: str = ""

    def __str__(self) -> str:
        said = {
            "in place": "is in place",
            "created": f"created in {self.seconds:.0f} s",
            "impossible": self.reason,
        }
        return f"{self.name}: {said[self.state]}"


def setup(names: str | Sequence[str] = (), progress: Progress = silent) -> list[SetUp]:
    """Create the environments, drivers and roots that the named things need.

    Args:
        names: One or several runtimes, devices or targets: the target "gpu" needs the runtime
            "litert-gpu", the target "ethos-u" a compiler. If empty, the environment of
            tflite-runtime is made where this machine can hold it.
        progress: Told how far it is.

    Returns:
        What was done about each thing; its text is a line that says so.

    Raises:
        NotFound: A name is none of these.
        Unavailable: One cannot be created here; the sentence says what to run.

    Example:
        >>> print(*setup(["litert"]))
        litert: is in place
    """
    names = several(names)
    if not names and (reason := tflite_runtime.impossible()):
        return [SetUp(name=DEFAULT, state="impossible", reason=reason)]
    needed = list(dict.fromkeys(need for name in names or [DEFAULT] for need in _needs(name)))
    return [
        _set_up(kind, name, part(progress, done / len(needed), (done + 1) / len(needed)))
        for done, (kind, name) in enumerate(needed)
    ]


def _needs(name: str) -> list[tuple[str, str]]:
    """Return the runtimes, devices and targets, by kind and name, that a name asks for."""
    needs = [(kind, name) for kind in ("runtimes", "devices") if name in local_names(kind)]
    if name in registry.names("targets") or name.endswith(".py"):
        target = registry.get("targets", name)
        if target.setup:
            needs.append(("targets", name))
        if target.runtime:
            local = target.device == "local"
            needs.append(("runtimes", target.runtime) if local else ("devices", target.device))
    if not needs:
        known = [*local_names("runtimes"), *local_names("devices"), *registry.names("targets")]
        allowed = sorted(set(known))
        raise NotFound(
            f"There is nothing to set up by the name '{name}'; there are: {', '.join(allowed)}."
            + did_you_mean(name, allowed)
        )
    return needs


def _set_up(kind: str, name: str, progress: Progress) -> SetUp:
    thing: Runtime | Device | Target = registry.get(kind, name)
    progress(0.0, f"looking at {name}")
    before = thing.missing() or problem(kind, name)
    if not before:
        return SetUp(name=name, state="in place")
    if thing.setup is None:
        raise Unavailable(before)
    began = time.monotonic()
    thing.setup(progress)
    if missing := thing.missing():
        raise Unavailable(missing)
    return SetUp(name=name, state="created", seconds=time.monotonic() - began)
