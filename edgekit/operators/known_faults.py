"""What a runtime takes and gets wrong: a verdict beyond the tables of what it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from edgekit.operators.support import Column, check_model
from edgekit.operators.target import Check
from edgekit.tflite.reader import Model, Operator, Subgraph


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An operator that is taken and answers wrong.

    Attributes:
        is_in: Whether an operator of a subgraph is one.
        reason: What goes wrong, one sentence.
        fix: What to change in the model.
        source: Where it was measured.
    """

    is_in: Callable[[Operator, Subgraph], bool]
    reason: str
    fix: str
    source: str


def check_with(fault: Fault, model: Model, *, target: str, column: Column) -> Check:
    """Return `check_model`'s verdict, with a "no" for each operator that has the fault."""
    found = check_model(model, target=target, column=column)
    operators = tuple(
        replace(verdict, verdict="no", reason=fault.reason, fix=fault.fix, source=fault.source)
        if fault.is_in(operator, model.main)
        else verdict
        for operator, verdict in zip(model.main.operators, found.operators, strict=True)
    )
    ok = found.ok and all(verdict.verdict != "no" for verdict in operators)
    return replace(found, operators=operators, ok=ok)
