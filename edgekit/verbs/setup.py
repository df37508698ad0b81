"""Set up what runtimes and devices need."""

from __future__ import annotations

import time
from collections.abc import Sequence

from edgekit.core import registry
from edgekit.core.errors import NotFound, Unavailable
from edgekit.core.kinds import Device, Runtime
from edgekit.core.parallel import part
from edgekit.core.types import Progress, silent
from edgekit.running.environments import tflite_runtime
from edgekit.verbs.doctor.local import local_names, problem

DEFAULT = "tflite-runtime"
"""What is set up if nothing is named: the one CPU runtime that pip cannot install with edgekit."""


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
    if not names and (reason := tflite_runtime.impossible()):
        return [f"{DEFAULT}: {reason}"]
    needed = list(dict.fromkeys(need for name in names or [DEFAULT] for need in _needs(name)))
    return [
        _set_up(kind, name, part(progress, done / len(needed), (done + 1) / len(needed)))
        for done, (kind, name) in enumerate(needed)
    ]


def _needs(name: str) -> list[tuple[str, str]]:
    """Return the runtimes and devices, by kind and name, that a name asks for."""
    needs = [(kind, name) for kind in ("runtimes", "devices") if name in local_names(kind)]
    if name in registry.names("targets"):
        target = registry.get("targets", name)
        local = target.device == "local"
        needs.append(("runtimes", target.runtime) if local else ("devices", target.device))
    if not needs:
        known = [*local_names("runtimes"), *local_names("devices"), *registry.names("targets")]
        allowed = ", ".join(sorted(set(known)))
        raise NotFound(f"There is nothing to set up by the name '{name}'; there are: {allowed}.")
    return needs


def _set_up(kind: str, name: str, progress: Progress) -> str:
    thing: Runtime | Device = registry.get(kind, name)
    progress(0.0, f"looking at {name}")
    before = thing.missing() or problem(kind, name)
    if not before:
        return f"{name}: is in place"
    if thing.setup is None:
        raise Unavailable(before)
    began = time.monotonic()
    thing.setup(progress)
    if missing := thing.missing():
        raise Unavailable(missing)
    return f"{name}: created in {time.monotonic() - began:.0f} s"
