"""Coral Edge TPU: which operators its compiler is predicted to map.

A prediction, never a compilation: Google never published the compiler's rules in full. "yes" means
predicted mapped, "no" that the operator stays on the CPU, "unknown" that nothing known decides it.
`benchmarks/edgetpu_rules.py` scores it against what the compiler did with published models.
"""

from __future__ import annotations

from edgekit.edgetpu.facts import OperatorFacts, Ruling, facts_of
from edgekit.edgetpu.partition import predict
from edgekit.operators.target import Check, OperatorVerdict, Target
from edgekit.tflite.reader import Model


def check(model: Model) -> Check:
    """Predict what `edgetpu_compiler` 16 does with a model.

    Returns:
        `ok` if at least one operator is predicted mapped and nothing refuses the whole model.
    """
    operators = facts_of(model)
    prediction = predict(operators)
    return Check(
        target="edgetpu",
        ok=prediction.ok,
        operators=tuple(map(_verdict, operators, prediction.rulings)),
        problems=tuple(f"{_sentence(r.reason)} {r.fix} [{r.source}]" for r in prediction.refusals),
        is_predicted=True,
    )


def _verdict(op: OperatorFacts, ruling: Ruling) -> OperatorVerdict:
    return OperatorVerdict(
        index=op.index,
        name=op.name,
        version=op.version,
        needed_version=op.needed_version,
        verdict=ruling.verdict,
        reason=_sentence(ruling.reason),
        source=ruling.source,
        fix=ruling.fix,
    )


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}." if reason else ""


target = Target(
    check=check, runtime="edgetpu", device="local", precisions=("int8",), converter="edgetpu"
)
