"""How much worse a recipe's metric may get, and what is said of a variant that got worse still."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.building.measuring.scoring import Measurement
from edgekit.core.recipe import Metric, Recipe
from edgekit.core.variant import Variant
from edgekit.reporting import wording
from edgekit.running.limits import LIMITS

SMALL_SAMPLE = 1000
SMALL_SAMPLE_ALLOWANCE = 4.0
"""Factor on drop limits where a metric was taken on `SMALL_SAMPLE` examples or fewer, in `tiny`
builds and on emulated devices: its drop then has a standard error of about half a point."""

OF_100 = ("%", "points")
"""Units of metrics that reach from 0 to 100."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A measurement held against its limits.

    Attributes:
        drop: How much worse the metric is than the reference's on the same examples.
        problem: The limit that is broken, as a sentence; "" if none is.
    """

    drop: float
    drop_limit: float
    problem: str


def judge_metric(
    measured: Measurement, *, variant: Variant, recipe: Recipe, reference: float
) -> Verdict:
    """Hold a measurement against its limits.

    The recipe's metric decides, and no output may be broken. The judgement of each output stands
    beside it in the report: in the midst of a loop, or where two classes are equally likely, an
    output may leave its limits without any harm to the task.

    Args:
        measured: The measurement.
        variant: Of which it is.
        recipe: Whose metric was measured.
        reference: The metric of the float reference, on the same examples.
    """
    drop = recipe.metric.drop(reference, measured.value)
    limit = drop_limit(recipe, variant, examples=measured.examples, reference=reference)
    problem = measured.judgement.broken
    if not problem and drop > limit:
        problem = _sentence(recipe.metric, drop, limit)
    return Verdict(drop=drop, drop_limit=limit, problem=problem)


def drop_limit(recipe: Recipe, variant: Variant, *, examples: int, reference: float) -> float:
    """Return by how much a recipe's metric may get worse for a variant, in the metric's unit.

    The recipe's own limit for the variant, its optimization or its precision goes before the
    default of the precision. Defaults are points of a metric that reaches from 0 to 100, and of any
    other that many percent of what the reference scores: a limit of 1 would pass every error of a
    model whose error is 0.13. They are a share of the reference and not of its distance from the
    baseline, because a poor baseline would allow much, and one that is nearly as good nothing;
    whether the baseline is still beaten, a report says by itself. A recipe whose reference may
    score 0 has to name limits, since no share of that is anything.

    On a user's few test examples one more may be wrong: 1 of 6 is 17 points, and proves nothing.

    Args:
        recipe: Whose metric it is.
        variant: That was measured.
        examples: That it was measured on.
        reference: What the float reference scores on them.
    """
    metric, own = recipe.metric, recipe.drop_limits
    default = LIMITS[variant.precision].drop
    if metric.unit not in OF_100:
        default *= abs(reference) / 100
    keys = (str(variant), variant.optimization, *variant.optimizations, variant.precision)
    limit = next((own[key] for key in keys if key in own), default)
    limit *= SMALL_SAMPLE_ALLOWANCE if examples <= SMALL_SAMPLE else 1.0
    if recipe.about_data and metric.is_share:  # one answer may change
        limit = max(limit, 100.01 / examples)
    return limit


def _sentence(metric: Metric, drop: float, limit: float) -> str:
    found, allowed = (wording.amount_text(metric, amount) for amount in (drop, limit))
    return f"{metric.name} {metric.worsening}s by {found}, allowed are {allowed}."
