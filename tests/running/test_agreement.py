"""Errors against the reference, degenerate outputs and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from edgekit.core.errors import BadData
from edgekit.core.variant import PRECISIONS
from edgekit.running.agreement import TOLERANCES, compare, degenerate, worst

finite = st.floats(-1e6, 1e6, width=32)
outputs = arrays(np.float32, array_shapes(min_dims=2, max_dims=3), elements=finite)


@given(outputs)
def test_equal_outputs_agree_in_every_precision(array: np.ndarray) -> None:
    found = compare({"y": array}, {"y": array.copy()})
    assert found.max_abs_error == found.mean_abs_error == 0
    assert found.cosine == pytest.approx(1.0)
    assert [found.problem(precision) for precision in PRECISIONS] == [""] * len(PRECISIONS)


@given(outputs, st.floats(1e-3, 1e3))
def test_a_shift_is_the_error(array: np.ndarray, shift: float) -> None:
    wide = array.astype(np.float64)
    found = compare({"y": wide}, {"y": wide + shift})
    assert found.max_abs_error == pytest.approx(shift, rel=1e-3, abs=1e-6)
    assert found.mean_abs_error <= found.max_abs_error + 1e-9


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (np.zeros((4, 3)), "all zeros"),
        (np.full((4, 3), np.nan), "NaN or infinite"),
        (np.full((4, 3), np.inf), "NaN or infinite"),
        (np.tile([0.1, 0.2, 0.7], (4, 1)), "the same whatever the input"),
    ],
)
def test_a_degenerate_output_is_named_and_fails_whatever_the_limits(
    wrong: np.ndarray, word: str
) -> None:
    reference = np.random.default_rng(0).random((4, 3))
    found = compare({"y": reference}, {"y": wrong})
    assert found.degenerate == word
    assert all(word in found.problem(precision) for precision in PRECISIONS)


def test_a_constant_is_right_where_the_reference_is_constant() -> None:
    assert degenerate({"y": np.ones((4, 2))}, {"y": np.ones((4, 2))}) == ""
    assert degenerate({"y": np.zeros((4, 2))}, {"y": np.zeros((4, 2))}) == ""


def test_a_single_example_cannot_be_called_constant() -> None:
    assert degenerate({"y": np.ones((1, 2))}, {"y": np.ones((1, 2))}) == ""


@pytest.mark.parametrize("precision", PRECISIONS)
def test_limits_say_what_was_found_and_what_is_allowed(precision: str) -> None:
    reference = np.linspace(0, 1, 40).reshape(4, 10)
    error = 2 * TOLERANCES[precision].mean_error
    sentence = compare({"y": reference}, {"y": reference + error}).problem(precision)
    assert "mean error" in sentence or "largest error" in sentence
    assert precision in sentence


def test_one_value_far_off_is_worse_than_all_a_little() -> None:
    expected = np.linspace(0, 6, 2000)
    rounded, broken = expected + 0.01, expected.copy()
    broken[7] += 5.3
    agreements = [compare({"x": expected}, {"x": found}) for found in (rounded, broken)]
    assert worst(agreements).max_abs_error == pytest.approx(5.3)


def test_other_names_or_shapes_are_refused() -> None:
    with pytest.raises(BadData, match="Output 'y' is nothing"):
        compare({"y": np.zeros((1, 2))}, {"z": np.zeros((1, 2))})
    with pytest.raises(BadData, match=r"\(1, 3\), the reference has \(1, 2\)"):
        compare({"y": np.zeros((1, 2))}, {"y": np.zeros((1, 3))})
