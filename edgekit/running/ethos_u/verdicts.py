"""What Vela makes of a `.tflite`: operator by operator to the accelerator or the CPU, and the cost.

Vela works on a copy whose tensors are called by their numbers, since what it writes quotes names of
the file, which may hold anything.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core import processes
from edgekit.core.errors import Unavailable
from edgekit.operators.target import Check, OperatorVerdict
from edgekit.operators.versions import needed_version
from edgekit.running.ethos_u import environment
from edgekit.running.ethos_u.output import NOBODY, Cost, Unreadable, costs, reasons, summary
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import Model

COMPILED = "ethos-u"
"""The custom operator that Vela writes in place of those that it takes."""

VELA = f"Vela {environment.VERSION}"


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """An Ethos-U and the system around it, in the words of Vela's options.

    Attributes:
        name: With the number of multipliers, such as "ethos-u55-256".
        system: Clock, and speed of each memory.
        memory: Which memory holds weights, and which what is computed.

    Source: Arm, vela.ini, which Vela brings along.
    """

    name: str
    system: str
    memory: str

    def __str__(self) -> str:
        return f"{self.name.replace('ethos-u', 'Ethos-U')} ({self.system}, {self.memory})"


def check(model: Model, *, target: str, accelerator: Accelerator) -> Check:
    """Let Vela compile a model, and return what it says; what it makes is thrown away.

    Args:
        model: Read from a file that is still there.
        target: Name of the target that asks.
        accelerator: What Vela compiles for.

    Returns:
        `ok` if the accelerator takes at least one operator. A file that Vela cannot compile is
        refused as a whole.

    Raises:
        Unavailable: Vela was not set up.
    """
    if sentence := environment.missing():
        raise Unavailable(sentence)
    if any(operator.name == f"CUSTOM:{COMPILED}" for operator in model.main.operators):
        return _refused(
            model, target, "The file is compiled for an Ethos-U already; give the int8 file."
        )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "model.tflite").write_bytes(_numbered(model.path.read_bytes()))
        done = environment.start(_arguments(accelerator), folder)
        try:
            if not done.ok:
                raise Unreadable(_with_names(_failure(done), model))
            database = _text(folder / "model_debug.xml")
            found = costs(database, len(model.main.operators))
            text = _text(folder / f"model_summary_{accelerator.system}.csv")
            totals = summary(text, by=VELA, machine=str(accelerator))
        except Unreadable as error:
            return _refused(model, target, f"{VELA} cannot compile the file: {error}.")
    verdicts = _verdicts(model, found, reasons(done.stdout), accelerator)
    is_taken = any(verdict.verdict == "yes" for verdict in verdicts)
    shared = totals.cycles - sum(verdict.cycles or 0 for verdict in verdicts)
    return Check(
        target=target,
        ok=is_taken,
        operators=verdicts,
        is_predicted=True,
        estimate=replace(totals, shared_cycles=shared) if is_taken else None,
    )


def _arguments(accelerator: Accelerator) -> list[str]:
    machine = ["--accelerator-config", accelerator.name, "--config", "Arm/vela.ini"]
    machine += ["--system-config", accelerator.system, "--memory-mode", accelerator.memory]
    return ["model.tflite", "--output-dir", ".", "--enable-debug-db", *machine]


def _numbered(content: bytes) -> bytes:
    """Call each tensor of a file by its subgraph and place: `g0t12`."""
    model = unpack(content)
    for number, graph in enumerate(model.subgraphs):
        for place, tensor in enumerate(graph.tensors):
            tensor.name = f"g{number}t{place}"
    return bytes(pack(model))


_NAME = re.compile(r"g(\d+)t(\d+)\w*")
"""A tensor of ours, or one that Vela derived from it."""


def _verdicts(
    model: Model, found: Mapping[int, Cost], left: Mapping[str, str], accelerator: Accelerator
) -> tuple[OperatorVerdict, ...]:
    why = {_NAME.sub(r"g\1t\2", tensor): reason for tensor, reason in left.items()}
    verdicts = []
    for operator in model.main.operators:
        cost = found.get(operator.index, Cost())
        is_told = operator.index in found or NOBODY not in found
        told = [why[key] for key in (f"g0t{k}" for k in operator.outputs) if key in why]
        on_cpu = cost.on_cpu or bool(told)
        verdicts.append(
            OperatorVerdict(
                index=operator.index,
                name=operator.name,
                version=operator.version,
                needed_version=needed_version(operator, model.main),
                verdict="no" if on_cpu else "yes",
                reason=_reason(model, told, accelerator) if on_cpu else "",
                source=VELA,
                fix=_fix(operator.name, told) if on_cpu else "",
                cycles=cost.cycles if is_told and not on_cpu else None,
                macs=cost.macs if is_told and not on_cpu else None,
                sram_bytes=cost.sram_bytes if is_told and not on_cpu else None,
            )
        )
    return tuple(verdicts)


def _reason(model: Model, told: list[str], accelerator: Accelerator) -> str:
    """Say why an operator is left to the CPU."""
    if not told:
        return "It stays on the CPU; Vela does not say why."
    kind = "-".join(accelerator.name.split("-")[:2]).replace("ethos-u", "Ethos-U")
    said = told[0].replace("Unsupported opType", f"{kind} has no such operator")
    return f"It stays on the CPU: {_with_names(said, model)}."


def _with_names(said: str, model: Model) -> str:
    """Call tensors by the names they have in the file."""

    def named(found: re.Match[str]) -> str:
        graph, place = int(found[1]), int(found[2])
        names = [tensor.name for each in model.subgraphs[graph:][:1] for tensor in each.tensors]
        return names[place] if place < len(names) else found[0]

    return _NAME.sub(named, said)


def _fix(name: str, told: list[str]) -> str:
    if name in ("QUANTIZE", "DEQUANTIZE"):
        return "Let the file take and give integers: edgekit convert --io int8."
    if any("Float" in reason for reason in told):
        return "Convert the model to int8."
    return "Use another layer, or leave it to the CPU."


def _refused(model: Model, target: str, problem: str) -> Check:
    operators = tuple(
        OperatorVerdict(
            index=operator.index,
            name=operator.name,
            version=operator.version,
            needed_version=needed_version(operator, model.main),
            verdict="unknown",
        )
        for operator in model.main.operators
    )
    return Check(
        target=target, ok=False, operators=operators, problems=(problem,), is_predicted=True
    )


def _failure(done: processes.Finished) -> str:
    """Say how Vela ended that did not succeed."""
    if done.ending == processes.TIMEOUT:
        return f"it was stopped after {environment.TIMEOUT_S:g} s; use a smaller model"
    cause = done.cause("RuntimeError", "Error").rstrip(".")
    return cause.removeprefix("RuntimeError: Compilation failed: ").removeprefix("Error: ")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Unreadable(f"it wrote no '{path.name}'") from error
