"""What people see of a report: terminal, page, Markdown, and the words they share."""

from __future__ import annotations

import importlib.util
import io
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from rich.console import Console

from edgekit.core import registry
from edgekit.core.recipe import Interval, Metric
from edgekit.core.report import BaselineScore, ExplainedFile, Report
from edgekit.reporting import report_json, wording
from edgekit.reporting.terminal import report as terminal
from edgekit.reporting.terminal import table
from edgekit.reporting.verdict import recommendation, verdict
from tests.support.example_report import ADAPTER, VARIANTS, example_report, explained, one_bad_row
from tests.support.report_strategies import reports

HOSTILE = "<script>alert('x')</script> \"& | `$\\frac{` [red]x[/] \x00\x1b[31m\ud800 {{ 7*7 }}"
VOID = {"meta", "link", "img", "br", "hr", "input", "source"}
LOADING = {"src", "srcset", "data", "action", "poster", "background", "formaction", "ping"}

write_html = registry.get("reports", "html").write
write_markdown = registry.get("reports", "markdown").write


class Page(HTMLParser):
    """Reads a page strictly: every element closed, in order, and what is on it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page_of(report: Report, folder: Path) -> tuple[Page, str]:
    text = write_html(report, folder).read_text(encoding="utf-8")
    return Page(text), text


def hostile(report: Report) -> Report:
    rows = tuple(
        replace(
            row,
            variant=f"{row.variant} {HOSTILE}",
            runtime=f"{row.runtime} {HOSTILE}",
            reason=HOSTILE,
            adapter=HOSTILE,
            judged=tuple(
                replace(each, output=HOSTILE, kind=HOSTILE, figures=HOSTILE) for each in row.judged
            ),
        )
        for row in report.rows
    )
    return replace(
        report,
        recipe=HOSTILE,
        machine=HOSTILE,
        notes=(HOSTILE,),
        versions={HOSTILE: HOSTILE},
        baseline=BaselineScore(name=HOSTILE, value=1.0),
        metric=Metric(name=HOSTILE, unit=HOSTILE),
        rows=rows,
        explanations=tuple(map(hostile_explanation, report.explanations)),
    )


def hostile_explanation(explanation: ExplainedFile) -> ExplainedFile:
    return replace(
        explanation,
        variant=HOSTILE,
        part=HOSTILE,
        layers=tuple(
            replace(each, layer=HOSTILE, kind=HOSTILE, because=HOSTILE)
            for each in explanation.layers
        ),
        patterns=(HOSTILE,),
        tried=tuple(replace(each, what=HOSTILE, figures=HOSTILE) for each in explanation.tried),
        skipped=(HOSTILE,),
        advice=HOSTILE,
        problem=explanation.problem and HOSTILE,
    )


def test_the_page_is_well_formed_and_its_drawings_are_xml(tmp_path: Path) -> None:
    page, text = page_of(example_report(), tmp_path)
    assert page.tags["svg"] == 4
    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        ElementTree.fromstring(svg)
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert max(ids.values()) == 1
    links = {value for _, name, value in page.attributes if name == "href"}
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)


@pytest.mark.parametrize(
    "report",
    [example_report(), hostile(example_report()), hostile(explained(example_report()))],
)
def test_the_page_loads_nothing(report: Report, tmp_path: Path) -> None:
    page, text = page_of(report, tmp_path)
    assert not re.search(r"https?:", text)
    assert not re.search(r"url\((?!#)|@import", text)
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(page.tags)
    assert not {name for _, name, _ in page.attributes} & LOADING
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "default-src 'none'" in text


def test_hostile_texts_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    page, text = page_of(hostile(explained(example_report())), tmp_path)
    assert page.tags["script"] == 0
    assert "<script>alert('x')</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f]", text)


def test_the_page_says_what_is_proven_and_what_is_not(tmp_path: Path) -> None:
    report = example_report()
    page, _ = page_of(report, tmp_path)
    assert verdict(report) in page.text
    assert "Within limits" in page.text
    for text in (*VARIANTS, *{row.reason for row in report.rows}, report.machine, ADAPTER):
        assert text in page.text
    states = Counter(value for tag, name, value in page.attributes if name == "class")
    assert states["state ok"] == 2 * 43 + 1  # matrix, all combinations, legend
    assert states["state predicted"] == 2 * 11 + 1
    assert states["state not-run"] == 2 * 1 + 1


def test_every_form_says_which_variant_to_take(tmp_path: Path) -> None:
    report = example_report()
    advice, stream = recommendation(report), io.StringIO()
    page, _ = page_of(report, tmp_path)
    assert advice in page.text
    assert advice in write_markdown(report, tmp_path).read_text(encoding="utf-8")
    terminal.show(report, table.Page(Console(file=stream), 100))
    assert advice in " ".join(stream.getvalue().split())


@pytest.mark.parametrize(("size", "colour"), [("tiny", "warn"), ("full", "bad")])
def test_a_model_that_is_no_better_than_its_baseline_is_not_green(
    size: str, colour: str, tmp_path: Path
) -> None:
    better = BaselineScore(name="a simpler method", value=95.0)
    report = replace(example_report(), size=size, baseline=better)  # type: ignore[arg-type]
    page, text = page_of(report, tmp_path)
    assert f'<section class="verdict {colour}">' in text
    assert "Within limits, but no better than the baseline" in page.text
    said = "the reference is no better than the baseline (a simpler method, 95.00 %)"
    assert said in page.text
    assert said in write_markdown(report, tmp_path).read_text(encoding="utf-8")


def test_a_file_has_its_size_in_every_form_it_is_sent_in(tmp_path: Path) -> None:
    page, _ = page_of(example_report(), tmp_path)
    text = write_markdown(example_report(), tmp_path).read_text(encoding="utf-8")
    assert "| variant | size | compressed | zstd | sparse-encoded |" in text
    assert "| pruned-int8 | 206 kB | 71.3 kB | 70.3 kB | 51.1 kB |" in text
    assert f"| int8 | 206 kB | 163 kB | 162 kB | {wording.NONE} |" in text
    assert "size compressed zstd sparse-encoded sparsity unique weights" in page.text
    assert "pruned-int8 int8 206 kB 71.3 kB 70.3 kB 51.1 kB 75.2 % 255" in page.text


def test_every_form_has_the_command_that_builds_it_again(tmp_path: Path) -> None:
    command = "edgekit build image_cnn --size tiny --variant int8 --data 'my pictures' --seed 3"
    report = replace(example_report(), command=command)
    page, _ = page_of(report, tmp_path)
    assert command in page.text
    assert f"```sh\n{command}\n```" in write_markdown(report, tmp_path).read_text(encoding="utf-8")
    assert report_json.to_json(report)["command"] == command


def test_a_cell_has_value_limit_and_latency(tmp_path: Path) -> None:
    page, _ = page_of(example_report(), tmp_path)
    assert "91.41 % ok drop +0.21, limit 1.00 % 0.0684 ms" in page.text
    mapped = Counter(value for _, name, value in page.attributes if name == "data-mapped")
    assert mapped == {"none": 2 * 6, "some": 2 * 5}  # matrix, all combinations
    assert "29 of 31 operators" in page.text


def test_errors_rise(tmp_path: Path) -> None:
    error = Metric(name="MAE", unit="mm", higher_is_better=False)
    report, stream = replace(example_report(), metric=error), io.StringIO()
    page, _ = page_of(report, tmp_path)
    terminal.show(report, table.Page(Console(file=stream), 100))
    for text in (page.text, stream.getvalue(), write_markdown(report, tmp_path).read_text()):
        assert "drop" not in text
        assert "rise" in text


def test_what_is_certain_is_said(tmp_path: Path) -> None:
    known, change = Interval(low=83.5, high=98.6), Interval(low=-1.2, high=3.4)
    rows = tuple(
        replace(row, value_interval=known, drop_interval=change, right_lost=2, right_gained=1)
        for row in example_report().rows
    )
    report = replace(example_report(), rows=rows, reference_interval=known)
    said = (
        "On other examples of the same kind the reference's accuracy may be 83.5 to 98.6 % (95 % "
        "confidence), and the drop of pruned24-int8 on tflite-runtime, the largest, -1.2 to 3.4 %: "
        "of 10,000 examples only the reference answers 2 right, and only the file 1."
    )
    stream = io.StringIO()
    terminal.show(report, table.Page(Console(file=stream), 100))
    page, _ = page_of(report, tmp_path)
    assert said in page.text
    assert said in " ".join(stream.getvalue().split())
    assert said in write_markdown(report, tmp_path).read_text(encoding="utf-8")


def test_a_cell_says_that_it_is_no_better_than_the_baseline(tmp_path: Path) -> None:
    baseline = BaselineScore(name="simple", value=91.05)  # pruned24-int8 is at 91.01
    report = replace(example_report(), baseline=baseline)
    page, _ = page_of(report, tmp_path)
    assert page.text.count("no better than the baseline") == 3 + 1  # and in the headline
    text = write_markdown(report, tmp_path).read_text(encoding="utf-8")
    assert text.count("no better than the baseline") == 3


def test_the_page_names_what_is_out_of_limits(tmp_path: Path) -> None:
    page, _ = page_of(one_bad_row(example_report()), tmp_path)
    assert "Out of limits 1 of 43 measurements" in page.text
    assert "accuracy drops by 0.71 %, allowed are 0.5 %." in page.text


def test_the_page_says_which_output_is_out_of_its_limits_and_why(tmp_path: Path) -> None:
    page, text = page_of(explained(example_report()), tmp_path)
    assert page.tags["svg"] == 4 + 2
    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        ElementTree.fromstring(svg)
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert max(ids.values()) == 1
    wrong, all_outputs = "further from the reference than", "Every output beside its limits"
    between = page.text[page.text.index(wrong) : page.text.index("Where precision is lost")]
    assert "detections/scores classes first choice 42.0 % (at least 90.0 %)" in between
    assert "detections/boxes" not in between
    after = page.text[page.text.index(all_outputs) :]
    assert "detections/boxes numbers error over spread 0.12" in after
    for said in (
        "int8, detections Take int8 with separate outputs",
        "41 more layers have less to do with it.",
        "Not tried, for want of time: float16.",
        "GELU has no int16 form. no file",
        "qat-int8 It could not be explained: An interpreter died.",
        "channel 3 is 900 times as wide",
    ):
        assert said in page.text


def test_markdown_says_it_too(tmp_path: Path) -> None:
    text = write_markdown(explained(example_report()), tmp_path).read_text(encoding="utf-8")
    assert (
        "| int8 | litert | detections/scores | classes | first choice 42.0 % (at least 90.0 %); "
        "out of limits | out of limits |" in text
    )
    assert "### int8, detections\n\n- Take int8 with separate outputs" in text
    assert "| int8 with separate outputs | 206 kB | fine | within limits |" in text


@settings(max_examples=25, deadline=None)
@given(reports)
def test_any_report_can_be_written_in_every_form(
    tmp_path_factory: pytest.TempPathFactory, report: Report
) -> None:
    folder = tmp_path_factory.mktemp("run")
    page_of(report, folder)
    write_markdown(report, folder)
    terminal.show(report, table.Page(Console(file=io.StringIO()), 80))
    registry.get("reports", "json").write(report, folder)
    assert report_json.load_report(folder) == report
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.md", "report.json"}


def test_without_matplotlib_the_page_says_how_to_get_plots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name)
    )
    page, _ = page_of(example_report(), tmp_path)
    assert page.tags["svg"] == 0
    assert "pip install 'edgekit-tflite[build]'" in page.text


@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_table_fits_and_leaves_nothing_out(width: int) -> None:
    stream = io.StringIO()
    report = one_bad_row(example_report())
    terminal.show(report, table.Page(Console(file=stream), width))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(stream.getvalue().split())
    for variant, facts in VARIANTS.items():
        assert (
            f"{variant}: {wording.size_text(facts[0])}, {wording.size_text(facts[1])} comp" in text
        )
    assert len(re.findall(r"^  (?:tflite|litert|edgetpu)", stream.getvalue(), re.MULTILINE)) == 55
    bad = next(line for line in lines if "out of limits [" in line)
    assert bad.split()[:3] == ["litert", "90.91", "+0.71"]
    number = bad.rpartition("[")[2].rstrip("] ")
    assert f"[{number}] accuracy drops by 0.71 %, allowed are 0.5 %." in text


def test_the_terminal_shows_hostile_texts_as_they_are() -> None:
    stream = io.StringIO()
    terminal.show(hostile(example_report()), table.Page(Console(file=stream), 100))
    assert "[red]x[/]" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_markdown_keeps_its_tables_whatever_the_texts(tmp_path: Path) -> None:
    report = hostile(explained(example_report()))
    text = write_markdown(report, tmp_path).read_text(encoding="utf-8")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in tables}
    assert bars == {5, 7, 8, 11, 16}  # four to fifteen columns
    outside = re.sub(r"(?ms)^(`{3,})sh$.*?^\1$", "", text)  # code is shown as it is
    assert outside.count("\n") == text.count("\n") - 2
    assert "<script>" not in outside.replace(r"\<", "")


def test_markdown_tells_measured_predicted_and_not_run_apart(tmp_path: Path) -> None:
    text = write_markdown(example_report(), tmp_path).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("| int16x8 |"))
    assert line == (
        f"| int16x8 | 211 kB | 166 kB | 165 kB | {wording.NONE} | "
        "91.60 % (+0.02 of 1.00 %), 2.73 ms, ok | "
        "91.60 % (+0.02 of 1.00 %), 2.60 ms, ok | not run, reason 3 | "
        "92.28 % (+0.02 of 1.00 %), ok | predicted, 0 of 29, reason 1 |"
    )
    assert "3. The GPU accelerator refused the file: Some ops are not accelerated." in text


def test_the_memory_that_a_microcontroller_needs_stands_in_both_reports(tmp_path: Path) -> None:
    report = example_report()
    page, text = write_html(report, tmp_path), write_markdown(report, tmp_path)
    assert "arena" not in page.read_text(encoding="utf-8") + text.read_text(encoding="utf-8")
    rows = (replace(report.rows[0], arena_bytes=30_512), *report.rows[1:])
    report = replace(report, rows=rows)
    page, text = write_html(report, tmp_path), write_markdown(report, tmp_path)
    assert '<td class="number">30.5 kB</td>' in page.read_text(encoding="utf-8")
    line = "| float32 | tflite-runtime | 712 kB | 30.5 kB |"
    assert line in text.read_text(encoding="utf-8")


def test_the_json_report_is_the_stable_form(tmp_path: Path) -> None:
    path = registry.get("reports", "json").write(example_report(), tmp_path)
    assert json.loads(path.read_text()) == report_json.to_json(example_report())
