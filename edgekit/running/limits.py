"""How far the answers of a file may be from the Keras model: limits by precision, with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far the answers of a precision may be from the reference's.

    Attributes:
        first_choice: Least share of examples whose most probable class is the same.
        first_five: Least share whose most probable class is among the file's first five.
        lost: Largest share of what the reference tells about an example that may be lost: its
            divergence from the answer, over its divergence from its own average answer. What the
            reference itself loses when it is rounded to the output's steps is not counted: of a
            classifier that nearly always says the same, 256 steps hid 28 %, with every first
            choice right.
        decisions: Least overlap (Dice coefficient) of what lies above a threshold.
        tokens: Least share of equal integers.
        error: Largest root mean square error, over the standard deviation of the reference.
        channel_error: The same for each single channel.
        resolution: Errors below this share of the largest value are rounding, whatever the spread.
        drop: Default limit on the drop of a recipe's metric, in the metric's unit.
        reason: Why this much.
    """

    first_choice: float
    first_five: float
    lost: float
    decisions: float
    tokens: float
    error: float
    channel_error: float
    resolution: float
    drop: float
    reason: str


LIMITS: Mapping[str, Limits] = {
    "float32": Limits(
        first_choice=0.99,
        first_five=0.999,
        lost=1e-3,
        decisions=0.98,
        tokens=0.99,
        error=5e-3,
        channel_error=2e-2,
        resolution=1e-5,
        drop=0.1,
        reason="the same arithmetic in another order of summation: only ties may differ",
    ),
    "float16": Limits(
        first_choice=0.97,
        first_five=0.99,
        lost=1e-2,
        decisions=0.95,
        tokens=0.97,
        error=5e-2,
        channel_error=0.1,
        resolution=2e-3,
        drop=0.2,
        reason="weights, and on a GPU sums, have 11 bits of mantissa",
    ),
    "dynamic_int8": Limits(
        first_choice=0.92,
        first_five=0.97,
        lost=0.1,
        decisions=0.85,
        tokens=0.85,
        error=0.3,
        channel_error=0.5,
        resolution=0.0,
        drop=0.5,
        reason="weights have 8 bits; activations are quantized anew in each run",
    ),
    "int8": Limits(
        first_choice=0.9,
        first_five=0.95,
        lost=0.1,
        decisions=0.8,
        tokens=0.8,
        error=0.35,
        channel_error=0.5,
        resolution=0.0,
        drop=1.0,
        reason="weights and activations have 8 bits; at 9 dB it is mostly the model's answer; "
        "a last layer with one channel scaled threefold loses 0.12, or is 0.53 off there",
    ),
    "int16x8": Limits(
        first_choice=0.92,
        first_five=0.97,
        lost=0.1,
        decisions=0.85,
        tokens=0.85,
        error=0.3,
        channel_error=0.5,
        resolution=0.0,
        drop=0.5,
        reason="weights have 8 bits, activations 16",
    ),
}
"""Limits per precision; those of `float16` also hold for float32 files on a GPU."""

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where scores are cut into yes and no."""

FEW_POSITIVES = 10
"""With fewer scores above a threshold, the overlap there is chance."""

WIDE = 32
"""An output of more channels is a vector of features: a channel that varies less than the file's
step can show is named there, and only a wrong one is refused."""

QUIET = 10
"""In a wide output, a channel that varies less than a tenth of what is typical is held to a tenth:
among two thousand words there is always one that hardly ever moves."""

SAME_KIND = 30
"""In a narrow output such a channel is only named, too, if the others vary at most so many times as
much, as the hours of a forecast do. Beside pixel boxes, scores are another kind of quantity."""

LEAST_TOLD = 1e-6
"""Nats by which a classifier must tell examples apart to be judged by it. Float32 probabilities sum
to one to about 1e-7, and a trained network may be sure of one class whatever noise it is given."""

SPARE = 1
"""Examples that may fall on the other side of any share: few examples make coarse shares."""

ENOUGH = 2
"""Where a share lets so many be wrong, it is not coarse, and none is spared. With 32 examples and
one to spare, an int16x8 EfficientNetB0 passed at 92 % that gave the same first choice for 83 % of
64 others: so it would have one time in five."""
