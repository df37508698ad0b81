"""Drawn files of one operator: their truth is right, answers are judged, and traits are blamed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.tflite.reader import read
from tests.support.paths import ROOT

TABLES = ROOT / "benchmarks" / "operator_tables"


@pytest.fixture(autouse=True)
def _beside_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(TABLES), *sys.path])


def drawn(number: int, path: Path) -> Any:
    from differential_test import single

    return single(number, 1, path)


def test_every_operator_is_drawn_and_its_file_is_read(tmp_path: Path) -> None:
    from differential_test import DRAWS, TURN

    for number in range(len(TURN)):
        file = drawn(number, tmp_path)
        main = read(file.path).main
        assert [operator.name for operator in main.operators] == [TURN[number]]
        assert [list(main.tensors[i].shape) for i in main.inputs] == [
            list(array.shape) for array in file.inputs
        ]
        for (truth, _, _), index in zip(file.outputs, main.outputs, strict=True):
            assert list(truth.shape) == list(main.tensors[index].shape)
            assert np.isfinite(truth).all()
    assert set(TURN) == set(DRAWS)


def test_a_number_draws_the_same_file_again(tmp_path: Path) -> None:
    first = drawn(7, tmp_path).path.read_bytes()
    assert drawn(7, tmp_path).path.read_bytes() == first
    assert drawn(7 + 300, tmp_path).path.read_bytes() != first


def test_plain_float_files_are_answered_as_the_truth_says(tmp_path: Path) -> None:
    """By LiteRT: a wrong truth would blame the runtime."""
    from differential.asking import RIGHT, ask
    from differential_test import TURN, facts
    from runtime_process import Worker

    seen, worker = set(), Worker(registry.get("runtimes", "litert").command())
    for number in range(3 * len(TURN)):
        file = drawn(number, tmp_path)
        told = facts(read(file.path))
        if file.way == "float32" and not told["traits"] and told["rank"] <= 4:
            assert ask(worker, "cpu", file, tmp_path) == RIGHT, told
            seen.add(told["operator"])
    worker.close()
    assert len(seen) > 35


def test_a_wrong_answer_is_told_from_a_rounded_one(tmp_path: Path) -> None:
    from differential.asking import RIGHT, judged
    from differential.files import Scale, Single

    truth, scale = np.linspace(-1, 1, 9), Scale(np.array([0.01]), 3, "int8")
    file = Single(tmp_path, "TANH", "int8", [], [(truth, scale, "int8")])
    stored = scale.stored(truth)
    assert judged(file, [stored + np.int8(1)]) == RIGHT
    assert judged(file, [stored[::-1]]) == "answers wrong, by 100% of the range"
    assert judged(file, [stored[1:]]) == "answers 8 values instead of 9"


def row(*traits: str, types: str = "int8", rank: int = 4) -> dict[str, Any]:
    return {"types": types, "rank": rank, "traits": list(traits)}


def test_the_trait_that_files_fail_with_is_blamed() -> None:
    from differential.learning import _learn_operator

    entry: dict[str, Any] = {}
    right, wrong = "right", "answers wrong, by 57% of the range"
    found = [
        (row(), right), (row("several images"), right), (row("a stride"), wrong),
        (row("several images", "a stride"), wrong), (row("a stride"), wrong),
    ]  # fmt: skip
    _learn_operator(entry, found)
    assert entry["traits"] == ["several images, int8"]
    assert entry["traits_refused"] == {"a stride, int8": "answers wrong,"}
    assert entry["types"] == ["int8"]


def test_types_and_ranks_that_always_fail_are_blamed_and_not_what_is_special() -> None:
    from differential.learning import _learn_operator

    entry: dict[str, Any] = {"ranks": ["4", "6"]}
    refused = "RuntimeError: tflite/kernels/pad.cc:420 dims <= 5 was not true.Node number 0 (PAD)"
    found = [(row(), "right"), *[(row(rank=6), refused)] * 3]
    found += [(row("a stride", types="int16"), refused), *[(row(types="int16"), refused)] * 3]
    _learn_operator(entry, found)
    assert entry["ranks"] == ["4"]
    assert entry["ranks_refused"] == {"6": "dims <= 5 was not true."}
    assert list(entry["types_refused"]) == ["int16"]
    assert "traits_refused" not in entry
