"""Plots name every variant, leave out what has no real time, and their labels do not overlap."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.reporting import plots
from edgekit.reporting.labels import Box, place_labels
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


near = st.floats(0, 400)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(near, near, st.floats(10, 120)), min_size=1, max_size=8))
def test_labels_stand_inside_and_cover_nothing(points: list[tuple[float, float, float]]) -> None:
    bounds = Box(0, 0, 400, 400)
    dots = [Box(x - 4, y - 4, x + 4, y + 4) for x, y, _ in points]
    placed = place_labels(
        [(x, y) for x, y, _ in points],
        [(width, 15) for _, _, width in points],
        obstacles=dots,
        bounds=bounds,
    )
    boxes = [box for box in placed if box]
    assert all(box.inside(bounds) for box in boxes)
    assert not any(box.overlaps(dot) for box in boxes for dot in dots)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_label_without_room_is_left_out() -> None:
    placed = place_labels([(5, 5)], [(50, 15)], obstacles=[], bounds=Box(0, 0, 40, 40))
    assert placed == [None]


def test_every_label_finds_room_where_there_is_room() -> None:
    anchors = [(100.0 + 10 * i, 200.0) for i in range(6)]
    dots = [Box(x - 4, y - 4, x + 4, y + 4) for x, y in anchors]
    placed = place_labels(anchors, [(60, 15)] * 6, obstacles=dots, bounds=Box(0, 0, 400, 400))
    assert None not in placed
