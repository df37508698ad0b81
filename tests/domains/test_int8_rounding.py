"""Weights rounded to what int8 can hold: by half a step at most, and once is enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.domains.learning.int8_rounding import on_grid, table_on_grid


@given(seed=st.integers(0, 10_000), per_column=st.booleans())
def test_rounding_moves_a_weight_by_half_a_step_and_only_once(seed: int, per_column: bool) -> None:
    weights = np.random.default_rng(seed).standard_normal((7, 5)).astype(np.float32)
    rounded = on_grid(weights, per_column=per_column)
    largest = np.abs(weights).max(axis=0 if per_column else None)
    assert (np.abs(rounded - weights) <= largest / 127 / 2 * 1.001).all()
    assert np.allclose(np.abs(rounded).max(axis=0 if per_column else None), largest)
    assert np.allclose(on_grid(rounded, per_column=per_column), rounded, rtol=1e-6, atol=0)


@given(seed=st.integers(0, 10_000))
def test_every_weight_is_a_whole_number_of_steps(seed: int) -> None:
    weights = np.random.default_rng(seed).standard_normal((7, 5)).astype(np.float32)
    rounded = on_grid(weights).astype(np.float64)
    steps = rounded / (np.abs(rounded).max(axis=0) / 127)
    assert np.allclose(steps, np.round(steps), atol=1e-4)


@given(
    seed=st.integers(0, 10_000),
    low=st.floats(-3, 3, width=32),
    wide=st.floats(0.5, 6, width=32),
)
def test_a_table_moves_by_a_step_at_most_and_only_once(seed: int, low: float, wide: float) -> None:
    table = (low + wide * np.random.default_rng(seed).random((40, 5))).astype(np.float32)
    rounded = table_on_grid(table)
    step = (max(table.max(), 0) - min(table.min(), 0)) / 255
    # The zero among the steps moves both ends by up to half a step.
    assert np.abs(rounded - table).max() <= step * 1.001
    assert np.allclose(table_on_grid(rounded), rounded, rtol=0, atol=1e-5 * step + 1e-6)
    assert len(np.unique(rounded)) <= 256


def test_a_table_of_zeros_stays() -> None:
    assert not table_on_grid(np.zeros((3, 2))).any()


def test_a_column_without_weights_stays() -> None:
    assert not on_grid(np.zeros((3, 2))).any()


@pytest.mark.slow
def test_rounded_layers_answer_almost_the_same() -> None:
    import keras

    from edgekit.domains.learning.int8_rounding import round_dense, round_lstm

    keras.utils.set_random_seed(0)
    dense, lstm = keras.layers.Dense(4), keras.layers.LSTM(8)
    model = keras.Sequential([keras.Input((5, 3)), lstm, dense])
    series = np.random.default_rng(0).standard_normal((16, 5, 3)).astype(np.float32)
    before = model(series).numpy()
    round_dense([dense])
    round_lstm([lstm])
    after = model(series).numpy()
    assert 0 < np.abs(after - before).max() < 0.02
