"""Is a file right on examples that edgekit never saw? Judged without edgekit's judgement.

Only the limits are edgekit's. What an output is comes from the model's maker; agreement and errors
are counted here anew, and resampling the examples tells whether they are beyond a limit or only
near it: a share of 64 examples moves by some percent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from zoo_models.made import Kind

from edgekit.core.types import Array, Batch
from edgekit.running.limits import LIMITS, Limits

Verdict = Literal["right", "near", "wrong"]
"""`near`: fewer than 95 % of resamples say the same."""

RESAMPLES = 400
SURE = 0.95
NARROW = 32
"""Outputs of at most so many channels are checked channel by channel."""

LIVE = 0.1
"""A channel that varies less than this share of the typical one is not checked alone."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measure as a ratio of sums over examples.

    Attributes:
        part: For each example, such as its hits.
        whole: For each example, such as the number of its positions.
        limit: On the ratio of the sums.
        root: Whether the root of the ratio is meant, as for squared errors.
    """

    name: str
    part: Array
    whole: Array
    limit: float
    at_least: bool
    root: bool = False

    @property
    def value(self) -> float:
        """Over all examples."""
        ratio = float(self.part.sum() / max(self.whole.sum(), 1e-30))
        return ratio**0.5 if self.root else ratio

    def verdict(self) -> Verdict:
        """Resample the examples."""
        random = np.random.default_rng(0)
        rows = random.integers(0, len(self.part), (RESAMPLES, len(self.part)))
        ratio = self.part[rows].sum(1) / np.maximum(self.whole[rows].sum(1), 1e-30)
        value = np.sqrt(ratio) if self.root else ratio
        good = float(np.mean(value >= self.limit if self.at_least else value <= self.limit))
        return "right" if good >= SURE else "wrong" if good <= 1 - SURE else "near"

    def __str__(self) -> str:
        return f"{self.name} {self.value:.3g} ({'>=' if self.at_least else '<='} {self.limit:g})"


def figures(reference: Array, answers: Array, kind: Kind, limits: Limits) -> Iterator[Figure]:
    """Yield what is measured of one output."""
    count = len(reference)
    p = np.asarray(reference, np.float64).reshape(count, -1, np.shape(reference)[-1])
    q = np.asarray(answers, np.float64).reshape(p.shape)
    ones = np.full(count, float(p.shape[1]))
    if kind == "tokens":
        hits = (p == q).mean(2).sum(1)
        yield Figure(name="equal", part=hits, whole=ones, limit=limits.tokens, at_least=True)
    elif kind == "classes":
        hits = (p.argmax(2) == q.argmax(2)).sum(1).astype(float)
        limit = limits.first_choice
        yield Figure(name="first choice", part=hits, whole=ones, limit=limit, at_least=True)
    else:
        yield from _errors(p, q, limits)
    if kind == "scores":
        both = 2.0 * ((p > 0.5) & (q > 0.5)).sum((1, 2))
        either = ((p > 0.5).sum((1, 2)) + (q > 0.5).sum((1, 2))).astype(float)
        limit = limits.decisions
        if (p > 0.5).sum() >= 20:
            yield Figure(name="decisions", part=both, whole=either, limit=limit, at_least=True)


def _errors(p: Array, q: Array, limits: Limits) -> Iterator[Figure]:
    squared = ((p - q) ** 2).sum(1)
    spread = p.var((0, 1)) * p.shape[1]
    whole = np.full(len(p), spread.sum())
    name, limit = "error over spread", limits.error**2
    yield Figure(
        name=name, part=squared.sum(1), whole=whole, limit=limit**0.5, at_least=False, root=True
    )
    if 1 < p.shape[2] <= NARROW:
        for channel in np.flatnonzero(spread >= LIVE**2 * spread.mean()):
            yield Figure(
                name=f"channel {channel}",
                part=squared[:, channel],
                whole=np.full(len(p), spread[channel]),
                limit=limits.channel_error,
                at_least=False,
                root=True,
            )


def check(
    reference: Batch, answers: Batch, kinds: Mapping[str, Kind], precision: str
) -> tuple[Verdict, str]:
    """Return whether all outputs are right, and the figures of each output's worst measure."""
    worst: Verdict = "right"
    said = []
    for name, array in reference.items():
        found = list(figures(array, answers[name], kinds[name], LIMITS[precision]))
        verdicts = [each.verdict() for each in found]
        for verdict in ("wrong", "near", "right"):
            if verdict in verdicts:
                said.append(f"{name}: {found[verdicts.index(verdict)]}")
                if verdict == "wrong" or (verdict == "near" and worst == "right"):
                    worst = verdict
                break
    return worst, "; ".join(said)
