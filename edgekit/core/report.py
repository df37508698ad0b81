"""What was measured: scores on known answers, and a build's rows by variant, runtime and device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Literal

from edgekit.core.recipe import Interval, Metric, Origin
from edgekit.core.types import Size

Question = Literal[
    "accuracy", "in the first five", "accuracy at 0.5", "accuracy at 0", "mean absolute error"
]
"""What is asked of an output whose right answers are known; all but the last are shares.

`accuracy` is of the first choice among classes, or of equal whole numbers; `accuracy at` a number
is of yes and no, where an answer beyond that number is a yes.
"""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How right one output is, on examples whose right answers are known.

    Attributes:
        output: Its name.
        question: What was asked.
        value: A share in 0..1, or a mean absolute error in the unit of the output.
        half_width: Of the 95 % confidence interval around `value`, in its unit: with other examples
            of the same kind it could differ by as much. None where one example cannot tell.
        right: Of a share "1" for each example that is right, else "0"; "" in what is written.
        changed: How many examples only the source, and only the file, answers right; of a file.
    """

    output: str
    question: Question
    value: float
    half_width: float | None
    right: str = ""
    changed: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How right a source model and a file made of it are, on the same examples.

    Attributes:
        examples: How many.
        data: SHA-256 of the inputs and right answers, in hex.
        source: Of the source model; empty where its answers to these inputs are not known.
        file: Runtime -> of the file; a runtime that could not run it is left out.
    """

    examples: int
    data: str
    source: tuple[Score, ...] = ()
    file: Mapping[str, tuple[Score, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How often what was taken for what, or how precisely things were found.

    Attributes:
        labels: Names of the classes.
        taken_for: How many examples of each class, a row, were taken for each, a column; empty if
            classes are not what is answered.
        precisions: Of each class, at recalls of 0 to 1 in steps of 0.01; empty for a class of which
            there is nothing, and if nothing is located.
    """

    labels: tuple[str, ...]
    taken_for: tuple[tuple[int, ...], ...] = ()
    precisions: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class JudgedOutput:
    """How one output of a file compares with the reference's.

    Attributes:
        output: Its name; `part/output` where the model has several parts.
        kind: What it is: classes, scores, tokens or numbers.
        figures: What was measured, each figure beside its limit.
        ok: Whether it is within its limits.
    """

    output: str
    kind: str
    figures: str
    ok: bool


@dataclass(frozen=True, kw_only=True)
class ExplainedLayer:
    """How much of its signal a quantized layer loses; decibels within +-120.

    Attributes:
        layer: In Keras' names.
        kind: Its class; "" if that is not known.
        blame: Share of the signal lost through it, summed over all that it spoils.
        snr_db: Signal-to-noise ratio of what it passes on.
        own_db: The same of the error that it adds itself.
        inherited_db: The same of the error that it was given.
        because: What stands out, in words; "" if nothing does.
    """

    layer: str
    kind: str
    blame: float
    snr_db: float
    own_db: float
    inherited_db: float
    because: str


@dataclass(frozen=True, kw_only=True)
class TriedStep:
    """What was tried about a file.

    Attributes:
        what: In words.
        size_bytes: Of the file; 0 if there is none.
        ok: Whether it is within its limits; None if there is no file, or nothing ran it.
        figures: How its outputs compare with the source's, or why there is no file.
    """

    what: str
    size_bytes: int
    ok: bool | None
    figures: str


