"""MLPerf Tiny's nets have their shapes, and a claim that does not hold is told."""

from __future__ import annotations

import importlib
from dataclasses import replace
from types import ModuleType

import pytest

from edgekit.core import registry
from edgekit.core.report import Report
from tests.support.example_report import example_report
from tests.support.paths import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def mlperf_tiny(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("mlperf_tiny")


def measured(int8: float, qat: float, size: int) -> Report:
    """Return a report of a float net of 90 % with two int8 files."""
    values = {"int8": int8, "qat-int8": qat}
    report = replace(example_report(), recipe="image_resnet8", reference=90.0)
    rows = [
        replace(row, value=values.get(row.variant, row.value), size_bytes=size)
        for row in report.rows
        if row.runtime == "tflite-runtime" and row.device == "local"
    ]
    return replace(report, rows=tuple(rows))


@pytest.mark.parametrize(
    ("reports", "holds", "says"),
    [
        ([measured(90.0, 89.9, 89_999)], True, "no worse: int8"),
        ([measured(89.9, 90.0, 89_999)], True, "no worse: qat-int8"),
        ([measured(89.9, 89.8, 89_999)], False, "no worse: none"),
        ([measured(99.0, 99.0, 90_000)], False, "below 90,000 bytes and no worse: none"),
        ([measured(90.3, 89.0, 1), measured(89.8, 90.9, 2)], True, "int8 90.05 % in 2 bytes"),
        ([measured(90.3, 90.3, 1), measured(90.3, 90.3, 90_000)], False, "no worse: none"),
    ],
)
def test_a_claim_holds_for_small_files_that_are_as_right_as_the_float_net(
    mlperf_tiny: ModuleType, reports: list[Report], holds: bool, says: str
) -> None:
    found, sentence = mlperf_tiny.claim(reports)
    assert found is holds
    assert says in sentence


def test_a_row_of_the_table_has_seed_accuracy_and_bytes(mlperf_tiny: ModuleType) -> None:
    lines = list(mlperf_tiny.table([measured(90.0, 89.9, 88_000)]))
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| image_resnet8 | 0 | 90.00 % | 90.00 % (+0.21;")
    assert "| 88,000 | 88,000 | 88,000 |" in lines[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "parameters", "convolutions"),
    [("image_resnet8", 78_426, 9), ("keywords_dscnn", 24_202 + 320, 9)],
)
def test_the_nets_are_those_of_mlperf_tiny(net: str, parameters: int, convolutions: int) -> None:
    import keras

    model = registry.get("recipes", str(BENCHMARKS / f"mlperf_tiny_recipes/{net}.py")).build("full")
    assert model.count_params() == parameters
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    found += [layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    assert len(found) == convolutions
