"""A place: a runtime on a device, where a file can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from edgekit.core import registry
from edgekit.core.errors import BadModelFile
from edgekit.core.kinds import Device, Runtime
from edgekit.operators.support import file_problems
from edgekit.operators.target import Target
from edgekit.tflite.reader import read


@dataclass(frozen=True, kw_only=True)
class Place:
    """A runtime on a device, both by name."""

    runtime: str
    device: str = "local"

    def find(self) -> tuple[Runtime, Device]:
        """Return the runtime and the device.

        Raises:
            NotFound: There is none by one of the names.
        """
        runtime = registry.get("runtimes", self.runtime)
        return runtime, registry.get("devices", self.device)

    def mismatch(self) -> str:
        """Return "" if the runtime runs on such a device at all, else the sentence that says no."""
        runtime, device = self.find()
        kind = registry.name_of("devices", self.device).partition("://")[0]
        if kind in runtime.devices or registry.name_of("runtimes", self.runtime) in device.runtimes:
            return ""
        allowed = ", ".join(runtime.devices)
        return f"{self.runtime} does not run on {self.device}; it runs on: {allowed}."

    def missing(self) -> str:
        """Return "" if files can run here, else the sentence that says how to get there."""
        runtime, device = self.find()
        on_this_machine = runtime.missing() if self.device == "local" else ""
        return self.mismatch() or on_this_machine or device.missing()

    def is_emulated(self) -> bool:
        """Whether the device is emulated: slow, and its times mean nothing."""
        return not self.find()[1].times_mean_something


def places(targets: Sequence[str] = ()) -> dict[str, Place]:
    """Return target name -> the place that proves it, for all targets or those named."""
    found = {name: target(name) for name in targets or registry.names("targets")}
    return {name: Place(runtime=each.runtime, device=each.device) for name, each in found.items()}


def target(name: str) -> Target:
    """Return the target called `name`.

    Raises:
        NotFound: There is none.
    """
    return cast(Target, registry.get("targets", name))


def refuse_unrunnable(path: Path, runtime: str) -> None:
    """Refuse, before any process starts, a file that the runtime cannot run.

    Args:
        path: A `.tflite` file.
        runtime: Name of the runtime; "" for any.

    Raises:
        BadModelFile: It is no `.tflite`, has no operators, or one that nothing here knows.
    """
    brought = registry.get("runtimes", runtime).custom_operators if runtime else ()
    if problems := file_problems(read(path), brought=brought):
        raise BadModelFile(f"'{path}' cannot be run: {problems[0]}")
