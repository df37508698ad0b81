"""How much worse a file of a user's own model answers: what a drop is where no recipe says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.building.measuring.intervals import drop_interval
from edgekit.core.recipe import Interval, Metric
from edgekit.core.report import Score
from edgekit.reporting.wording import counted
from edgekit.running.judgement import OutputJudgement
from edgekit.search.candidate import Reference
from edgekit.search.own_model.facts import ModelFacts
from edgekit.verbs.verify import Proof

AGREEMENT = Metric(name="agreement with the model", unit="%")
"""Where right answers are not known, or are known of several outputs: 100 % less the drop."""


@dataclass(frozen=True, kw_only=True)
class Drop:
    """How much worse a file answers than its model.

    Attributes:
        points: Of the output where it is most, in percentage points.
        value: The metric of the file, in percent.
        interval: How sure the drop is; None where right answers are not counted.
    """

    points: float
    value: float
    interval: Interval | None = None


def drop_of(proof: Proof, facts: ModelFacts) -> Drop | None:
    """Return the drop of a file that ran; None of one that did not.

    Args:
        proof: What running it showed.
        facts: Of its model.
    """
    if facts.scores is not None:
        if proof.evaluation is None:
            return None
        scores = _first(proof.evaluation.file[proof.runtime])
        before, after = (_percent(each, facts) for each in (_first(facts.scores.source), scores))
        signs = [-1 if score.question == _ERROR else 1 for score in _first(facts.scores.source)]
        drops = [s * (b - a) for s, b, a in zip(signs, before, after, strict=True)]
        worst = max(drops)
        return Drop(
            points=worst,
            value=after[0] if len(after) == 1 else 100 - worst,
            interval=_interval(scores[drops.index(worst)], facts.scores.examples),
        )
    losses = [_loss(output) for output in proof.outputs]
    if not losses or None in losses:
        return None
    points = max(loss for loss in losses if loss is not None)
    return Drop(points=points, value=100 - points)


def reference_of(facts: ModelFacts, notes: Sequence[str]) -> Reference:
    """Return what files are compared with, and a sentence that says what the drop is."""
    metric, value, sentence = AGREEMENT, 100.0, _sentence(facts)
    if facts.scores is not None and len(scores := _first(facts.scores.source)) == 1:
        is_error = scores[0].question == _ERROR
        name = "mean absolute error" if is_error else scores[0].question
        metric = Metric(name=name, unit="%", higher_is_better=not is_error)
        (value,) = _percent(scores, facts)
    return Reference(metric=metric, value=value, notes=(sentence, *notes))


def _interval(score: Score, examples: int) -> Interval | None:
    """Return how sure the drop of a share of right answers is."""
    return None if score.changed is None else drop_interval(*score.changed, examples)


def _loss(output: OutputJudgement) -> float | None:
    """Return how far an output is from the model's, in percent; None if it is broken.

    Its first measure is the share of first choices or tokens that are the same, or the error over
    the spread.
    """
    if not output.measures:
        return None
    first = output.measures[0]
    return 100 * (1 - first.value if first.at_least else first.value)


_ERROR = "mean absolute error"


def _first(scores: Sequence[Score]) -> list[Score]:
    """Return one score of each output; the first five choices tell less than the first."""
    return list({score.output: score for score in reversed(scores)}.values())[::-1]


def _percent(scores: Sequence[Score], facts: ModelFacts) -> list[float]:
    """Return scores in percent: errors in percent of the spread of the right answers."""
    return [
        100
        * score.value
        / (max(facts.spreads[score.output], 1e-30) if score.question == _ERROR else 1)
        for score in scores
    ]


def _sentence(facts: ModelFacts) -> str:
    """Say what the drop is."""
    if facts.scores is not None:
        scores = _first(facts.scores.source)
        what = [
            "the mean absolute error, in percent of the standard deviation of the right answers"
            if score.question == _ERROR
            else f"{score.question}, in percentage points"
            for score in scores
        ]
        of = f"on {counted(facts.scores.examples, 'example')} with right answers"
        also = ", which also calibrated it" if facts.both else ""
        return f"Drop: how much worse than the model the file is {of}{also}: {_worst(what)}."
    said = {
        "classes": "the share whose first choice is another than the model's",
        "tokens": "the share of tokens that are others than the model's",
    }
    error = "the error, in percent of the standard deviation of the model's answers"
    what = [said.get(kind, error) for kind in facts.kinds.values()]
    of = "random inputs" if facts.calibration is None else "examples without right answers"
    return f"Drop: how far the file is from the model on {facts.examples:,} {of}: {_worst(what)}."


def _worst(what: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(what))
    worst = ", of the output where it is most" if len(what) > 1 else ""
    return " or ".join(distinct) + worst
