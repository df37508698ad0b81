"""Which files are worth having: the front, what breaks a limit, what is given up early."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.recipe import Interval
from edgekit.core.report import Row
from edgekit.search.candidate import Candidate, Limits, front_of, is_hopeless
from edgekit.search.recipe_source import candidate_of


def candidate(variant: str = "int8", **fields: Any) -> Candidate:
    known: dict[str, Any] = {
        "value": 90.0,
        "drop": 0.2,
        "drop_limit": 0.5,
        "size_bytes": 2000,
        "compressed_bytes": 1000,
        "latency_ms": 1.0,
        "is_sound": True,
    }
    return Candidate(variant=variant, **{**known, **fields})


@pytest.mark.parametrize(
    ("fields", "limits", "why"),
    [
        ({}, Limits(), ""),
        ({"drop": 0.6}, Limits(), "its answers are worse than allowed"),
        ({"drop": 0.6}, Limits(max_drop=0.7), ""),
        ({"drop": 0.2}, Limits(max_drop=0.1), "its answers are worse than allowed"),
        ({}, Limits(max_bytes=1999), "too large"),
        ({}, Limits(max_bytes=2000), ""),
        ({}, Limits(max_latency_ms=0.9), "too slow"),
        ({"latency_ms": None}, Limits(max_latency_ms=9.0), "its latency is not known"),
        ({"is_sound": False, "reason": "all zeros"}, Limits(max_drop=99.0), "all zeros"),
        ({"drop": None}, Limits(), "not measured"),
    ],
)
def test_a_broken_limit_is_named(fields: dict[str, Any], limits: Limits, why: str) -> None:
    assert candidate(**fields).broken(limits) == why


drawn = st.builds(
    lambda number, size, time, drop, effort: candidate(
        f"v{number}", compressed_bytes=size, latency_ms=time, drop=drop, effort=effort
    ),
    st.integers(0, 10**6),
    st.integers(1, 5),
    st.sampled_from([0.1, 0.2, 0.3]),
    st.sampled_from([0.0, 0.1, 0.4, 0.9]),
    st.sampled_from([0.25, 1.0]),
)


@given(st.lists(drawn, max_size=12))
def test_nothing_on_the_front_is_beaten_and_all_else_is(candidates: list[Candidate]) -> None:
    limits = Limits()
    front = front_of(candidates, limits)
    good = [each for each in candidates if each.effort == 1 and not each.broken(limits)]
    for each in good:
        better = [
            other
            for other in good
            if all(a <= b for a, b in zip(other.costs, each.costs, strict=True))
            and other.costs != each.costs
        ]
        assert (each in front) == (not better)
    assert [each.costs for each in front] == sorted(each.costs for each in front)
    if good:  # the first is the smallest that keeps to the limits
        assert front[0].compressed_bytes == min(each.compressed_bytes or 0 for each in good)


def test_what_looks_hopeless_early_is_given_up() -> None:
    limits = Limits(max_drop=0.5)
    assert is_hopeless(candidate(drop=2.6, effort=0.25), [], limits)
    assert not is_hopeless(candidate(drop=2.4, effort=0.25), [], limits)
    assert is_hopeless(candidate(is_sound=False, effort=0.25), [], limits)
    smaller = candidate("smaller", compressed_bytes=900, drop=0.0)
    assert is_hopeless(candidate(effort=0.25), [smaller], limits)
    assert not is_hopeless(candidate(effort=0.25), [candidate(compressed_bytes=900)], limits)
    assert not is_hopeless(candidate(effort=0.25, latency_ms=0.5), [smaller], limits)


def test_how_sure_a_drop_is_comes_from_the_row_of_the_build() -> None:
    sure = Interval(low=-0.4, high=1.6)
    row = Row(
        variant="int8",
        precision="int8",
        runtime="litert",
        device="local",
        status="measured",
        drop=0.6,
        drop_limit=1.0,
        drop_interval=sure,
        examples=128,
        ok=True,
    )
    found = candidate_of(row, effort=1.0, seconds=1.0)
    assert (found.drop_interval, found.examples) == (sure, 128)
