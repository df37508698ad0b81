"""Is an answer right? What an output is decides how it is compared, and each kind has its limits.

Everything is compared with the Keras model on the same examples, never with another run of the
converted file: a wrong conversion agrees with itself. Outputs are judged one by one, and so are
their channels: in one common range, boxes in pixels hide scores that are wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekit.core.report import JudgedOutput
from edgekit.core.types import Array, Batch
from edgekit.running.agreement import check_shapes
from edgekit.running.limits import (
    ENOUGH,
    FEW_POSITIVES,
    LEAST_TOLD,
    LIMITS,
    QUIET,
    SAME_KIND,
    SPARE,
    THRESHOLDS,
    WIDE,
    Limits,
)

Kind = Literal["classes", "scores", "tokens", "numbers"]
"""What an output is, told from the reference's values.

- `classes`: probabilities over the last axis that sum to one, as after a softmax.
- `scores`: independent numbers in 0..1, as after a sigmoid.
- `tokens`: integers, such as class numbers or ids of words.
- `numbers`: anything else: coordinates, features, logits, signals.
"""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure of an output beside its limit."""

    name: str
    value: float
    limit: float
    at_least: bool
    ok: bool

    def __str__(self) -> str:
        if self.at_least:
            return f"{self.name} {_percent(self.value)} (at least {_percent(self.limit)})"
        return f"{self.name} {self.value:.2g} (at most {self.limit:.2g})"


@dataclass(frozen=True, kw_only=True)
class OutputJudgement:
    """How one output compares with the reference's.

    Attributes:
        broken: What is plainly wrong, whatever the limits, such as "all zeros"; "" if nothing is.
        note: What is lost in an output that is within its limits, as a sentence.
    """

    output: str
    kind: Kind
    measures: tuple[Measure, ...] = ()
    broken: str = ""
    note: str = ""

    @property
    def problem(self) -> str:
        """What is wrong, as a sentence; "" if the output is within its limits."""
        if self.broken:
            return f"Output '{self.output}' is {self.broken}."
        wrong = [str(measure) for measure in self.measures if not measure.ok]
        return f"Output '{self.output}': {', '.join(wrong)}." if wrong else ""

    def figures(self) -> str:
        """Return what was measured, each figure beside its limit."""
        figures = ", ".join(map(str, self.measures))
        beyond = "out of limits" if figures and self.problem else ""
        return "; ".join(filter(None, (self.broken, figures, beyond, self.note)))

    def __str__(self) -> str:
        return f"{self.output}: {self.figures()}"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How a file's answers compare with the reference's, output by output."""

    outputs: tuple[OutputJudgement, ...]

    @property
    def problem(self) -> str:
        """What is wrong, in one sentence for each output that is; "" if nothing is."""
        return " ".join(output.problem for output in self.outputs if output.problem)

    @property
    def broken(self) -> str:
        """What is plainly wrong, whatever the limits; "" if nothing is."""
        return " ".join(output.problem for output in self.outputs if output.broken)

    def rows(self) -> tuple[JudgedOutput, ...]:
        """Return the outputs as a report lists them."""
        return tuple(
            JudgedOutput(
                output=each.output, kind=each.kind, figures=each.figures(), ok=not each.problem
            )
            for each in self.outputs
        )

    def __str__(self) -> str:
        return "; ".join(map(str, self.outputs))


def judge(
    reference: Batch, outputs: Batch, *, precision: str, steps: Mapping[str, float] | None = None
) -> Judgement:
    """Judge each output on its own.

    Args:
        reference: Output name -> the Keras model's answers, axis of examples first.
        outputs: The file's, dequantized, with the same names and shapes.
        precision: A key of `LIMITS`.
        steps: Output name -> difference between neighbouring values the file can give, where its
            output is quantized.

    Raises:
        BadData: Names or shapes differ.
    """
    check_shapes(reference, outputs)
    judged = tuple(
        _judge_output(name, array, outputs[name], LIMITS[precision], (steps or {}).get(name, 0.0))
        for name, array in reference.items()
    )
    return Judgement(outputs=judged)


def kind_of(reference: Array) -> Kind:
    """Tell from the reference's values what an output is."""
    values = np.asarray(reference)
    if values.dtype.kind in "iub":
        return "tokens"
    if not values.size or values.min() < 0 or values.max() > 1:
        return "numbers"
    if values.ndim > 1 and values.shape[-1] > 1:
        sums = values.astype(np.float64).sum(axis=-1)
        if np.allclose(sums, 1, atol=2e-3):
            return "classes"
    return "scores" if np.ptp(values) > 0.05 else "numbers"


def _judge_output(
    name: str, reference: Array, answers: Array, limits: Limits, step: float
) -> OutputJudgement:
    kind = kind_of(reference)
    if broken := degenerate(reference, answers):
        return OutputJudgement(output=name, kind=kind, broken=broken)
    if kind == "tokens":
        measures, note = [_share("equal tokens", reference == answers, limits.tokens)], ""
    elif kind == "classes":
        measures, note = _classes(_rows(reference), _rows(answers), limits, step)
    else:
        measures, note = _numbers(name, _rows(reference), _rows(answers), limits, step)
        if kind == "scores":
            measures += _decisions(_rows(reference), _rows(answers), limits)
    return OutputJudgement(output=name, kind=kind, measures=tuple(measures), note=note)


def arithmetic(precision: str, adapter: str) -> str:
    """Return the precision whose limits a file is held to: a GPU computes float32 in float16.

    Args:
        precision: Of the file.
        adapter: The GPU adapter it ran on; "" for a CPU.
    """
    return "float16" if adapter and precision == "float32" else precision


