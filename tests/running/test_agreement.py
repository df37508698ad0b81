"""Errors against the reference, over all outputs together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from edgekit.core.errors import BadData
from edgekit.running.agreement import compare, worst

finite = st.floats(-1e6, 1e6, width=32)
outputs = arrays(np.float32, array_shapes(min_dims=2, max_dims=3), elements=finite)


@given(outputs)
def test_equal_outputs_agree_in_every_precision(array: np.ndarray) -> None:
    found = compare({"y": array}, {"y": array.copy()})
    assert found.max_abs_error == found.mean_abs_error == 0
    assert found.cosine == pytest.approx(1.0)


@given(outputs, st.floats(1e-3, 1e3))
def test_a_shift_is_the_error(array: np.ndarray, shift: float) -> None:
    wide = array.astype(np.float64)
    found = compare({"y": wide}, {"y": wide + shift})
    assert found.max_abs_error == pytest.approx(shift, rel=1e-3, abs=1e-6)
    assert found.mean_abs_error <= found.max_abs_error + 1e-9


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
