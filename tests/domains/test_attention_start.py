"""Attention starts where it is set to look."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.domains.text.attention_start import waves


@pytest.mark.parametrize("ahead", [-2, -1, 0, 1])
@pytest.mark.parametrize("length", [40, 128])
def test_each_head_looks_at_its_position(ahead: int, length: int) -> None:
    queries, keys = waves([(ahead, 1.0), None], length=length, width=64, height=5.0)
    scores = queries[:, :32] @ keys[:, :32].T
    wanted = np.clip(np.arange(length) + ahead, 0, length - 1)
    inside = (np.arange(length) + ahead == wanted).nonzero()[0]
    assert (scores.argmax(axis=1) == wanted)[inside].all()
    np.testing.assert_allclose(scores[inside, wanted[inside]], 5.0, rtol=1e-4)
    others = np.abs(scores[inside])
    others[np.arange(len(inside)), wanted[inside]] = 0
    assert np.median(others) < 1.0
    assert not queries[:, 32:].any()


def test_a_blunt_look_takes_in_neighbours() -> None:
    queries, keys = waves([(0, 0.15)], length=40, width=32, height=5.0)
    scores = queries @ keys.T
    assert scores[20, 21] > 4.5
    assert scores[20, 30] < 2.0
