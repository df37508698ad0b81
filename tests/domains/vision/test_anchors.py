"""Anchors overlap the boxes they were found in, the more the more there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.domains.vision.anchors import anchors_of, mean_overlap, overlap_of_sizes, sizes_of
from edgekit.on_device.vision.boxes import intersection_over_union


@given(st.integers(0, 999), st.integers(1, 6), st.integers(1, 6))
def test_sizes_overlap_as_boxes_with_one_middle_do(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.uniform(1, 50, (n, 2)), random.uniform(1, 50, (m, 2))
    boxes = [np.concatenate([-sizes / 2, sizes / 2], axis=1) for sizes in (a, b)]
    np.testing.assert_allclose(overlap_of_sizes(a, b), intersection_over_union(*boxes), atol=1e-9)


@given(st.integers(0, 999), st.integers(1, 5))
def test_they_overlap_better_than_any_of_fewer(seed: int, count: int) -> None:
    sizes = np.random.default_rng(seed).lognormal(3, 0.7, (60, 2))
    found = anchors_of(sizes, count)
    assert found.shape == (count, 2)
    assert found.dtype == np.float32
    assert (np.diff(found.prod(axis=1)) >= 0).all()
    assert mean_overlap(sizes, found) > mean_overlap(sizes, sizes.mean(axis=0)[None]) - 1e-6
    assert (found == anchors_of(sizes, count)).all()


def test_as_many_sizes_as_anchors_are_the_anchors() -> None:
    sizes = np.array([[10, 20], [40, 30], [10, 20], [5, 5]])
    assert anchors_of(sizes, 3).tolist() == [[5, 5], [10, 20], [40, 30]]
    assert anchors_of(sizes, 9).tolist() == [[5, 5], [10, 20], [40, 30]]
    assert mean_overlap(sizes, anchors_of(sizes, 3)) == pytest.approx(1)


def test_padding_has_no_size() -> None:
    boxes = np.array([[[1, 2, 4, 6], [0, 0, 0, 0]]])
    assert sizes_of(boxes, np.array([[2, -1]])).tolist() == [[3, 4]]
