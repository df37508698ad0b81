"""Signal and noise of a tensor: what the figures mean, and that no channel hides another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgekit.core.types import Array
from edgekit.explaining.noise import (
    LARGEST_DB,
    Totals,
    clipped_share,
    dead_channels,
    decibels,
    losses,
    spread,
    totals_of,
)

VALUES = arrays(np.float64, (20, 3), elements=st.floats(-10, 10, width=32))


def totals(true: Array, quantized: Array, given_: Array | None = None, step: float = 0.0) -> Totals:
    ends = (float(quantized.min()), float(quantized.max())) if step else (-math.inf, math.inf)
    given_ = true if given_ is None else given_
    return totals_of(true, given_, quantized, ends=ends, step=step)


@given(ratio=st.floats(1e-3, 1e3))
def test_one_channel_has_the_usual_signal_to_noise_ratio(ratio: float) -> None:
    true = np.array([[1.0], [-1.0]])
    noise = math.sqrt(1 / ratio) * np.array([[1.0], [1.0]])
    whole, _ = losses(totals(true, true + noise))
    assert decibels(whole) == pytest.approx(10 * math.log10(ratio), abs=1e-6)


@given(true=VALUES, noise=VALUES)
def test_a_loss_lies_between_none_and_all(true: Array, noise: Array) -> None:
    whole, inherited = losses(totals(true, true + noise, true + noise / 2))
    assert 0 <= inherited <= whole <= 1
    assert -LARGEST_DB <= decibels(whole) <= LARGEST_DB


@given(true=VALUES, factor=st.floats(1e-3, 1e3))
def test_a_loss_does_not_depend_on_the_unit_of_a_channel(true: Array, factor: float) -> None:
    scale = np.array([1.0, factor, 1.0])
    rounded = np.round(true)
    before, _ = losses(totals(true, rounded))
    after, _ = losses(totals(true * scale, rounded * scale))
    assert after == pytest.approx(before, abs=1e-9)


@given(first=VALUES, second=VALUES)
def test_examples_add_up(first: Array, second: Array) -> None:
    both = np.concatenate([first, second])
    together = totals(both, np.round(both))
    added = totals(first, np.round(first)) + totals(second, np.round(second))
    assert losses(added) == pytest.approx(losses(together))
    assert dead_channels(added) == dead_channels(together)


def test_a_wide_channel_does_not_hide_that_the_others_are_lost() -> None:
    true = np.random.default_rng(0).normal(size=(100, 8)) * ([1] * 7 + [1000])
    rounded = np.round(true / 20) * 20
    result = totals(true, rounded)
    assert dead_channels(result) == list(range(7))
    assert losses(result)[0] == pytest.approx(7 / 8 * 0.5, abs=0.01)
    assert 20 * math.log10(true.std() / (true - rounded).std()) > 20  # all channels in one
    assert spread(result) > 500


def test_what_float_makes_of_wrong_inputs_is_inherited() -> None:
    true = np.random.default_rng(0).normal(size=(100, 2))
    whole, inherited = losses(totals(true, true + 0.5, true + 0.5))
    assert whole == inherited > 0
    whole, inherited = losses(totals(true, true + 0.5, true))
    assert whole > inherited == 0


def test_only_values_beyond_the_ends_are_cut() -> None:
    true = np.linspace(-2, 2, 41)[:, None]
    quantized = np.clip(true, -1, 1)
    assert clipped_share(totals(true, quantized, step=0.05)) == pytest.approx(20 / 41)
    assert clipped_share(totals(quantized, quantized, step=0.05)) == 0


def test_a_channel_that_carries_nothing_is_neither_lost_nor_dead() -> None:
    true = np.zeros((10, 2))
    true[:, 0] = np.arange(10)
    result = totals(true, true + np.array([0, 3]))
    assert losses(result) == (0, 0)
    assert dead_channels(result) == []
