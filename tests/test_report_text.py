"""The words and figures that every form of a report shares."""

from __future__ import annotations

from dataclasses import replace

import pytest
from example_report import example_report

from edgekit import report_text as words
from edgekit.types import Metric, Row


def test_the_verdict_is_one_sentence_about_all_of_it() -> None:
    report = example_report()
    assert words.verdict(report) == (
        "All 43 measurements of 11 variants on tflite-runtime, litert, litert-gpu and "
        "tflite-runtime on raspberry-pi are within limits; edgetpu is predicted, not run; "
        "1 combination was not run (int16x8 on litert-gpu)."
    )
    refused = replace(report.rows[0], status="not run", ok=False, value=None)
    few = replace(report, rows=(refused, report.rows[4]))
    assert words.verdict(few) == (
        "Nothing was measured; 1 combination failed (float32 on tflite-runtime); "
        "edgetpu is predicted, not run."
    )


def test_a_row_has_one_state() -> None:
    row = example_report().rows[0]
    assert words.state(row) == "ok"
    assert words.state(replace(row, ok=False)) == "out of limits"
    assert words.state(replace(row, ok=None)) == "measured"
    assert words.state(replace(row, status="predicted", ok=None)) == "predicted"
    assert words.state(replace(row, status="not run", ok=None)) == "not run"
    assert words.state(replace(row, status="not run", ok=False)) == "failed"


def test_the_worst_is_the_largest_drop_among_those_scored_on_most_examples() -> None:
    row = Row(variant="a", precision="int8", runtime="r", device="d", status="measured")
    most = replace(row, value=90.0, drop=1.0, examples=1000)
    better = replace(row, value=90.5, drop=0.5, examples=1000)
    few = replace(row, value=80.0, drop=9.0, examples=10)
    assert words.worst([better, few, most]) == most
    assert words.worst([row]) is None


def test_the_smallest_is_never_one_that_broke_a_limit() -> None:
    report = example_report()
    assert words.smallest(report.rows) == "pruned-int8"
    rows = [replace(r, ok=False) if r.variant == "pruned-int8" else r for r in report.rows]
    assert words.smallest(rows) == "clustered-int8"
    assert words.smallest([]) is None


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (words.size_text, 812, "812 B"),
        (words.size_text, 999_960, "1.00 MB"),
        (words.size_text, 31_400, "31.4 kB"),
        (words.size_text, None, "–"),  # noqa: RUF001
        (words.latency_text, 0.01842, "0.0184 ms"),
        (words.latency_text, 31.2, "31.2 ms"),
        (words.latency_text, 1240.4, "1,240 ms"),
        (words.error_text, 2.41e-6, "2.4e-6"),
        (words.error_text, 1.97, "2.0"),
        (words.error_text, 12.3, "12"),
        (words.error_text, 0.0, "0"),
        (words.error_text, 1.7976931348623157e308, "not finite"),
    ],
)
def test_figures_have_units_and_few_digits(function: object, value: object, text: str) -> None:
    assert function(value) == text  # type: ignore[operator]


def test_values_and_drops_are_in_the_unit_of_the_metric() -> None:
    percent, plain = Metric(name="accuracy", unit="%"), Metric(name="error")
    assert words.value_text(percent, 91.416) == "91.42 %"
    assert words.value_text(plain, 0.0123456) == "0.01235"
    assert words.drop_text(percent, 0.21) == "+0.21"
    assert words.drop_text(percent, -0.08) == "-0.08"
    assert words.drop_text(percent, -0.001) == "0.00"
    assert words.drop_text(plain, None) == words.NONE