@dataclass(frozen=True, kw_only=True)
class ExplainedFile:
    """Where a file of a build loses what its source says.

    Attributes:
        variant: Of the file.
        part: Of the model, where it has several; else "".
        examples: How many were compared, layer by layer.
        layers: The one to blame most first.
        more_layers: How many have less to do with it and are left out.
        patterns: What is known of such a model, in sentences.
        tried: The file as it is, then next steps.
        skipped: Next steps there was no time for.
        advice: Which to take, in lines.
        problem: Why it could not be explained; "" if it was.
    """

    variant: str
    part: str = ""
    examples: int = 0
    layers: tuple[ExplainedLayer, ...] = ()
    more_layers: int = 0
    patterns: tuple[str, ...] = ()
    tried: tuple[TriedStep, ...] = ()
    skipped: tuple[str, ...] = ()
    advice: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a report: a variant on a runtime on a device. Fields as in `report.json`.

    Attributes:
        status: "measured", "predicted" by a static target, or "not run".
        value: The recipe's metric, or None.
        value_interval: How sure the value is; None for what is no share of right answers.
        drop: How much worse than the float reference on the same examples.
        drop_limit: The largest that is accepted.
        drop_interval: How sure the drop is, both having answered the same examples.
        right_lost: Examples that the reference answers right and this does not.
        right_gained: The other way round.
        ok: Whether it is within its limits; None when nothing was measured.
        same_tokens_percent: Share of the reference's tokens that a loop of several parts repeats.
        latency_ms_median: Of one call; of several files the sum of one call of each.
        latency_ms_by_file: The median of each of several files, by its part of the model.
        latency_ms_example: Of all calls for one answer of the bundle's example, if counted.
        calls_by_file: How many these are of each file.
        judged: How each output compares with the reference's, beside its limits.
        reason: Why it was not run, what was predicted, or which limit it broke.
        arena_bytes: The least working memory on a microcontroller's runtime; None on others.
        operators: Of all files, where it was predicted which of them an accelerator takes.
        operators_mapped: How many these are.
        sparse_bytes: Size if weights were stored sparsely; None if none have enough zeros.
        details: The recipe's further figures, by name.
    """

    variant: str
    precision: str
    runtime: str
    device: str
    status: Literal["measured", "predicted", "not run"]
    value: float | None = None
    value_interval: Interval | None = None
    drop: float | None = None
    drop_limit: float | None = None
    drop_interval: Interval | None = None
    right_lost: int | None = None
    right_gained: int | None = None
    max_abs_error: float | None = None
    mean_abs_error: float | None = None
    cosine: float | None = None
    same_tokens_percent: float | None = None
    latency_ms_median: float | None = None
    latency_ms_p90: float | None = None
    latency_ms_by_file: Mapping[str, float] = field(default_factory=dict)
    latency_ms_example: float | None = None
    calls_by_file: Mapping[str, int] = field(default_factory=dict)
    peak_memory_bytes: int | None = None
    arena_bytes: int | None = None
    size_bytes: int | None = None
    compressed_bytes: int | None = None
    zstd_bytes: int | None = None
    sparse_bytes: int | None = None
    sparsity: float | None = None
    unique_weights: int | None = None
    examples: int | None = None
    ok: bool | None = None
    reason: str = ""
    adapter: str = ""
    operators: int | None = None
    operators_mapped: int | None = None
    judged: tuple[JudgedOutput, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BaselineScore:
    """What a simpler method scored, in the unit of the recipe's metric."""

    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of a build; `report.json` is this, field by field.

    Attributes:
        explanations: Of quantized files that are out of limits, or of which an output is.
        data: What there is to say of a user's own data, in sentences; empty for a recipe's.
        reference_details: The recipe's further figures of the reference, by name.
        reference_interval: As of a row.
        command: That makes the build again, with all its options; "" if it is not known.
        example: How a bundle's program is called, of which latencies are given; as `command`.
        origins: The public data it was trained and scored on; empty of a user's own alone.
    """

    recipe: str
    size: Size
    seed: int
    metric: Metric
    reference: float
    baseline: BaselineScore
    rows: tuple[Row, ...]
    date: str
    machine: str
    versions: Mapping[str, str]
    train_seconds: float
    notes: tuple[str, ...] = ()
    explanations: tuple[ExplainedFile, ...] = ()
    data: tuple[str, ...] = ()
    reference_details: Mapping[str, float] = field(default_factory=dict)
    reference_interval: Interval | None = None
    command: str = ""
    example: str = ""
    origins: tuple[Origin, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every row is within its limits and, of a full build, beats the baseline.

        A tiny build has too few examples to be held to a baseline.
        """
        beaten = self.size == "tiny" or (self.beats_baseline and not self.behind_baseline)
        return beaten and all(row.ok is not False for row in self.rows)

    @property
    def beats_baseline(self) -> bool:
        """Whether the reference is better than the baseline."""
        return self._is_better(self.reference)

    @property
    def behind_baseline(self) -> tuple[Row, ...]:
        """The rows that are no better than the baseline; of those scored on most examples."""
        most = max((row.examples or 0 for row in self.rows), default=0)
        scored = [r for r in self.rows if r.value is not None and (r.examples or 0) == most]
        return tuple(row for row in scored if not self._is_better(row.value or 0.0))

    def _is_better(self, value: float) -> bool:
        return self.metric.drop(value, self.baseline.value) > 0

    def _repr_html_(self) -> str:
        """Return the report as a notebook shows it."""
        return str(import_module("edgekit.reports.html").inline(self))  # it stands above this one
