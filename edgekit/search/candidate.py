"""A way to make a file as it was measured on the target, and which of several are worth having."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgekit.core.recipe import Interval, Metric
from edgekit.core.types import Size


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a file must keep to; None for no limit of the user's.

    Attributes:
        max_drop: By how much the metric may get worse, in its unit; if None, the recipe's own
            limits hold.
        max_bytes: Of the file as it lies on the device, of all its parts together.
        max_latency_ms: Median of one call on the target; where times mean nothing, as on an
            emulated board, no file keeps to it.
    """

    max_drop: float | None = None
    max_bytes: int | None = None
    max_latency_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to make a file, and what came of it.

    Attributes:
        variant: As `--variant` takes it.
        effort: Share of the recipe's retraining that it had, in 0..1.
        value: The recipe's metric on the target's runtime; None if it was not measured.
        drop: How much worse that is than the reference's.
        drop_limit: What the recipe allows.
        drop_interval: How sure the drop is, as in a build's report; None where that is not known.
        examples: On which value and drop were measured.
        size_bytes: Of the file, or of all parts.
        compressed_bytes: The same after DEFLATE.
        latency_ms: Median of one call; None where times mean nothing, or it was not timed.
        is_sound: Whether it ran, and no output is broken; its drop is judged by the limits.
        reason: Why it is not sound, or has no figures.
        seconds: That making and measuring it took.
    """

    variant: str
    effort: float = 1.0
    value: float | None = None
    drop: float | None = None
    drop_limit: float | None = None
    drop_interval: Interval | None = None
    examples: int | None = None
    size_bytes: int | None = None
    compressed_bytes: int | None = None
    latency_ms: float | None = None
    is_sound: bool = False
    reason: str = ""
    seconds: float = 0.0

    def broken(self, limits: Limits) -> str:
        """Return which limit it breaks, in words; "" if none."""
        if not self.is_sound or self.drop is None or self.size_bytes is None:
            return self.reason or "not measured"
        allowed = self.allowed_drop(limits)
        if allowed is not None and self.drop > allowed:
            return "its answers are worse than allowed"
        if limits.max_bytes is not None and self.size_bytes > limits.max_bytes:
            return "too large"
        if limits.max_latency_ms is not None:
            if self.latency_ms is None:
                return "its latency is not known"
            if self.latency_ms > limits.max_latency_ms:
                return "too slow"
        return ""

    def allowed_drop(self, limits: Limits) -> float | None:
        """Return the largest drop that is within limits: the user's, or what the recipe allows."""
        return self.drop_limit if limits.max_drop is None else limits.max_drop

    @property
    def costs(self) -> tuple[float, float, float]:
        """Compressed bytes, milliseconds (0 if not known) and drop: the less, the better."""
        return (self.compressed_bytes or 0, self.latency_ms or 0.0, self.drop or 0.0)

    def beats(self, other: Candidate) -> bool:
        """Whether it is no worse in any of the costs, and better in one."""
        pairs = list(zip(self.costs, other.costs, strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What files are compared with.

    Attributes:
        metric: In whose unit they get worse.
        value: Of the float reference.
        notes: What has to be said of it, in sentences.
    """

    metric: Metric
    value: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found; `optimize.json` is this, field by field.

    Attributes:
        recipe: That was searched; of a user's own model its name.
        model: The file or folder of that; "" for a recipe.
        target: Whose runtime measured.
        runtime: That is.
        device: Where it ran.
        size: Of the build; None for a user's own model.
        seed: As `size`.
        reference: The metric of the float reference.
        candidates: All that were tried with the whole of their retraining, by compressed size;
            and those that were given up early, with less.
        front: Variants that keep to the limits, and that no other one beats in size, latency and
            drop together.
        recommended: The smallest of them, compressed; "" if none keeps to the limits.
        why: Says so, in a sentence or two.
        doubt: Says that its drop may be within its limit by chance; "" where the 95 % interval of
            the drop does not cross the limit, or is not known.
        file: The recommended one; "" if there is none.
        command: Makes exactly that; "" if there is none.
        notes: What was left out, in sentences.
    """

    recipe: str
    target: str
    runtime: str
    device: str
    size: Size | None
    seed: int | None
    metric: Metric
    reference: float
    limits: Limits
    candidates: tuple[Candidate, ...]
    front: tuple[str, ...]
    recommended: str
    why: str
    command: str
    date: str
    machine: str
    doubt: str = ""
    model: str = ""
    file: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether a file keeps to the limits."""
        return bool(self.recommended)


def front_of(candidates: Iterable[Candidate], limits: Limits) -> list[Candidate]:
    """Return those within limits that no other one beats, the smallest first.

    See `Candidate.beats`.
    """
    good = [each for each in candidates if each.effort == 1 and not each.broken(limits)]
    return sorted(
        (each for each in good if not any(other.beats(each) for other in good)),
        key=lambda each: each.costs,
    )


def is_hopeless(candidate: Candidate, others: Sequence[Candidate], limits: Limits) -> bool:
    """Whether the rest of its retraining can be spared.

    It can where the candidate is unsound, its drop is more than `HOPELESS` times what is allowed,
    or one within limits is smaller and no slower: size and latency do not change with training.
    """
    if not candidate.is_sound or candidate.drop is None:
        return True
    if candidate.drop > HOPELESS * max(candidate.allowed_drop(limits) or 0.0, 0.0):
        return True
    size, time, _ = candidate.costs
    return any(
        other.costs[0] < size and other.costs[1] <= time and (other.drop or 0.0) <= 0.0
        for other in others
        if other.effort == 1 and not other.broken(limits)
    )


HOPELESS = 5.0
"""A variant that was retrained for a quarter of the epochs has a larger drop than at the end; by
how much differs, and this leaves room."""
