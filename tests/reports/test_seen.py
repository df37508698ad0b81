"""Test examples in a report: pictures once, answers over them, and tables of what differs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core.report import Report
from edgekit.reporting import drawn_svg, seen_tables
from edgekit.reporting.seen import Drawn, Picture, Seen, write_seen
from edgekit.showing.tally import recalls
from tests.reports.test_reports import HOSTILE, page_of, write_markdown
from tests.support.example_report import example_report
from tests.support.example_seen import seen_classifier, seen_detector


@pytest.fixture(scope="module")
def classified() -> Seen:
    return seen_classifier()


@pytest.fixture(scope="module")
def detected() -> Seen:
    return seen_detector()


def with_details(seen: Seen) -> Report:
    report = example_report()
    after = recalls(seen.file)
    rows = [replace(r, details=after) if r.status == "measured" else r for r in report.rows]
    return replace(report, rows=tuple(rows), reference_details=recalls(seen.reference))


def test_a_page_loads_nothing_and_holds_each_picture_once(tmp_path: Path, classified: Seen) -> None:
    write_seen(classified, tmp_path)
    page, text = page_of(with_details(classified), tmp_path)
    addresses = [value for _, name, value in page.attributes if name in ("href", "src")]
    assert all(re.match(r"#|data:image/(png|jpeg);base64,", each) for each in addresses)
    assert sum(each.startswith("data:") for each in addresses) == len(classified.pictures)
    assert "img-src data:" in text
    assert len(text) < 1_000_000
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_a_classifier_s_page_names_right_reference_and_file(
    tmp_path: Path, classified: Seen
) -> None:
    write_seen(classified, tmp_path)
    page, text = page_of(with_details(classified), tmp_path)
    assert text.count('class="case differs"') == classified.different
    first = classified.examples[0]
    assert first.right
    words = f"right {first.right.text} Keras {first.reference.text} int8 {first.file.text}"
    assert words in page.text.replace("\u00a0", " ")
    assert "int8 on litert answers otherwise than the Keras model on" in page.text
    assert "What is taken for what" in page.text
    assert "Trouser named so, %" in page.text


def test_a_detector_s_page_draws_boxes_and_curves(tmp_path: Path, detected: Seen) -> None:
    write_seen(detected, tmp_path)
    page, text = page_of(example_report(), tmp_path)
    boxes = sum(
        len(drawn.boxes)
        for e in detected.examples
        for drawn in (e.reference, e.file, e.right)
        if drawn
    )
    assert text.count('fill="none" stroke="rgb(') == boxes
    assert text.count('class="example differs"') == detected.different == 3
    assert "Precision and recall" in page.text
    assert "float 1.000" in page.text
    assert "2 Platelets" in page.text
    assert "What is taken for what" not in page.text


def test_markdown_has_the_short_form(tmp_path: Path, classified: Seen) -> None:
    write_seen(classified, tmp_path)
    text = write_markdown(with_details(classified), tmp_path).read_text(encoding="utf-8")
    assert "## Test examples\n\nOn the first 200 test examples" in text
    assert "| is | taken for | int8 | Keras |" in text
    assert "| figure | Keras | float32 |" in text
    assert "data:" not in text


def test_without_examples_nothing_is_said(tmp_path: Path) -> None:
    page, _ = page_of(example_report(), tmp_path)
    assert "Test examples" not in page.text
    assert "## Test examples" not in write_markdown(example_report(), tmp_path).read_text()


def test_hostile_labels_stay_texts(tmp_path: Path, detected: Seen) -> None:
    names = (HOSTILE.replace("\ud800", ""),) * 3
    examples = tuple(
        replace(
            each,
            file=replace(
                each.file, captions=names[:1] * len(each.file.boxes[:3]), boxes=each.file.boxes[:3],
                kinds=each.file.kinds[:3], text=names[0],
            ),
        )
        for each in detected.examples
    )  # fmt: skip
    tallies = {
        name: replace(getattr(detected, name), labels=names) for name in ("reference", "file")
    }
    seen = replace(detected, examples=examples, variant=names[0], **tallies)
    write_seen(seen, tmp_path)
    page, text = page_of(example_report(), tmp_path)
    assert page.tags["script"] == 0
    assert "alert('x')" in page.text
    assert "\x1b" not in text
    write_markdown(example_report(), tmp_path)


def test_figures_are_compared_on_all_examples_only(classified: Seen) -> None:
    report = with_details(classified)
    found = seen_tables.figures_of(report, classified)
    assert found
    assert found.place == "litert"
    assert found.variants[0] == "float32"
    on_few = replace(classified, device="raspberry-pi", runtime="tflite-runtime")
    elsewhere = seen_tables.figures_of(report, on_few)
    assert elsewhere
    assert elsewhere.place == "tflite-runtime"
    assert seen_tables.figures_of(example_report(), classified) is None


def test_figures_and_changes_are_written_with_sense() -> None:
    rows = tuple(
        replace(row, details={"AP RBC": 84.96, "error, m": 0.0123})
        for row in example_report().rows[:1]
    )
    before = {"AP RBC": 86.0, "error, m": 0.0125}
    found = seen_tables.figures_of(
        replace(example_report(), rows=rows, reference_details=before), None
    )
    assert found
    assert found.lines == (
        ("AP RBC", "86.0", (("85.0", "-1.0"),)),
        ("error, m", "0.0125", (("0.0123", "-0.0002"),)),
    )


def test_many_classes_get_a_list_of_what_is_confused(tmp_path: Path, classified: Seen) -> None:
    labels = tuple(f"class {number}" for number in range(30))
    counts = [[0] * 30 for _ in labels]
    counts[3][7] = 4
    tally = replace(
        classified.file,
        labels=labels,
        taken_for=tuple(map(tuple, counts)),  # type: ignore[type-var]
    )
    seen = replace(classified, file=tally, reference=tally)
    assert seen_tables.matrix(seen) == []
    assert seen_tables.most_confused(seen) == [("class 3", "class 7", 4, 4)]
    write_seen(seen, tmp_path)
    page, _ = page_of(example_report(), tmp_path)
    assert "class 3 class 7 4 4" in page.text


def test_a_skeleton_is_drawn_without_joints_that_were_not_seen() -> None:
    picture = Picture(data="data:image/png;base64,", width=100, height=50, is_small=False)
    drawn = Drawn(picture=0, joints=(((10, 10), None, (30, 40)),), bones=((0, 1), (0, 2)))
    text = drawn_svg.drawn_svg(drawn, (picture,))
    assert text.count("<line") == 1
    assert text.count("<circle") == 2


def test_a_caption_stays_in_its_picture() -> None:
    picture = Picture(data="data:image/png;base64,", width=100, height=50, is_small=False)
    drawn = Drawn(
        picture=0, boxes=((90, 2, 120, 30),), captions=("a very long caption",), kinds=(1,)
    )
    text = drawn_svg.drawn_svg(drawn, (picture,))
    x, width = re.search(r'<rect x="([\d.]+)" y="0.0" width="([\d.]+)"', text).groups()  # type: ignore[union-attr]
    assert float(x) + float(width) <= 100.1


def test_a_detector_that_finds_nothing_says_so(tmp_path: Path, detected: Seen) -> None:
    first = detected.examples[0]
    blind = replace(first, file=Drawn(picture=first.file.picture))
    write_seen(replace(detected, examples=(blind,)), tmp_path)
    page, _ = page_of(example_report(), tmp_path)
    assert page.text.count("nothing found") == 1


def test_a_picture_that_is_the_answer_finds_nothing(tmp_path: Path, detected: Seen) -> None:
    first = detected.examples[0]
    made = [Drawn(picture=number) for number in range(2)]
    example = replace(first, right=None, reference=made[0], file=made[1])
    write_seen(replace(detected, examples=(example,)), tmp_path)
    page, _ = page_of(example_report(), tmp_path)
    assert "nothing found" not in page.text
    assert "Keras, float" in page.text
