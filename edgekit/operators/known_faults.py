"""Operators that a runtime takes and computes wrong, which its tables do not show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edgekit.operators.measured import Column
from edgekit.operators.support import check_model
from edgekit.operators.target import Check, OperatorVerdict
from edgekit.tflite.reader import Model, Operator, Subgraph


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A kind of operator that a runtime takes and computes wrong.

    Attributes:
        affects: `(operator, its subgraph) -> whether it is of this kind`.
        reason: What goes wrong, one sentence.
        fix: What to change in the model.
        source: Where it was measured.
    """

    affects: Callable[[Operator, Subgraph], bool]
    reason: str
    fix: str
    source: str


def check_with(faults: Sequence[Fault], model: Model, *, target: str, column: Column) -> Check:
    """Return `check_model`'s verdict, with a "no" for each operator that has one of the faults."""
    check = check_model(model, target=target, column=column)
    operators = tuple(
        _judged(faults, verdict, operator, model.main)
        for operator, verdict in zip(model.main.operators, check.operators, strict=True)
    )
    ok = check.ok and all(verdict.verdict != "no" for verdict in operators)
    return replace(check, operators=operators, ok=ok)


def _judged(
    faults: Sequence[Fault], verdict: OperatorVerdict, operator: Operator, subgraph: Subgraph
) -> OperatorVerdict:
    for fault in faults:
        if fault.affects(operator, subgraph):
            told = {"reason": fault.reason, "fix": fault.fix, "source": fault.source}
            return replace(verdict, verdict="no", **told)  # type: ignore[arg-type]
    return verdict