def degenerate(reference: Array, answers: Array) -> str:
    """Say what is plainly wrong with an output, such as "all zeros"; "" if nothing is."""
    actual = np.asarray(answers, np.float64)
    if not np.isfinite(actual).all():
        return "NaN or infinite"
    if not actual.any() and np.any(reference):
        return "all zeros"
    if len(actual) > 1 and _is_constant(actual) and not _is_constant(np.asarray(reference)):
        return "the same whatever the input"
    return ""


def _classes(p: Array, q: Array, limits: Limits, step: float) -> tuple[list[Measure], str]:
    """Compare first choices, and what the probabilities tell of an example."""
    first = p.argmax(-1)
    measures, note = [_share("first choice", first == q.argmax(-1), limits.first_choice)], ""
    if p.shape[-1] > 10:
        hits = (np.argpartition(q, -5, axis=-1)[:, -5:] == first[:, None]).any(-1)
        measures.append(_share("in the first five", hits, limits.first_five))
    told = _divergence(p, p.mean(0, keepdims=True))
    if told > LEAST_TOLD:  # or there is nothing to lose
        hidden = _lost(p, np.round(p / step) * step if step else p, step) / told
        lost = max(_lost(p, q, step) / told - hidden, 0.0)
        measures.append(_at_most("information lost", lost, limits.lost))
        if step and hidden > limits.lost:
            note = f"its steps hide {_percent(hidden)} more of what tells examples apart"
    return measures, note


def _lost(p: Array, q: Array, step: float) -> float:
    """Return the divergence of answers from the reference, in nats."""
    least = max(min(step / 4, 0.05 / p.shape[-1]), 1e-9)  # what is written as zero is not zero
    likely = np.clip(q, 0, None) + least
    return _divergence(p, likely / likely.sum(-1, keepdims=True))


def _decisions(reference: Array, answers: Array, limits: Limits) -> Iterator[Measure]:
    """Compare what lies above each threshold, in the channel where it differs most."""
    worst = 1.0
    for threshold in THRESHOLDS:
        yes, said = reference > threshold, answers > threshold
        positives = yes.sum(0)
        both, either = (yes & said).sum(0), positives + said.sum(0)
        counted = positives >= FEW_POSITIVES
        if counted.any():
            overlap = (2 * both[counted] + SPARE) / np.maximum(either[counted], 1)
            worst = min(worst, float(overlap.min()))
    ok = worst >= limits.decisions
    yield Measure(
        name="same decisions", value=min(worst, 1.0), limit=limits.decisions, at_least=True, ok=ok
    )


def _numbers(
    name: str, reference: Array, answers: Array, limits: Limits, step: float
) -> tuple[list[Measure], str]:
    """Compare errors with the reference's own spread, over all channels and in the worst one."""
    spread = reference.std(0)
    error = np.sqrt(np.mean((answers - reference) ** 2, axis=0))
    rounding = limits.resolution * np.abs(reference).max(initial=0.0)
    live = spread > 1e-6 * np.abs(reference).max(0)
    if not live.any():  # constant in every channel: the error is seen against the value
        largest = max(float(np.abs(reference).max(initial=0.0)), 1e-30)
        share = float(error.max(initial=0.0)) / largest
        return [_at_most("error over the value", share, limits.error)], ""
    excused = error <= rounding
    pooled = float(np.sqrt(np.sum(error[live] ** 2) / np.sum(spread[live] ** 2)))
    measures = [_at_most("error over spread", pooled, limits.error, bool(excused[live].all()))]
    typical = float(np.sqrt(np.mean(spread[live] ** 2)))
    wide = len(spread) > WIDE
    ratio = np.where(live, error / np.maximum(spread, 1e-30), 0.0)
    over = (ratio > limits.channel_error) & ~excused
    below_step = (error <= 2 * step) & (wide | (spread > typical / SAME_KIND))
    quiet = wide & (error <= limits.channel_error * np.maximum(spread, typical / QUIET))
    lost = over & (below_step | quiet)
    note = ""
    if lost.any():
        note = f"{int(lost.sum())} of {len(ratio)} channels vary less than the file can show"
    if len(ratio) > 1:
        wrong = over & ~lost
        channel = int(np.where(wrong if wrong.any() else ~lost, ratio, 0.0).argmax())
        share, excuse = float(ratio[channel]), not wrong.any()
        measures.append(_at_most(f"in channel {channel}", share, limits.channel_error, excuse))
    return measures, note


def _share(name: str, hits: Array, limit: float) -> Measure:
    misses = hits.size - int(np.count_nonzero(hits))
    allowed = hits.size * (1 - limit)
    ok = misses <= max(allowed, min(allowed + SPARE, ENOUGH)) + 1e-9
    value = float(np.mean(hits)) if hits.size else 1.0
    return Measure(name=name, value=value, limit=limit, at_least=True, ok=ok)


def _at_most(name: str, value: float, limit: float, excused: bool = False) -> Measure:
    ok = value <= limit or excused
    return Measure(name=name, value=value, limit=limit, at_least=False, ok=ok)


def _divergence(p: Array, q: Array) -> float:
    """Return the mean Kullback-Leibler divergence of rows `q` from rows `p`, in nats."""
    safe = np.maximum(p, 1e-12)
    return float(np.mean(np.sum(safe * (np.log(safe) - np.log(np.maximum(q, 1e-12))), axis=-1)))


def _rows(array: Array) -> Array:
    """Return an output as `(examples and positions, channels)`, float64."""
    values = np.asarray(array, np.float64)
    return values.reshape(-1, 1) if values.ndim < 2 else values.reshape(-1, values.shape[-1])


def _is_constant(array: Array) -> bool:
    return bool((array == array[:1]).all())


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
