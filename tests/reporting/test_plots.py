"""Plots name every variant, leave out what has no real time, and no number covers another."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

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
