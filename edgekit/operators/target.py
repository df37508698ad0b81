"""A target: what a kind of device accepts, by its tables, and what proves that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

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
    """

    index: int
    name: str
    version: int
    needed_version: int | None
    verdict: Literal["yes", "no", "unknown"]
    reason: str = ""
    source: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A target's static verdict on a file.

    Attributes:
        ok: Whether the file will run on the target; on an accelerator that shares a model with the
            CPU, whether a part of it will.
        problems: What is wrong with the file as a whole, as sentences.
        is_predicted: Whether it follows from published rules, not from runs that were measured.
    """

    target: str
    ok: bool
    operators: tuple[OperatorVerdict, ...]
    problems: tuple[str, ...] = ()
    is_predicted: bool = False


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a kind of device accepts, and the runtime and device that prove it.

    Attributes:
        check: `(model) -> Check`, from operator tables alone; nothing is run.
        runtime: Name of the runtime that proves the verdict.
        device: Name of the device that proves it.
        precisions: Those it accepts.
        converter: Name of the converter, such as a compiler, that makes what it runs from a
            `.tflite`; "" if it runs the `.tflite` itself.
        is_picky: Whether few files are meant for it: unless it is asked for, `edgekit verify` runs
            there only what the tables accept.
    """

    check: Callable[[Model], Check]
    runtime: str
    device: str
    precisions: tuple[Precision, ...]
    converter: str = ""
    is_picky: bool = False
