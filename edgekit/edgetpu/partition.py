"""Which operators of a whole graph the Edge TPU compiler maps.

The compiler makes one Edge TPU operator: the first partition. An operator that depends on a
rejected operator which itself comes after a mapped one stays on the CPU, supported or not.
Rejected operators before the partition, and branches beside it, do not stop it. And some models
it refuses as a whole.

Source: developer.axis.com, artpec-7/optimization-tips; seen in published compiled models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edgekit.edgetpu.evidence import (
    OBSERVED,
    REQUIREMENTS,
    TFLITE_VERSIONS,
    TIPS,
    issue,
    no,
    unknown,
)
from edgekit.edgetpu.facts import OperatorFacts, Ruling
from edgekit.edgetpu.rules import COMPILED, KNOWN_CUSTOM, judge, version_ceiling

Rule = Callable[[OperatorFacts], Ruling]
"""Judges one operator alone."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the compiler is predicted to do with a model.

    Attributes:
        rulings: One for each operator, in the order given.
        refusals: Why it refuses the model as a whole; then no operator is mapped.
    """

    rulings: tuple[Ruling, ...]
    refusals: tuple[Ruling, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether at least one operator is predicted mapped."""
        return any(ruling.verdict == "yes" for ruling in self.rulings)


def predict(operators: Sequence[OperatorFacts], *, rule: Rule = judge) -> Prediction:
    """Predict which operators are mapped.

    Args:
        operators: Of the main subgraph, in the order of execution.
        rule: Judges single operators.
    """
    alone = {op.index: rule(op) for op in operators}
    if any(op.name == COMPILED for op in operators):
        done = no("the file is compiled already; what is not in it stays on the CPU", OBSERVED, "")
        rulings = (alone[op.index] if op.name == COMPILED else done for op in operators)
        return Prediction(rulings=tuple(rulings))
    if refusals := tuple(_refusals(operators)):
        rulings = (_refused(alone[op.index], refusals[0]) for op in operators)
        return Prediction(rulings=tuple(rulings), refusals=refusals)
    return Prediction(rulings=_first_partition(operators, alone))


def _first_partition(
    operators: Sequence[OperatorFacts], alone: Mapping[int, Ruling]
) -> tuple[Ruling, ...]:
    """Follow the graph in three-valued logic: True, False, and None for not known."""
    rulings: dict[int, Ruling] = {}
    mapped: dict[int, bool | None] = {}
    after_mapped: dict[int, bool | None] = {}  # does it come after a mapped operator?
    names = {op.index: op.name for op in operators}
    blocker: dict[int, int] = {}  # the first operator that cuts it off
    for op in operators:
        i, before = op.index, op.depends_on
        cut = {p: _and(_not(mapped[p]), after_mapped[p]) for p in before}
        stranded = _any(cut.values())
        after_mapped[i] = _any(_any((mapped[p], after_mapped[p])) for p in before)
        mapped[i] = _and(_SUPPORTED[alone[i].verdict], _not(stranded))
        rulings[i] = alone[i]
        if stranded is not False:
            cause = next(p for p in before if cut[p] is stranded)
            blocker[i] = blocker.get(cause, cause)
            rulings[i] = _stranded(alone[i], f"{blocker[i]} ({names[blocker[i]]})", stranded)
    return tuple(rulings[op.index] for op in operators)


def _stranded(ruling: Ruling, blocker: str, stranded: bool | None) -> Ruling:
    if ruling.verdict == "no":
        return ruling
    fix = f"See operator {blocker}: with it mapped, this one can be too."
    if stranded:
        reason = (
            f"it depends on operator {blocker}, which stays on the CPU in the middle of the "
            "model; more than one Edge TPU subgraph is not supported"
        )
        return no(reason, f"{TIPS}; {issue(663)}; {OBSERVED}", fix)
    if ruling.verdict == "unknown":
        return ruling
    reason = f"it depends on operator {blocker}, of which it is not known whether it is mapped"
    return unknown(reason, f"{TIPS}; {issue(663)}", fix)


def _refused(ruling: Ruling, refusal: Ruling) -> Ruling:
    if ruling.verdict == "no":
        return ruling
    return replace(refusal, reason=f"the compiler refuses the whole model: {refusal.reason}")


def _refusals(operators: Sequence[OperatorFacts]) -> Iterable[Ruling]:
    if not operators:
        yield no("the model has no operators", REQUIREMENTS, "Check how it was made.")
        return
    if not any(all(tensor.is_8_bit for tensor in op.data) for op in operators):
        yield no(
            "no operator works on 8-bit numbers (the compiler says: Model not quantized)",
            f"{REQUIREMENTS}; {issue(168)}",
            "Convert with full int8 quantization, activations included.",
        )
    for op in operators:
        yield from _refusals_of(op)


def _refusals_of(op: OperatorFacts) -> Iterable[Ruling]:
    ceiling = version_ceiling(op.name)
    version = max(op.version, op.needed_version or 0)
    if ceiling is not None and version > ceiling:
        known = f"it knows up to version {ceiling}" if ceiling else "it does not know that operator"
        yield no(
            f"operator {op.index} is {op.name} version {version}; {known}",
            TFLITE_VERSIONS,
            _VERSION_FIXES.get(op.name, "Convert without the option that needs the newer version."),
        )
    if op.name.startswith("CUSTOM:") and op.name not in KNOWN_CUSTOM:
        yield no(
            f"operator {op.index} is the custom operator '{op.name.removeprefix('CUSTOM:')}', "
            "which it does not know",
            issue(515),
            "Convert with built-in operators only.",
        )
    if any(_is_computed(op, position) for position in _SIZES.get(op.name, ())):
        yield no(
            f"operator {op.index} ({op.name}) computes a size while running; tensors must have "
            "static sizes",
            f"{REQUIREMENTS}; {issue(829)}",
            "Fix the batch at 1 and all other sizes before converting.",
        )


def _is_computed(op: OperatorFacts, position: int) -> bool:
    tensor = op.input(position)
    return tensor is not None and not tensor.is_constant


_SUPPORTED: Mapping[str, bool | None] = {"yes": True, "no": False, "unknown": None}

_SIZES: Mapping[str, tuple[int, ...]] = {
    "EXPAND_DIMS": (1,),
    "FILL": (0,),
    "MEAN": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "SLICE": (1, 2),
    "SPLIT": (0,),
    "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,),
    "TILE": (1,),
    "TRANSPOSE": (1,),
    "TRANSPOSE_CONV": (0,),
}
"""Inputs that decide the size of an operator's output."""

_VERSION_FIXES: Mapping[str, str] = {
    "CONV_2D": "Version 6 is a grouped convolution: use separate convolutions, or a depthwise one.",
    "EXP": "Compute the exponential on the host.",
    "FULLY_CONNECTED": "Convert to full int8 with per-tensor weights in Dense layers.",
    "GELU": "Use ReLU or ReLU6.",
    "TRANSPOSE_CONV": "Put the activation of the transposed convolution into a layer of its own.",
}


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _and(one: bool | None, other: bool | None) -> bool | None:
    return _not(_any((_not(one), _not(other))))


def _any(values: Iterable[bool | None]) -> bool | None:
    seen = set(values)
    return True if True in seen else None if None in seen else False
