"""A build explains quantized files that are out of limits, and no others."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from edgekit.building import pipeline
from edgekit.building.evaluation import MOST_EXPLAINED, to_explain, wrong_parts
from edgekit.building.insight import explanations
from edgekit.core.kinds import Artifact
from edgekit.core.report import JudgedOutput, Row
from edgekit.core.variant import Quantization, Variant
from edgekit.intake.options import Options
from edgekit.reporting import report_json
from edgekit.verbs.explain import Explanation, explain
from tests.support.paths import RECIPES

INT8 = Variant.parse("int8")
ROW = Row(
    variant="int8",
    precision="int8",
    runtime="litert",
    device="local",
    status="measured",
    ok=True,
    judged=(JudgedOutput(output="scores", kind="classes", figures="", ok=True),),
)


def with_output(name: str, row: Row = ROW) -> Row:
    return replace(row, judged=(replace(ROW.judged[0], output=name, ok=False),))


def test_only_what_is_wrong_on_a_cpu_is_explained() -> None:
    assert wrong_parts(INT8, ["model"], [ROW]) == {}
    assert wrong_parts(INT8, ["model"], [with_output("scores")]) == {"model": False}
    refused = replace(ROW, ok=False)
    assert wrong_parts(INT8, ["model"], [refused]) == {"model": True}
    assert wrong_parts(INT8, ["model"], [replace(refused, adapter="a GPU")]) == {}
    assert wrong_parts(INT8, ["model"], [replace(refused, status="not run")]) == {}
    assert wrong_parts(Variant.parse("float32"), ["model"], [refused]) == {}


def test_of_several_parts_the_one_with_the_wrong_output_is() -> None:
    names = ["encoder", "decoder"]
    wrong = with_output("decoder/scores", replace(ROW, ok=False))
    assert wrong_parts(INT8, names, [ROW, wrong]) == {"decoder": True}
    assert wrong_parts(INT8, names, [replace(ROW, ok=False)]) == dict.fromkeys(names, True)


def test_files_that_are_refused_come_first_and_a_build_explains_few() -> None:
    names = ["dynamic_int8", "float16", "int16x8", "int8", "pruned-int8"]
    variants = {Variant.parse(name): {"model": cast(Artifact, None)} for name in names}
    rows = [replace(with_output("scores"), variant=name, ok=name != "int8") for name in names]
    wanted = to_explain(variants, rows)
    assert len(wanted) == MOST_EXPLAINED
    assert wanted[0] == (INT8, "model", True)
    assert [str(variant) for variant, _, _ in wanted[1:]] == names[:3]


@pytest.mark.slow
def test_a_build_explains_what_is_out_of_limits_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Options] = []

    def noting(*arguments: Any, options: Options, **others: Any) -> Explanation:
        asked.append(options)
        return explain(*arguments, options=options, **others)

    monkeypatch.setattr(explanations, "explain", noting)
    text = (RECIPES / "blobs.py").read_text()
    strict = text.replace(
        "        score=score,\n", '        score=score,\n        drop_limits={"int8": -100.0},\n'
    )
    assert strict != text
    path = tmp_path / "strict.py"
    path.write_text(strict)
    build = partial(
        pipeline.build, str(path), variants=["int8,mse=1"], targets=["litert"], out=tmp_path
    )
    report = build()
    assert not report.ok
    assert asked == [Options(quantization=Quantization(mse=True))]  # as the file was made
    (explanation,) = report.explanations
    assert (explanation.variant, explanation.part, explanation.problem) == ("int8,mse=1", "", "")
    assert explanation.layers
    assert explanation.tried[0].what == "int8 as it is"
    page = (tmp_path / "strict" / "report.html").read_text()
    assert "Where precision is lost" in page
    assert report_json.load_report(tmp_path / "strict") == report
    record = tmp_path / "strict" / ".steps" / "explain-int8,mse=1-model.json"
    before = record.stat().st_mtime_ns
    again = build()
    assert again.explanations == report.explanations
    assert record.stat().st_mtime_ns == before
