"""A place where a file can run: a runtime on a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgekit.core import registry
from edgekit.core.errors import BadInput, BadModelFile
from edgekit.core.kinds import Device, Runtime
from edgekit.operators.support import file_problems
from edgekit.operators.target import Target
from edgekit.running.quantization import number_ports
from edgekit.tflite.reader import read

Hardware = Literal["real", "emulated", "software GPU"]
"""What computes: that which is meant, or another machine in its place."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A runtime on a device, both by name."""

    runtime: str
    device: str = "local"

    def find(self) -> tuple[Runtime, Device]:
        """Return the runtime and the device.

        Raises:
            NotFound: There is none by one of the names.
            BadInput: The device is one that needs an address.
        """
        device = registry.get("devices", self.device)
        if not isinstance(device, Device):  # but a function of a URL
            raise BadInput(
                f"'{self.device}' alone is no device; give an address, "
                f"such as {self.device}://user@host."
            )
        return registry.get("runtimes", self.runtime), device

    def mismatch(self) -> str:
        """Return "" if the runtime runs on this kind of device, else the sentence that says no."""
        runtime, device = self.find()
        kind = registry.name_of("devices", self.device).partition("://")[0]
        if kind in runtime.devices or registry.name_of("runtimes", self.runtime) in device.runtimes:
            return ""
        allowed = ", ".join(runtime.devices)
        return f"{self.runtime} does not run on {self.device}; it runs on: {allowed}."

    def missing(self) -> str:
        """Return "" if files can run here, else the sentence that says what to do about it."""
        if sentence := self.mismatch():
            return sentence
        runtime, device = self.find()
        on_this_machine = runtime.missing() if self.device == "local" else ""
        return on_this_machine or device.missing()

    def is_emulated(self) -> bool:
        """Whether the device is emulated: it is slow, and its times mean nothing."""
        return not self.find()[1].times_mean_something

    def stands_in(self) -> bool:
        """Whether runtime or device stand in for hardware: slow, with times that mean nothing."""
        return not all(thing.times_mean_something for thing in self.find())

    def times_mean_something(self, adapter: str) -> bool:
        """Whether latencies are worth reporting: not those of an emulator or of a GPU in software.

        Args:
            adapter: What an accelerator ran on (`Session.info`); "" for a CPU.
        """
        return self.hardware(adapter) == "real"

    def hardware(self, adapter: str) -> Hardware:
        """Return what really computes here; `adapter` as above."""
        if self.stands_in():
            return "emulated"
        return "software GPU" if self.find()[0].computes_in_software(adapter) else "real"


def places(targets: Sequence[str] = ()) -> dict[str, Place]:
    """Return target name -> the place that proves its verdict, for all targets or those named.

    A target that has no such place is left out unless it is named: what stands for it then bears
    its name, can be shown and not be run.
    """
    named = {name: target(name) for name in targets or registry.names("targets")}
    return {
        name: Place(runtime=each.runtime or registry.name_of("targets", name), device=each.device)
        for name, each in named.items()
        if each.runtime or targets
    }


def target(name: str) -> Target:
    """Return the target called `name`.

    Raises:
        NotFound: There is none.
    """
    found: Target = registry.get("targets", name)
    return found


def refuse_unrunnable(path: Path, runtime: str) -> None:
    """Refuse, before any process starts, a file that the runtime cannot run.

    Args:
        path: A `.tflite` file.
        runtime: Name of the runtime; "" for any.

    Raises:
        BadModelFile: It is no `.tflite`, has no operators, or has one that the runtime lacks.
        BadInput: It takes or gives something else than numbers.
    """
    model = read(path)
    brought = registry.get("runtimes", runtime).custom_operators if runtime else ()
    if problems := file_problems(model, brought=brought):
        raise BadModelFile(f"'{path}' cannot be run: {problems[0]}")
    number_ports(model)
