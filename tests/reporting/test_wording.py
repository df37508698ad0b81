"""The words and figures that every form of a report shares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.core.recipe import Interval, Metric
from edgekit.core.report import Row
from edgekit.reporting import wording
from tests.support.example_report import example_report


def test_a_row_has_one_state() -> None:
    row = example_report().rows[0]
    assert wording.state(row) == "ok"
    assert wording.state(replace(row, ok=False)) == "out of limits"
    assert wording.state(replace(row, ok=None)) == "measured"
    assert wording.state(replace(row, status="predicted", ok=None)) == "predicted"
    assert wording.state(replace(row, status="not run", ok=None)) == "not run"
    assert wording.state(replace(row, status="not run", ok=False)) == "failed"


def test_the_worst_is_the_largest_drop_among_those_scored_on_most_examples() -> None:
    row = Row(variant="a", precision="int8", runtime="r", device="d", status="measured")
    most = replace(row, value=90.0, drop=1.0, examples=1000)
    better = replace(row, value=90.5, drop=0.5, examples=1000)
    few = replace(row, value=80.0, drop=9.0, examples=10)
    assert wording.worst([better, few, most]) == most
    assert wording.worst([row]) is None


def test_the_smallest_is_never_one_that_broke_a_limit() -> None:
    report = example_report()
    assert wording.smallest(report.rows) == "pruned-int8"
    rows = [replace(r, ok=False) if r.variant == "pruned-int8" else r for r in report.rows]
    assert wording.smallest(rows) == "clustered-int8"
    assert wording.smallest([]) is None


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (wording.size_text, 812, "812 B"),
        (wording.size_text, 999_960, "1.00 MB"),
        (wording.size_text, 31_400, "31.4 kB"),
        (wording.size_text, None, "–"),  # noqa: RUF001
        (wording.latency_text, 0.01842, "0.0184 ms"),
        (wording.latency_text, 31.2, "31.2 ms"),
        (wording.latency_text, 1240.4, "1,240 ms"),
        (wording.error_text, 2.41e-6, "2.4e-6"),
        (wording.error_text, 1.97, "2.0"),
        (wording.error_text, 12.3, "12"),
        (wording.error_text, 0.0, "0"),
        (wording.error_text, 1.7976931348623157e308, "not finite"),
    ],
)
def test_figures_have_units_and_few_digits(function: object, value: object, text: str) -> None:
    assert function(value) == text  # type: ignore[operator]


def test_values_and_drops_are_in_the_unit_of_the_metric() -> None:
    percent, plain = Metric(name="accuracy", unit="%"), Metric(name="error")
    assert wording.value_text(percent, 91.416) == "91.42 %"
    assert wording.value_text(plain, 0.0123456) == "0.01235"
    assert wording.drop_text(percent, 0.21) == "+0.21"
    assert wording.drop_text(percent, -0.08) == "-0.08"
    assert wording.drop_text(percent, -0.001) == "0.00"
    assert wording.drop_text(plain, None) == wording.NONE


def test_a_predicted_row_says_how_many_operators_are_mapped() -> None:
    row = example_report().rows[4]
    assert wording.state_text(row) == "predicted, 0 of 29"
    assert wording.state_text(replace(row, operators=None)) == "predicted"


def test_what_gets_worse_drops_or_rises() -> None:
    assert Metric(name="accuracy").worsening == "drop"
    assert Metric(name="error", higher_is_better=False).worsening == "rise"


def test_a_limit_has_its_unit_and_digits_enough() -> None:
    assert wording.amount_text(Metric(name="accuracy", unit="%"), 1.0) == "1.00 %"
    assert wording.amount_text(Metric(name="MAE", unit="mm"), 0.0013) == "0.0013 mm"
    interval = Interval(low=83.47, high=98.62)
    assert wording.interval_text(Metric(name="accuracy", unit="%"), interval) == "83.5 to 98.6 %"
    assert wording.interval_text(Metric(name="accuracy"), None) == wording.NONE


def test_a_command_is_shown_as_it_is() -> None:
    report = example_report()
    known = "edgekit build image_cnn --size full --seed 0"
    assert wording.command_of(report) == known
    assert wording.command_of(replace(report, data=("Yours.",))) == f"{known} --data FOLDER"
    asked = "edgekit build 'a ``` b.py' --size tiny"
    assert wording.command_of(replace(report, command=asked)) == asked
    assert wording.markdown_code(asked) == ("````sh", asked, "````")
