"""Plots name every variant, leave out what has no real time, and no number covers another."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.recipe import Metric
from edgekit.reporting import plots
from tests.support.example_report import VARIANTS, example_report, one_bad_row


def test_plots_name_every_variant_and_only_places_with_real_times() -> None:
    report = example_report()
    for width in (340, 900):
        sizes = plots.size_plot(report, width=width)
        latencies = plots.latency_plot(report, width=width)
        for variant in VARIANTS:
            assert f">{variant}</text>" in sizes
            assert f">{variant}</text>" in latencies
        assert ">litert</text>" in latencies
        assert "litert-gpu" not in latencies
        assert "raspberry-pi" not in latencies
        assert ">2.73</text>" in latencies


def test_a_plot_with_nothing_to_show_is_empty() -> None:
    report = replace(example_report(), rows=example_report().rows[4:5])  # predicted
    assert plots.size_plot(report, width=900) == ""
    assert plots.latency_plot(report, width=900) == ""


def test_a_variant_is_plotted_where_it_drops_most_and_told_apart_if_bad() -> None:
    points = {p.variant: p for p in plots.points(one_bad_row(example_report()))}
    assert (points["int8"].value, points["int8"].good) == (90.91, False)
    assert (points["float16"].value, points["float16"].good) == (91.61, True)
    assert (points["pruned-int8"].compressed, points["pruned-int8"].size) == (71_336, 206_224)


def test_every_point_has_a_number_that_the_legend_explains() -> None:
    for width in (340, 900):
        drawn = plots.size_plot(example_report(), width=width)
        for number, variant in enumerate(VARIANTS, 1):
            assert drawn.count(f">{number}</text>") == 2
            beside = drawn.rindex(f">{number}</text>")
            assert 0 < drawn.index(f">{variant}</text>") - beside < 400
        assert drawn.count(">Keras reference</text>") == 1


def ticks_of(drawn: str, unit: str) -> list[tuple[float, float]]:
    """Return the values at the plot's left, each with its height on the page."""
    found = re.findall(rf'<text[^>]*y="([\d.]+)"[^>]*>([\d.,]+){unit}</text>', drawn)
    assert found
    return [(float(value.replace(",", "")), float(y)) for y, value in found]


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_better_is_up(higher_is_better: bool) -> None:
    metric = Metric(name="score", unit="mm", higher_is_better=higher_is_better)
    drawn = plots.size_plot(replace(example_report(), metric=metric), width=900)
    ticks = sorted(ticks_of(drawn, " mm"))
    heights = [y for _, y in ticks]
    assert heights == sorted(heights, reverse=higher_is_better)


@pytest.mark.parametrize("spread", [1e-4, 3e-3, 0.7, 5e4])
def test_no_two_ticks_are_called_the_same(spread: float) -> None:
    report = example_report()
    rows = tuple(
        replace(row, value=None if row.value is None else 0.72 + spread * (row.drop or 0.0))
        for row in report.rows
    )
    drawn = plots.size_plot(replace(report, rows=rows, reference=0.72), width=900)
    values = [value for value, _ in ticks_of(drawn, " %")]
    assert len(set(values)) == len(values) > 2


near = st.floats(0, 400)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(near, near), min_size=1, max_size=25))
def test_no_number_covers_another_and_each_stays_at_its_height(
    points: list[tuple[float, float]],
) -> None:
    discs = plots.spread(points)
    assert [y for _, y in discs] == [y for _, y in points]
    assert discs[0] == points[0]
    for index, disc in enumerate(discs):
        assert all(math.dist(disc, other) >= 13 for other in discs[:index])


def test_points_with_room_stay_where_they_are() -> None:
    points = [(100.0 + 20 * index, 200.0) for index in range(6)]
    assert plots.spread(points) == points


def test_equal_points_stand_side_by_side() -> None:
    assert [x for x, _ in plots.spread([(50.0, 0.0)] * 4)] == [50, 67, 33, 84]
