"""What `edgekit results` records of full builds, and the tables of two pages made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.report import Report
from edgekit.reporting.readme import results as readme_results
from edgekit.reporting.readme import tables
from edgekit.reporting.readme.families import FAMILIES, by_family
from edgekit.reporting.wording import NONE
from tests.support.example_report import example_report, one_bad_row
from tests.support.paths import ROOT

RESULTS_PAGE = Path("docs/results.md")
README = Path("README.md")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "recipes").mkdir(parents=True)
    (folder / "docs").mkdir()
    for page in readme_results.PAGES:
        (folder / page).write_text(page_text("old table"), encoding="utf-8")
    return folder


def page_text(table: str) -> str:
    return f"# Title\n\n{readme_results.BEGIN}\n{table}\n{readme_results.END}\n\nEnd, with ÿ.\n"


def pages_of(checkout: Path) -> list[bytes]:
    return [(checkout / page).read_bytes() for page in readme_results.PAGES]


def full_text(path: Path) -> str:
    return readme_results.table(RESULTS_PAGE, readme_results.read(path))


def run_of(report: Report, folder: Path) -> Path:
    registry.get("reports", "json").write(report, folder)
    return folder


def test_record_writes_all_files_from_real_reports(checkout: Path, tmp_path: Path) -> None:
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
    for page in (RESULTS_PAGE, README):
        table = readme_results.table(page, readme_results.read(path))
        assert (checkout / page).read_text(encoding="utf-8") == page_text(table)


def test_without_builds_the_tables_are_written_from_what_is_recorded(
    checkout: Path, tmp_path: Path
) -> None:
    path = readme_results.record([run_of(example_report(), tmp_path / "run")], checkout)
    before = path.read_bytes(), pages_of(checkout)
    for page in readme_results.PAGES:
        (checkout / page).write_text(page_text("edited by hand"), encoding="utf-8")
    readme_results.record([], checkout)
    assert (path.read_bytes(), pages_of(checkout)) == before


def test_record_keeps_other_recipes_and_is_the_same_twice(checkout: Path, tmp_path: Path) -> None:
    first = run_of(replace(example_report(), recipe="zebra"), tmp_path / "zebra")
    second = run_of(example_report(), tmp_path / "cnn")
    readme_results.record([first], checkout)
    path = readme_results.record([second], checkout)
    before = path.read_bytes(), pages_of(checkout)
    assert list(json.loads(before[0])) == ["image_cnn", "zebra"]
    readme_results.record([second, first], checkout)
    assert (path.read_bytes(), pages_of(checkout)) == before


def test_a_changed_row_is_a_changed_line(checkout: Path, tmp_path: Path) -> None:
    path = readme_results.record([run_of(example_report(), tmp_path / "a")], checkout)
    before = path.read_text().splitlines()
    readme_results.record([run_of(one_bad_row(example_report()), tmp_path / "b")], checkout)
    after = path.read_text().splitlines()
    assert len(before) == len(after)
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_a_tiny_build_is_refused_and_nothing_is_written(checkout: Path, tmp_path: Path) -> None:
    before = pages_of(checkout)
    runs = [
        run_of(replace(example_report(), recipe="good"), tmp_path / "good"),
        run_of(replace(example_report(), size="tiny"), tmp_path / "tiny"),
    ]
    with pytest.raises(BadInput, match=r"of size tiny; .* `edgekit build image_cnn --size full`"):
        readme_results.record(runs, checkout)
    assert not (checkout / "recipes" / "results.json").exists()
    assert pages_of(checkout) == before


def test_two_builds_of_one_recipe_are_refused(checkout: Path, tmp_path: Path) -> None:
    runs = [run_of(example_report(), tmp_path / name) for name in ("a", "b")]
    with pytest.raises(BadInput, match="Two of the builds are of 'image_cnn'"):
        readme_results.record(runs, checkout)


@pytest.mark.parametrize("page", [RESULTS_PAGE, README], ids=str)
@pytest.mark.parametrize(
    "text",
    [
        "",
        readme_results.BEGIN,
        readme_results.END + readme_results.BEGIN,
        2 * (readme_results.BEGIN + readme_results.END),
    ],
)
def test_a_page_without_a_place_for_its_tables_is_refused(
    text: str, page: Path, checkout: Path, tmp_path: Path
) -> None:
    (checkout / page).write_text(text)
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
    bad = replace(one_bad_row(example_report()), recipe="image_worse")
    runs = [run_of(example_report(), tmp_path / "a"), run_of(bad, tmp_path / "b")]
    path = readme_results.record(runs, checkout)
    lines = full_text(path).splitlines()
    assert lines[0] == "## Pictures"
    assert lines[4] == (
        "| image_cnn | accuracy | 91.62 % | 10.00 % (always the most frequent class) | "
        "712 kB, 91.62 % (0.00) | 361 kB, 91.61 % (+0.01) | 199 kB, 91.56 % (+0.06) | "
        "206 kB, 91.41 % (+0.21) | 211 kB, 91.60 % (+0.02) | "
        "pruned-int8: 71.3 kB compressed, 91.07 % (+0.55) |"
    )
    assert "| 206 kB, 90.91 % (+0.71), out of limits |" in lines[5]
    assert lines[10] == (
        "| image_worse | all 11 measured | 10 measured; out of limits: int8 | "
        "10 measured; not run: int16x8 | all 11 measured | all 11 predicted | 2026-11-22 |"
    )
    assert lines[-3].startswith("Measured on AMD EPYC 7B13, 2 CPUs, Linux x86_64; edgekit 0.1.0")
    assert "`edgekit results runs/NAME`" in lines[-1]


def test_the_short_table_has_a_line_per_family(checkout: Path, tmp_path: Path) -> None:
    bad = replace(one_bad_row(example_report()), recipe="image_worse", reference=91.5)
    strange = replace(example_report(), recipe="strange")
    runs = [run_of(report, tmp_path / report.recipe) for report in (example_report(), bad, strange)]
    path = readme_results.record(runs, checkout)
    lines = readme_results.table(README, readme_results.read(path)).splitlines()
    assert lines[2] == (
        "| [Pictures](docs/recipes/pictures.md) | `image_cnn`, `image_worse` | "
        "image_cnn: accuracy 91.62 % in Keras (always the most frequent class: 10.00 %); "
        "91.07 % as pruned-int8 of 71.3 kB | "
        "all 22 on tflite-runtime and tflite-runtime on raspberry-pi; "
        "all 22, 1 out of limits, on litert; 20 of 22 on litert-gpu; predicted on edgetpu |"
    )
    assert lines[3].startswith("| [strange](docs/results.md#strange) | `strange` | ")


def test_the_best_of_lower_is_better_is_the_lowest() -> None:
    report = example_report()
    error = replace(report.metric, name="error", higher_is_better=False)
    reports = [
        replace(report, recipe=f"forecast_{name}", metric=error, reference=value)
        for name, value in (("a", 0.8), ("b", 0.7))
    ]
    assert "| forecast_b: error 0.70 % in Keras" in tables.short_table(reports)


def test_a_baseline_that_is_not_beaten_is_named() -> None:
    report = example_report()
    better = replace(report, baseline=replace(report.baseline, value=95.0))
    assert "| 95.00 % (always the most frequent class), not beaten |" in tables.full_tables(
        [better]
    )
    assert "not beaten" not in tables.full_tables([report])


def test_a_family_is_the_first_word_of_a_name() -> None:
    grouped = by_family(["text_bert", "detect_yolov1", "new_thing", "summarize_x", "localize_cnn"])
    names = {family.name: names for family, names in grouped.items()}
    assert names == {
        "objects": ["detect_yolov1", "localize_cnn"],
        "text": ["text_bert", "summarize_x"],
        "new": ["new_thing"],
    }
    assert len({word for family in FAMILIES for word in family.words}) == sum(
        len(family.words) for family in FAMILIES
    )


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
    text = full_text(path)
    assert f"| image_cnn | AP of cats % 82.0 (81.0, 82.0); other 0 1 ({NONE}, {NONE}); " in text
    assert text.count("; 1 more in the report |") == 1


@pytest.mark.parametrize("page", [RESULTS_PAGE, README], ids=str)
def test_without_results_a_page_says_so(page: Path) -> None:
    assert readme_results.table(page, {}).startswith("No full build is recorded yet")


@pytest.mark.parametrize("page", [RESULTS_PAGE, README], ids=str)
def test_a_page_shows_the_committed_results_and_no_others(page: Path) -> None:
    recorded = readme_results.read(ROOT / readme_results.RESULTS)
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = text.partition(readme_results.BEGIN)[2].partition(readme_results.END)[0].strip()
    assert shown == readme_results.table(page, recorded), "write it with: edgekit results"
