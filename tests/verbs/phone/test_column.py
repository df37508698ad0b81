"""A phone's answers get a column in the report of the build that made its bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgekit.cli import app
from edgekit.core import registry
from edgekit.core.errors import BadData, NotFound
from edgekit.reporting.report_json import load_report
from edgekit.verbs.phone.column import with_phone
from tests.support.example_run import write_run
from tests.support.phone_reports import golden, write_report


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    folder = write_run(tmp_path / "image_cnn")
    registry.get("packagers", "android").package(folder, folder / "android")
    return folder


def test_a_phone_s_answers_and_times_are_a_row_beside_the_others(run_dir: Path) -> None:
    bundle = run_dir / "android"
    path, _ = write_report(bundle, golden(bundle))
    before = load_report(run_dir).rows
    rows = with_phone(run_dir, [path]).rows
    (row,) = [each for each in rows if each not in before]
    assert (row.variant, row.device, row.ok) == ("float32", "Fairphone FP5, Android 15", True)
    assert (row.status, row.max_abs_error, row.latency_ms_median) == ("measured", 0.0, 1.0)
    assert rows[rows.index(row) - 1].variant == "float32"
    assert len(with_phone(run_dir, [path, path]).rows) == len(before) + 1


def test_an_emulated_phone_has_no_latency(run_dir: Path) -> None:
    bundle = run_dir / "android"
    path, content = write_report(bundle, golden(bundle))
    content["device"]["hardware"] = "ranchu"
    path.write_text(json.dumps(content))
    before = load_report(run_dir).rows
    (row,) = [each for each in with_phone(run_dir, [path]).rows if each not in before]
    assert (row.ok, row.latency_ms_median, row.latency_ms_p90) == (True, None, None)


def test_the_reports_are_written_anew_with_it(run_dir: Path) -> None:
    bundle = run_dir / "android"
    path, _ = write_report(bundle, golden(bundle)[:, ::-1])
    done = CliRunner().invoke(app, ["report", str(run_dir), "--device-report", str(path)])
    assert done.exit_code == 0, done.output
    row = next(row for row in load_report(run_dir).rows if row.runtime == "LiteRT for Android")
    assert row.ok is False
    assert row.reason
    for name in ("report.html", "report.md"):
        assert "Fairphone FP5" in (run_dir / name).read_text()


def test_a_report_of_what_the_build_lacks_is_refused(run_dir: Path, tmp_path: Path) -> None:
    bundle = run_dir / "android"
    path, report = write_report(bundle, golden(bundle))
    path.write_text(json.dumps({**report, "variant": "float64"}))
    with pytest.raises(BadData, match="variant 'float64', which the build lacks"):
        with_phone(run_dir, [path])
    with pytest.raises(NotFound, match=r"bundle .* --for android"):
        with_phone(write_run(tmp_path / "other"), [path])
