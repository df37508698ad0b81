"""Choose ranges that leave out rare large values, so that all others get finer steps.

Of each tensor it is counted how often which value occurs, to a precision of 1 in 256. From that
follow percentiles, and the error that rounding and cutting make with any range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from edgekit.conversion.ranges.measured_values import Values, examples_run
from edgekit.core.types import Array, Batch
from edgekit.core.variant import Quantization

_BITS = 16
"""Of a float32 that are left out where values are counted: sign, exponent and 7 bits stay."""

_ENDS = 0.5 ** np.linspace(0, 8, 49)
"""Parts of the whole range at which its ends are tried, from all of it down to 1/256."""

_ROUNDS = 2
"""How often each end is chosen anew, after the other one."""


def chosen(
    content: bytes,
    examples: Batch,
    values: Mapping[int, Values],
    quantization: Quantization,
    *,
    levels: int,
) -> dict[int, Values]:
    """Return what tensors held with the range that `quantization` asks for as `low` and `high`.

    Args:
        content: A float `.tflite`.
        examples: Input name -> `(n, ...)`.
        values: Of tensors of the first graph, as `measure` saw them.
        quantization: Its `percentile` and `mse` are looked at; without either, nothing changes.
        levels: How many numbers a quantized activation can hold.
    """
    if quantization.percentile == 100 and not quantization.mse:
        return dict(values)
    ranges = {}
    finite = [k for k, each in values.items() if np.isfinite([each.low, each.high]).all()]
    for k, (held, counts) in _counted(content, examples, finite).items():
        if quantization.mse:
            low, high = _least_error(held, counts, levels)
        else:
            low, high = _percentiles(held, counts, quantization.percentile)
        # A count's value is the middle of its bin, which may lie beyond the last one seen.
        ranges[k] = max(low, values[k].low), min(high, values[k].high)
    usable = {k: ends for k, ends in ranges.items() if ends[0] < ends[1]}
    return {
        k: replace(each, low=usable[k][0], high=usable[k][1]) if k in usable else each
        for k, each in values.items()
    }


def _counted(
    content: bytes, examples: Batch, tensors: Iterable[int]
) -> dict[int, tuple[Array, Array]]:
    """Return the values that tensors held, ascending, and how often."""
    counts = {k: np.zeros(1 << (32 - _BITS), np.int64) for k in tensors}
    for read in examples_run(content, examples):
        for k, before in counts.items():
            bins = np.ascontiguousarray(read(k), np.float32).view(np.uint32).ravel() >> _BITS
            before += np.bincount(bins, minlength=len(before))
    return {k: _ascending(each) for k, each in counts.items()}


def _ascending(counts: Array) -> tuple[Array, Array]:
    bins = np.flatnonzero(counts)
    middle = np.where(bins << (_BITS + 1) & 0xFFFFFFFF, 1 << (_BITS - 1), 0)  # zero is itself
    held = ((bins << _BITS) + middle).astype(np.uint32).view(np.float32).astype(np.float64)
    order = np.argsort(held)
    return held[order], counts[bins][order]


def _percentiles(held: Array, counts: Array, percentile: float) -> tuple[float, float]:
    """Return the values at a percentile, and at 100 less it."""
    share = np.cumsum(counts) / counts.sum()
    low = held[np.searchsorted(share, 1 - percentile / 100, side="right")]
    high = held[np.searchsorted(share, percentile / 100)]
    return float(low), float(high)


def _least_error(held: Array, counts: Array, levels: int) -> tuple[float, float]:
    """Return the range with the least mean squared error: of both ends, then of each in turn."""
    low, high = float(min(held[0], 0)), float(max(held[-1], 0))
    lows, highs = low * _ENDS, high * _ENDS

    def error(low: float, high: float) -> float:
        if low == high:
            return float("inf")
        step = (high - low) / (levels - 1)
        zero = np.round(-low / step)
        number = np.clip(np.round(held / step), -zero, levels - 1 - zero)
        return float(counts @ (number * step - held) ** 2)

    low, high = min(zip(lows, highs, strict=True), key=lambda ends: error(*ends))
    for _ in range(_ROUNDS):
        high = min(highs, key=lambda end: error(low, end))
        low = min(lows, key=lambda end: error(end, high))
    return float(low), float(high)
