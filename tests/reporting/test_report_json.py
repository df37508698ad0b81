"""What a report keeps when it is written and read, and what is said of a broken one."""

from __future__ import annotations

import contextlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadData, NotFound
from edgekit.core.report import BaselineScore, Report, Row
from edgekit.reporting import report_json
from tests.support.example_report import example_report
from tests.support.report_strategies import reports

NAMED_OF_A_ROW = (
    *("variant", "precision", "runtime", "device", "status", "value", "drop", "max_abs_error"),
    *("cosine", "latency_ms_median", "latency_ms_p90", "size_bytes", "compressed_bytes", "reason"),
)


@given(reports)
def test_a_report_comes_back_from_json_as_it_went(report: Report) -> None:
    text = json.dumps(report_json.to_json(report), allow_nan=False)
    assert report_json.from_json(json.loads(text)) == report


def test_the_stable_form_has_its_keys() -> None:
    found = report_json.to_json(example_report())
    assert set(found) >= {"recipe", "size", "seed", "metric", "reference", "rows"}
    assert found["metric"] == {
        **{"name": "accuracy", "unit": "%", "higher_is_better": True, "is_share": False}
    }
    assert found["reference"] == 91.62
    assert len(found["rows"]) == 55
    for row in found["rows"]:
        assert set(row) >= set(NAMED_OF_A_ROW)
        assert set(row) == {field.name for field in fields(Row)}


def test_machines_learn_what_a_build_comes_to() -> None:
    found = report_json.to_json(example_report())["verdict"]
    assert (found["ok"], found["beats_baseline"], found["behind_baseline"]) == (True, True, [])
    assert found["recommendation"].startswith("Take pruned-int8")
    better = BaselineScore(name="better", value=91.1)
    found = report_json.to_json(replace(example_report(), baseline=better))["verdict"]
    assert (found["ok"], found["beats_baseline"]) == (False, True)
    assert ["pruned-int8", "litert", "local"] in found["behind_baseline"]


def test_a_row_without_its_optional_figures_is_read() -> None:
    found = report_json.to_json(example_report())
    found["rows"] = [
        {name: found["rows"][0][name] for name in NAMED_OF_A_ROW} | {"invented_later": 1}
    ]
    row = report_json.from_json(found).rows[0]
    assert (row.variant, row.value, row.examples) == ("float32", 91.62, None)


def test_a_figure_that_json_cannot_hold_becomes_null() -> None:
    report = example_report()
    odd = replace(report.rows[0], max_abs_error=float("inf"), cosine=float("nan"), reason="NaN.")
    found = report_json.to_json(replace(report, rows=(odd,)))["rows"][0]
    assert (found["max_abs_error"], found["cosine"], found["reason"]) == (None, None, "NaN.")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_reference_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(BadData, match="The reference of the report is"):
        report_json.to_json(replace(example_report(), reference=value))
    with pytest.raises(BadData, match="The baseline of the report is"):
        report_json.to_json(
            replace(example_report(), baseline=BaselineScore(name="zero", value=value))
        )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r: r.pop("reference"), "report has no 'reference'"),
        (lambda r: r.update(reference="91"), 'reference is "91"; it must be a finite number'),
        (lambda r: r.update(reference=True), "reference is true; it must be a finite number"),
        (lambda r: r.update(reference=10**400), r"reference is 10+\.\.\.; it must be a number of"),
        (lambda r: r.update(seed=1.5), "seed is 1.5; it must be an integer"),
        (lambda r: r.update(size="huge"), 'size is "huge"; it must be one of tiny, full'),
        (lambda r: r.update(size=[]), "size is a list; it must be one of"),
        (lambda r: r.update(rows={}), "rows is an object; it must be a list"),
        (lambda r: r.update(rows=[7]), r"rows\[0\] is 7; it must be a JSON object"),
        (lambda r: r.update(metric=None), "metric is null; it must be a JSON object"),
        (lambda r: r.update(baseline=["zero", 0]), "baseline is a list; it must be a JSON object"),
        (lambda r: r.update(versions={"python": 3}), "versions.python is 3; it must be a text"),
        (lambda r: r.update(notes="none"), 'notes is "none"; it must be a list'),
        (lambda r: r["rows"][3].pop("status"), r"rows\[3\] has no 'status'"),
        (lambda r: r["rows"][3].update(status="fine"), r"rows\[3\].status is \"fine\""),
        (lambda r: r["rows"][3].update(ok=1), r"rows\[3\].ok is 1; it must be true or false"),
        (lambda r: r["rows"][3].update(size_bytes=True), r"size_bytes is true; it must be an int"),
        (lambda r: r["rows"][3].update(value=float("nan")), r"value is NaN; it must be a finite"),
    ],
)
def test_a_malformed_report_is_named_in_a_sentence(change: Any, sentence: str) -> None:
    found = report_json.to_json(example_report())
    change(found)
    with pytest.raises(BadData, match=sentence) as caught:
        report_json.from_json(found)
    assert "edgekit build" in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(json_values, st.sampled_from(sorted(report_json.to_json(example_report()))))
def test_no_json_value_anywhere_is_more_than_bad_data(value: Any, key: str) -> None:
    for found in (value, {**report_json.to_json(example_report()), key: value}):
        with contextlib.suppress(BadData):
            assert isinstance(report_json.from_json(found), Report)


def test_load_reads_a_run_folder_or_the_file_itself(tmp_path: Path) -> None:
    report = example_report()
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report_json.to_json(report)))
    assert report_json.load_report(tmp_path) == report
    assert report_json.load_report(path) == report


def test_load_says_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"holds no report\.json; `edgekit build` writes it"):
        report_json.load_report(tmp_path)
    with pytest.raises(NotFound):
        report_json.load_report(tmp_path / "nowhere")
    for content in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "report.json").write_bytes(content)
        with pytest.raises(BadData, match=r"report\.json' is not JSON"):
            report_json.load_report(tmp_path)
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(BadData, match=r"report\.json': report has no"):
        report_json.load_report(tmp_path)
