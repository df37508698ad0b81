"""The latency a reader waits for, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from edgekit.core.report import Row
from edgekit.reporting import latency
from tests.support.example_report import example_report

ROW = Row(variant="int8", precision="int8", runtime="litert", device="local", status="measured")
ALONE = replace(ROW, latency_ms_median=0.2, latency_ms_p90=0.25)


def of_parts(by_file: Mapping[str, float], calls: Mapping[str, int]) -> Row:
    return replace(
        ROW,
        latency_ms_median=sum(by_file.values()),
        latency_ms_p90=2 * sum(by_file.values()),
        latency_ms_by_file=by_file,
        calls_by_file=calls,
        latency_ms_example=sum(calls[part] * ms for part, ms in by_file.items()) if calls else None,
    )


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (ROW, "–"),  # noqa: RUF001
        (ALONE, "0.200 ms"),
        (replace(ALONE, latency_ms_example=0.2, calls_by_file={"model": 1}), "0.200 ms"),
        (
            replace(ALONE, latency_ms_example=2.4, calls_by_file={"model": 12}),
            "2.40 ms (12 x 0.200)",
        ),
        (
            of_parts({"encode": 3.0, "step": 0.66}, {"encode": 1, "step": 14}),
            "12.2 ms (encode 3.00, 14 x step 0.660)",
        ),
        (
            of_parts({"whole": 0.18, "hop": 0.003}, {"whole": 1, "hop": 0}),
            "0.180 ms (whole 0.180, hop 0.00300 a call)",
        ),
        (of_parts({"start": 1.0, "step": 0.25}, {}), "1.25 ms (start 1.00, step 0.250)"),
    ],
)
def test_a_latency_is_said_of_the_example_and_of_each_call(row: Row, text: str) -> None:
    assert latency.latency_of_files(row) == text


def test_the_headline_is_what_one_waits_for() -> None:
    loop = of_parts({"whole": 0.18, "hop": 0.003}, {"whole": 0, "hop": 50})
    assert latency.latency_ms(loop) == pytest.approx(0.15)
    assert latency.p90_ms(loop) is None
    assert latency.p90_ms(ALONE) == 0.25
    slower = replace(ALONE, latency_ms_median=0.1, latency_ms_example=1.0, ok=True)
    assert latency.fastest([slower, replace(ALONE, ok=True)]) == replace(ALONE, ok=True)


def test_it_is_said_what_latencies_are_of() -> None:
    report = replace(example_report(), example="keywords.py example.wav")
    start = "Times are medians in the runtime's process, warm-up left out"
    loop = of_parts({"whole": 0.18, "hop": 0.003}, {"whole": 1, "hop": 50})
    once = replace(ALONE, latency_ms_example=0.2, calls_by_file={"model": 1})
    old = of_parts({"start": 1.0, "step": 0.25}, {})
    for rows, text in (
        ((ROW,), ""),
        ((ALONE,), f"{start}."),
        ((once,), f"{start}, of one call."),
        ((old,), f"{start}; of several files the sum of one call of each."),
        (
            (loop,),
            f"{start}, of all calls for one answer of the bundle's example (keywords.py "
            "example.wav; int8 takes 1 call of whole and 50 calls of hop).",
        ),
    ):
        assert latency.times_text(replace(report, rows=rows)) == text
    none = "What is emulated, and a GPU computed in software, has none."
    assert latency.times_text(replace(report, rows=(ALONE, ROW))) == f"{start}. {none}"
