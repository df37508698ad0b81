"""The learning rate that recipes train with."""

from __future__ import annotations

import pytest

from edgekit.domains.learning.optimizers import warm_up_and_fall


@pytest.mark.parametrize("steps", [3, 200])
def test_it_rises_for_a_tenth_of_the_steps_and_falls_to_nothing(steps: int) -> None:
    rate = warm_up_and_fall(0.01, steps)
    top = max(1, steps // 10)
    rates = [float(rate(step)) for step in (0, top, top + steps)]
    assert rates == pytest.approx([0.0005, 0.01, 0.0], abs=1e-6)
