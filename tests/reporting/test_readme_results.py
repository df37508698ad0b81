"""What `edgekit results` records of full builds, and the README's tables made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.report import Report
from edgekit.reporting.readme import results as readme_results
from edgekit.reporting.wording import NONE
from tests.support.example_report import example_report, one_bad_row
from tests.support.paths import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "recipes").mkdir(parents=True)
    text = f"# Title\n\n{readme_results.BEGIN}\nold table\n{readme_results.END}\n\nEnd, with ÿ.\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
    return folder


def run_of(report: Report, folder: Path) -> Path:
    registry.get("reports", "json").write(report, folder)
    return folder


def test_record_writes_both_files_from_real_reports(checkout: Path, tmp_path: Path) -> None:
    path = readme_results.record([run_of(example_report(), tmp_path / "run")], checkout)
    assert path == checkout / "recipes" / "results.json"
    entry = json.loads(path.read_text())["image_cnn"]
    assert {
        key: entry[key] for key in ("metric", "value", "baseline_value", "seconds", "date")
    } == {
        "metric": "accuracy",
        "value": 91.62,
        "baseline_value": 10.0,
        "seconds": 412.6,
        "date": "2026-11-22",
    }
    assert entry["baseline"] == "always the most frequent class"
    assert entry["machine"] == "AMD EPYC 7B13, 2 CPUs, Linux x86_64"
    assert entry["versions"]["tensorflow"] == "2.21.0"
    assert entry["rows"] == json.loads((tmp_path / "run" / "report.json").read_text())["rows"]
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    table = readme_results.readme_table(readme_results.read(path))
    assert (
        readme
        == f"# Title\n\n{readme_results.BEGIN}\n{table}\n{readme_results.END}\n\nEnd, with ÿ.\n"
    )


def test_record_keeps_other_recipes_and_is_the_same_twice(checkout: Path, tmp_path: Path) -> None:
    first = run_of(replace(example_report(), recipe="zebra"), tmp_path / "zebra")
    second = run_of(example_report(), tmp_path / "cnn")
    readme_results.record([first], checkout)
    path = readme_results.record([second], checkout)
    before = path.read_bytes(), (checkout / "README.md").read_bytes()
    assert list(json.loads(before[0])) == ["image_cnn", "zebra"]
    readme_results.record([second, first], checkout)
    assert (path.read_bytes(), (checkout / "README.md").read_bytes()) == before


def test_a_changed_row_is_a_changed_line(checkout: Path, tmp_path: Path) -> None:
    path = readme_results.record([run_of(example_report(), tmp_path / "a")], checkout)
    before = path.read_text().splitlines()
    readme_results.record([run_of(one_bad_row(example_report()), tmp_path / "b")], checkout)
    after = path.read_text().splitlines()
    assert len(before) == len(after)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_a_tiny_build_is_refused_and_nothing_is_written(checkout: Path, tmp_path: Path) -> None:
    readme = (checkout / "README.md").read_bytes()
    runs = [
        run_of(replace(example_report(), recipe="good"), tmp_path / "good"),
        run_of(replace(example_report(), size="tiny"), tmp_path / "tiny"),
    ]
    with pytest.raises(BadInput, match=r"of size tiny; .* `edgekit build image_cnn --size full`"):
        readme_results.record(runs, checkout)
    assert not (checkout / "recipes" / "results.json").exists()
    assert (checkout / "README.md").read_bytes() == readme


def test_two_builds_of_one_recipe_are_refused(checkout: Path, tmp_path: Path) -> None:
    runs = [run_of(example_report(), tmp_path / name) for name in ("a", "b")]
    with pytest.raises(BadInput, match="Two of the builds are of 'image_cnn'"):
        readme_results.record(runs, checkout)


@pytest.mark.parametrize(
    "text",
    [
        "",
        readme_results.BEGIN,
        readme_results.END + readme_results.BEGIN,
        2 * (readme_results.BEGIN + readme_results.END),
    ],
)
def test_a_readme_without_a_place_for_the_tables_is_refused(
    text: str, checkout: Path, tmp_path: Path
) -> None:
    (checkout / "README.md").write_text(text)
    with pytest.raises(BadInput, match=r"must hold '<!-- results:begin -->' and then"):
        readme_results.record([run_of(example_report(), tmp_path / "run")], checkout)
    assert not (checkout / "recipes" / "results.json").exists()


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="give the checkout with --repository"):
        readme_results.record([run_of(example_report(), tmp_path / "run")], tmp_path)


@pytest.mark.parametrize("text", ["{", "[]x", '{"image_cnn": {}}', '{"image_cnn": 3}', "[1]"])
def test_damaged_results_are_not_overwritten(text: str, checkout: Path, tmp_path: Path) -> None:
    path = checkout / "recipes" / "results.json"
    path.write_text(text)
    with pytest.raises(BadData, match="is not a file of results"):
        readme_results.record([run_of(example_report(), tmp_path / "run")], checkout)
    assert path.read_text() == text


def test_the_tables_say_what_each_precision_keeps_and_where_it_ran(
    checkout: Path, tmp_path: Path
) -> None:
    bad = replace(one_bad_row(example_report()), recipe="worse")
    runs = [run_of(example_report(), tmp_path / "a"), run_of(bad, tmp_path / "b")]
    text = readme_results.readme_table(readme_results.read(readme_results.record(runs, checkout)))
    lines = text.splitlines()
    assert lines[2] == (
        "| image_cnn | accuracy | 91.62 % | 10.00 % (always the most frequent class) | "
        "712 kB, 91.62 % (0.00) | 361 kB, 91.61 % (+0.01) | 199 kB, 91.56 % (+0.06) | "
        "206 kB, 91.41 % (+0.21) | 211 kB, 91.60 % (+0.02) | "
        "pruned-int8: 71.3 kB compressed, 91.07 % (+0.55) |"
    )
    assert "| 206 kB, 90.91 % (+0.71), out of limits |" in lines[3]
    assert lines[-4:-2] == [
        "| worse | all 11 measured | 10 measured; out of limits: int8 | "
        "10 measured; not run: int16x8 | all 11 measured | all 11 predicted | 2026-11-22 |",
        "",
    ]
    assert lines[-2].startswith("Measured on AMD EPYC 7B13, 2 CPUs, Linux x86_64; edgekit 0.1.0")
    assert "`edgekit results runs/NAME`" in lines[-1]


def test_figures_besides_the_metric_stand_in_a_table_of_their_own(
    checkout: Path, tmp_path: Path
) -> None:
    report = example_report()
    rows = [
        replace(row, details={"AP of cats %": 81.0 if row.variant == "int8" else 82.0})
        if row.status == "measured"
        else row
        for row in report.rows
    ]
    figures = {"AP of cats %": 82.04, **{f"other {number}": 1.0 for number in range(12)}}
    report = replace(report, rows=tuple(rows), reference_details=figures)
    path = readme_results.record([run_of(report, tmp_path / "run")], checkout)
    text = readme_results.readme_table(readme_results.read(path))
    assert f"| image_cnn | AP of cats % 82.0 (81.0, 82.0); other 0 1 ({NONE}, {NONE}); " in text
    assert text.count("; 1 more in the report |") == 1


def test_without_results_the_readme_says_so() -> None:
    assert readme_results.readme_table({}).startswith("No full build is recorded yet")


def test_the_readme_shows_the_committed_results_and_no_others() -> None:
    recorded = readme_results.read(ROOT / readme_results.RESULTS)
    readme = ROOT / readme_results.README
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    shown = text.partition(readme_results.BEGIN)[2].partition(readme_results.END)[0].strip()
    if recorded:
        assert shown == readme_results.readme_table(recorded)
    else:
        assert shown in ("", readme_results.readme_table({}))
