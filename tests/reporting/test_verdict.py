"""What a build comes to: within limits or not, the baseline beaten or not, what to take."""

from __future__ import annotations

from dataclasses import replace

from edgekit.core.recipe import Metric
from edgekit.core.report import BaselineScore, Report
from edgekit.reporting.verdict import against_baseline, recommendation, verdict
from tests.support.example_report import example_report


def test_the_verdict_is_one_sentence_about_all_of_it() -> None:
    report = example_report()
    assert verdict(report) == (
        "All 43 measurements of 11 variants on tflite-runtime, litert, litert-gpu and "
        "tflite-runtime on raspberry-pi are within limits; the reference and all variants beat the "
        "baseline (always the most frequent class, 10.00 %); edgetpu is predicted, not run; "
        "1 combination was not run (int16x8 on litert-gpu)."
    )
    refused = replace(report.rows[0], status="not run", ok=False, value=None)
    few = replace(report, rows=(refused, report.rows[4]))
    assert verdict(few) == (
        "Nothing was measured; the reference beats the baseline (always the most frequent class, "
        "10.00 %); 1 combination failed (float32 on tflite-runtime); edgetpu is predicted, not run."
    )


def baseline_of(report: Report, value: float) -> Report:
    return replace(report, baseline=BaselineScore(name="simple", value=value))


def test_a_baseline_is_beaten_by_what_is_better_than_it() -> None:
    report = baseline_of(example_report(), 91.62)  # as good as the reference
    assert not report.beats_baseline
    assert (
        against_baseline(report) == "the reference is no better than the baseline (simple, 91.62 %)"
    )
    report = baseline_of(report, 91.3)
    assert report.beats_baseline
    assert {row.variant for row in report.behind_baseline} == {
        *("pruned-float32", "pruned-int8", "clustered-float32", "clustered-int8", "pruned24-int8"),
    }
    assert "raspberry-pi" not in {row.device for row in report.behind_baseline}  # other examples
    assert against_baseline(report) == (
        "the reference beats the baseline (simple, 91.30 %), but not so 5 variants on "
        "tflite-runtime, 5 variants on litert, 5 variants on litert-gpu"
    )
    error = replace(baseline_of(report, 95.0), metric=Metric(name="error", higher_is_better=False))
    assert error.beats_baseline
    assert not error.behind_baseline


def test_only_a_full_build_is_held_to_its_baseline() -> None:
    report = example_report()
    assert report.ok
    for value in (91.3, 95.0):
        assert not baseline_of(report, value).ok
        assert replace(baseline_of(report, value), size="tiny").ok


def test_the_smallest_within_limits_is_recommended_and_the_fastest_named() -> None:
    report = example_report()
    assert recommendation(report) == (
        "Take pruned-int8, the smallest within limits: 206 kB, 71.3 kB compressed, accuracy "
        "91.07 %, 0.0688 ms on litert. The fastest is int8: 0.0684 ms on litert."
    )
    int8 = replace(report, rows=tuple(r for r in report.rows if r.variant == "int8"), size="tiny")
    assert recommendation(int8) == (
        "Take int8, the smallest and the fastest within limits: 206 kB, 163 kB compressed, "
        "accuracy 91.41 %, 0.0684 ms on litert. Before you use it, build it in full size: "
        "tiny only shows that it runs."
    )


def test_what_is_out_of_limits_or_behind_the_baseline_is_not_recommended() -> None:
    report = example_report()
    rows = tuple(replace(r, ok=False) if "int8" in r.variant else r for r in report.rows)
    assert recommendation(replace(report, rows=rows)).startswith("Take clustered-float32, ")
    assert recommendation(baseline_of(report, 91.3)).startswith("Take dynamic_int8, ")
    assert recommendation(baseline_of(report, 95.0)) == ""
    assert recommendation(replace(report, rows=())) == ""


def test_a_limit_as_large_as_the_metric_shows_nothing() -> None:
    """detect_yolov3 in tiny size scored 2.1 %, and a variant of it might lose 12 points."""
    report = baseline_of(example_report(), 0.0)
    rows = tuple(
        replace(row, value=2.1 if row.value else None, drop=0.0, drop_limit=limit)
        for row, limit in zip(report.rows[:10:5], (2.0, 12.0), strict=True)
    )
    tiny = replace(report, size="tiny", reference=2.1, rows=rows)
    said = (
        "All 2 measurements of 2 variants on tflite-runtime are within limits; but that shows "
        "nothing of float16, since a drop from the reference's 2.10 % to nothing would be within "
        "limits too"
    )
    assert verdict(tiny).startswith(f"{said}: build in full size; the reference")
    assert verdict(replace(tiny, size="full")).startswith(f"{said}; the reference")
    assert "shows nothing" not in verdict(replace(tiny, rows=rows[:1]))
    error = replace(tiny, metric=Metric(name="error", higher_is_better=False))
    assert "shows nothing" not in verdict(error)
