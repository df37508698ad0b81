"""Signal and noise of one tensor, channel by channel, gathered example by example.

Channels are looked at one by one and count the same: in one common figure a channel a thousand
times as large as the others would hide that all of them are lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.core.types import Array

Channels = NDArray[np.float64]
"""One number a channel; channels are the last axis of a tensor."""

LARGEST_DB = 120.0
"""Decibels beyond which a figure only says "exact" (or, below zero, "nothing is left")."""

_CONSTANT = 1e-10
"""Variance, as a share of the mean square, below which a channel carries nothing."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over all examples and positions of a tensor, one number a channel.

    Attributes:
        count: Values summed in each channel.
        linear: Sum of the float values.
        square: Sum of their squares.
        noise: Sum of the squared differences of the quantized file's values from them.
        inherited: The same for what float arithmetic makes of the quantized file's inputs.
        largest: Largest float magnitude.
        low: Lowest value of the quantized file.
        high: Highest value of the quantized file.
        clipped: Values the quantized file cut at an end of its range.
    """

    count: int
    linear: Channels
    square: Channels
    noise: Channels
    inherited: Channels
    largest: Channels
    low: Channels
    high: Channels
    clipped: Channels

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            count=self.count + other.count,
            linear=self.linear + other.linear,
            square=self.square + other.square,
            noise=self.noise + other.noise,
            inherited=self.inherited + other.inherited,
            largest=np.maximum(self.largest, other.largest),
            low=np.minimum(self.low, other.low),
            high=np.maximum(self.high, other.high),
            clipped=self.clipped + other.clipped,
        )


def totals_of(
    true: Array, given: Array, quantized: Array, *, ends: tuple[float, float], step: float
) -> Totals:
    """Return the sums for one example.

    Args:
        true: What the float model computes, channels last.
        given: What float arithmetic makes of what the layer got in the quantized file.
        quantized: What the quantized file computes, dequantized.
        ends: Lowest and highest value that the tensor can hold.
        step: Between two values it can hold; 0 if it is not quantized.
    """
    true, given, quantized = (_rows(array) for array in (true, given, quantized))
    at_end = (quantized <= ends[0]) | (quantized >= ends[1])
    return Totals(
        count=len(true),
        linear=true.sum(0),
        square=(true**2).sum(0),
        noise=((quantized - true) ** 2).sum(0),
        inherited=((given - true) ** 2).sum(0),
        largest=np.abs(true).max(0),
        low=quantized.min(0),
        high=quantized.max(0),
        clipped=(at_end & (np.abs(given - quantized) > step)).sum(0).astype(np.float64),
    )


def signal(totals: Totals) -> Channels:
    """Return the variance of each channel of the float model; 0 where it is constant."""
    mean_square = totals.square / totals.count
    variance = mean_square - (totals.linear / totals.count) ** 2
    return np.where(variance > _CONSTANT * mean_square, variance, 0.0)


def root_mean_square(totals: Totals) -> float:
    """Return the root mean square of the float model's values, over all channels."""
    return math.sqrt(float(np.mean(totals.square)) / totals.count)


def loss(power: Channels, noise: Channels) -> float:
    """Return the share of noise in what the channels carry, 0..1, the mean over channels.

    Args:
        power: Of the signal, one number a channel; channels without any are left out.
        noise: Its power; equal to the signal's where a channel became constant: the loss is 0.5.
    """
    live = power > 0
    return float(np.mean(noise[live] / (noise[live] + power[live]))) if live.any() else 0.0


def losses(totals: Totals) -> tuple[float, float]:
    """Return a tensor's loss, and the part of it that was inherited."""
    power = signal(totals)
    whole, inherited = (loss(power, n / totals.count) for n in (totals.noise, totals.inherited))
    return whole, min(inherited, whole)


def decibels(lost: float) -> float:
    """Return the signal-to-noise ratio that a loss stands for, within +-`LARGEST_DB`.

    With a single channel it is the usual ten times the logarithm of signal over noise.

    Args:
        lost: Share of noise, 0..1.

    Source: Widrow & Kollar, Quantization Noise (Cambridge University Press, 2008).
    """
    if lost <= 0:
        return LARGEST_DB
    ratio = (1 - lost) / lost
    return max(-LARGEST_DB, min(LARGEST_DB, 10 * math.log10(ratio))) if ratio > 0 else -LARGEST_DB


def clipped_share(totals: Totals) -> float:
    """Return the share of values that were cut at an end of the tensor's range, 0..1."""
    values = totals.count * len(totals.clipped)
    return float(totals.clipped.sum()) / values if values else 0.0


def dead_channels(totals: Totals) -> list[int]:
    """Return the channels that are constant in the quantized file and not in float."""
    return np.flatnonzero((totals.low == totals.high) & (signal(totals) > 0)).tolist()


def spread(totals: Totals) -> float:
    """Return the largest channel's range over that of the middle one; 1 if none carries much."""
    live = totals.largest[signal(totals) > 0]
    middle = float(np.median(live)) if live.size else 0.0
    return float(live.max()) / middle if middle > 0 else 1.0


def _rows(array: Array) -> Array:
    """Return values as `(positions, channels)`, float64."""
    values = np.asarray(array, np.float64)
    return values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(1, -1)
