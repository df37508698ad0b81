"""The benchmark that sets our files beside those of others."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.errors import Unavailable
from edgekit.running.session import open_session
from edgekit.tflite.reader import ports, read
from tests.support.paths import ROOT

BENCHMARKS = ROOT / "benchmarks"
RUNTIMES = ("tflite-runtime", "litert")


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(monkeypatch, "peer_files.rows")


def loaded(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module(name)


def row(rows: ModuleType, way: str, size: int, ms: float, problem: str = "") -> Any:
    seen = {name: rows.Seen(value=90.0, latencies_ms=(ms, 2 * ms)) for name in RUNTIMES}
    if problem:
        seen["tflite-runtime"] = rows.Seen(problem=problem)
    return rows.Row(
        model="image_cnn",
        precision="int8",
        way=way,
        size_bytes=size,
        compressed_bytes=size // 2,
        seen=seen,
    )


def test_ours_is_compared_with_the_best_of_those_that_are_right(rows: ModuleType) -> None:
    found = rows.ratios(
        [
            row(rows, rows.OURS, 900, 1.0),
            row(rows, "large and fast", 1200, 0.5),
            row(rows, "small and slow", 1000, 4.0),
            row(rows, "smallest, and wrong", 100, 0.1, problem="Output 'scores' is all zeros."),
            rows.Row(model="image_cnn", precision="int8", way="none", reason="refused"),
        ]
    )
    assert [(r.what, r.peer, r.value, r.is_behind) for r in found] == [
        ("bytes", "small and slow", 0.9, False),
        ("compressed", "small and slow", 0.9, False),
        ("latency on tflite-runtime", "large and fast", 2.0, True),
        ("latency on litert", "large and fast", 2.0, True),
    ]
    assert (found[0].goal, found[1].goal) == (0.92, 1.0)


def test_a_line_names_where_ours_is_behind(
    rows: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = loaded(monkeypatch, "peer_files.table")
    ours, peer = row(rows, rows.OURS, 950, 1.05), row(rows, "peer", 1000, 1.0)
    lines = table.behind([ours, peer], rows.ratios([ours, peer]))
    assert lines == [
        "image_cnn int8, latency on tflite-runtime: 1.050 of peer; at most 1.03",
        "image_cnn int8, latency on litert: 1.050 of peer; at most 1.03",
        "image_cnn int8, bytes: 0.950 of peer; the goal is 0.92",
    ]
    wrong = row(rows, rows.OURS, 900, 1.0, problem="Output 'scores' is all zeros.")
    lines = table.behind([wrong, peer], rows.ratios([wrong, peer]))
    assert lines == ["image_cnn int8: edgekit's is not right, a peer's is"]


def test_the_table_shows_every_file_and_why_one_is_not_right(
    rows: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = loaded(monkeypatch, "peer_files.table")
    found = [
        row(rows, rows.OURS, 77_900, 1.0),
        row(rows, "zeros", 81_500, 1.0, problem="Output 'scores' is all zeros."),
        rows.Row(model="image_cnn", precision="int8", way="absent", reason="X is not installed"),
    ]
    table.show(found, rows.ratios(found), RUNTIMES)
    shown = capsys.readouterr().out
    assert "77,900" in shown
    assert "not on tflite-runtime" in shown
    assert "Output 'scores' is all zeros." in shown
    assert "not run" in shown


def test_files_are_called_by_the_names_of_the_recipe_whatever_theirs_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measuring = loaded(monkeypatch, "peer_files.measuring")
    path = ROOT / "tests" / "golden" / "dynamic_shape.tflite"
    (given,), (answer,) = ports(read(path))
    assert given.name != "image"
    features = np.ones((2, *given.shape[1:]), np.float32)
    with open_session(path, runtime="litert") as session:
        run = measuring.Renamed(path, session, registry.get("recipes", "image_cnn"))
        expected = session({given.name: features})[answer.name]
        np.testing.assert_array_equal(run({"image": features})["scores"], expected)


def test_what_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = loaded(monkeypatch, "peer_files.ways")
    monkeypatch.setitem(sys.modules, "ai_edge_quantizer", None)  # as where it is not installed
    here = Path("x")
    order = ways.Order(precision="int8", source=here, calibration=here, float32=here, out=here)
    with pytest.raises(Unavailable, match=r"pip install 'edgekit-tflite\[int4\]'"):
        ways.write("ai-edge-quantizer", order)


def test_every_model_is_a_recipe_of_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    peers = loaded(monkeypatch, "peers")
    assert len(peers.MODELS) == 4
    for name in peers.MODELS:
        recipe = registry.get("recipes", name)
        assert recipe.parts is None
        assert len(recipe.signature.inputs) == len(recipe.signature.outputs) == 1
