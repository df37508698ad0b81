"""A target: what a kind of device accepts, by its tables, and what proves that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edgekit.core.types import Progress
from edgekit.core.variant import Precision
from edgekit.tflite.model import Model


@dataclass(frozen=True, kw_only=True)
class OperatorVerdict:
    """Whether a target runs one operator of a model's main subgraph.

    Attributes:
        index: Position in the subgraph.
        name: Built-in operator name, or `CUSTOM:code`.
        version: The version written in the file.
        needed_version: The version its types and options need; None when not known.
        verdict: Whether it runs there; for an accelerator that shares a model with the CPU, whether
            the accelerator takes it.
        reason: One sentence; empty for a plain yes.
        source: Where the rule comes from.
        fix: What to change in the model; empty for a plain yes.
        cycles: That a compiler estimates, of the accelerator's clock; None where nobody does.
        macs: Multiplications with addition, as `cycles`.
        sram_bytes: Most that lies in SRAM meanwhile, as `cycles`.
    """

    index: int
    name: str
    version: int
    needed_version: int | None
    verdict: Literal["yes", "no", "unknown"]
    reason: str = ""
    source: str = ""
    fix: str = ""
    cycles: int | None = None
    macs: int | None = None
    sram_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a compiler estimates that one call of a file costs on an accelerator; as text, a line.

    Attributes:
        by: The compiler, with its version.
        machine: The accelerator and the system around it, which the compiler was told.
        clock_mhz: Of the accelerator.
        cycles: Of that clock; operators on the CPU are not counted, nor in what follows.
        macs: Multiplications with addition.
        inference_ms: The cycles at that clock.
        sram_bytes: Most that lies in SRAM at once.
        dram_bytes: Most that lies in DRAM at once, weights included.
        flash_bytes: Weights and commands in flash.
        shared_cycles: Those among `cycles` that are not known to be of any one operator.
    """

    by: str
    machine: str
    clock_mhz: float
    cycles: int
    macs: int
    inference_ms: float
    sram_bytes: int
    dram_bytes: int
    flash_bytes: int
    shared_cycles: int = 0

    def __str__(self) -> str:
        memories = {"SRAM": self.sram_bytes, "DRAM": self.dram_bytes, "flash": self.flash_bytes}
        shared = f" ({self.shared_cycles:,} at no one operator)" if self.shared_cycles else ""
        return (
            f"Predicted by {self.by} for {self.machine}: {self.cycles:,} cycles{shared}, "
            f"{self.inference_ms:.3g} ms at {self.clock_mhz:g} MHz, {self.macs:,} MACs, "
            + ", ".join(f"{size / 1e3:,.1f} kB {name}" for name, size in memories.items() if size)
            + "."
        )


@dataclass(frozen=True, kw_only=True)
class Check:
    """A target's static verdict on a file.

    Attributes:
        ok: Whether the file will run on the target; on an accelerator that shares a model with the
            CPU, whether a part of it will.
        problems: What is wrong with the file as a whole, as sentences.
        is_predicted: Whether it follows from published rules, not from runs that were measured.
        estimate: What the file costs there, if a compiler tells.
    """

    target: str
    ok: bool
    operators: tuple[OperatorVerdict, ...]
    problems: tuple[str, ...] = ()
    is_predicted: bool = False
    estimate: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a kind of device accepts, and the runtime and device that prove it.

    Attributes:
        check: `(model) -> Check`, from operator tables or a compiler alone; the model is not run.
        runtime: Name of the runtime that proves the verdict; "" if edgekit can run its files
            nowhere, so that there is no more than a prediction.
        device: Name of the device that proves it.
        precisions: Those it accepts.
        weight_bits: Of weights that it has kernels for, where activations are float.
        converter: Name of the converter, such as a compiler, that makes what it runs from a
            `.tflite`; "" if it runs the `.tflite` itself.
        compiled: The custom operator that a compiler of others writes in place of those that the
            target takes; "" if there is none.
        is_picky: Whether few files are meant for it: unless it is asked for, `edgekit verify` runs
            there only what the tables accept.
        with_builds: Whether a build is for it, unless other targets are asked for.
        missing: "" if `check` can be asked here, else the sentence that says how to get what it
            needs. A build leaves out such a target that is not asked for.
        setup: Creates what `missing` asks for; None if `check` needs nothing.
    """

    check: Callable[[Model], Check]
    runtime: str
    device: str
    precisions: tuple[Precision, ...]
    weight_bits: tuple[int, ...] = (8,)
    converter: str = ""
    compiled: str = ""
    is_picky: bool = False
    with_builds: bool = True
    missing: Callable[[], str] = lambda: ""
    setup: Callable[[Progress], None] | None = None
