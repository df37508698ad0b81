"""The benchmark that asks whether `edgekit convert` says rightly of strangers' models."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edgekit.core.variant import PRECISIONS
from tests.support.paths import ROOT

ZOO = ROOT / "benchmarks" / "zoo.py"


@pytest.fixture
def own_check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ZOO.parent))
    return importlib.import_module("zoo_models.own_check")


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ZOO.parent))
    return importlib.import_module("zoo")


def test_the_check_of_its_own_tells_right_from_wrong_in_every_kind(own_check: ModuleType) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(64, 10))
    classes = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    reference = {"classes": classes, "boxes": logits[:, :4] * 100, "yes": 1 / (1 + np.exp(-logits))}
    kinds = {"classes": "classes", "boxes": "numbers", "yes": "scores"}
    near = {name: array + 1e-6 for name, array in reference.items()}
    assert own_check.check(reference, near, kinds, "int8")[0] == "right"
    for broken in reference:
        answers = {**near, broken: np.roll(reference[broken], 1, axis=0)}
        verdict, said = own_check.check(reference, answers, kinds, "int8")
        assert verdict == "wrong"
        assert broken in said


def test_a_wrong_channel_is_not_hidden_by_the_others(own_check: ModuleType) -> None:
    numbers = np.random.default_rng(0).normal(size=(64, 12, 4))
    answers = numbers.copy()
    answers[..., 2] = answers[::-1, :, 2]
    verdict, said = own_check.check({"x": numbers}, {"x": answers}, {"x": "numbers"}, "float16")
    assert verdict == "wrong"
    assert "error over spread" in said
    answers = numbers + np.array([0, 0, 0.65, 0])
    verdict, said = own_check.check({"x": numbers}, {"x": answers}, {"x": "numbers"}, "int8")
    assert verdict == "wrong"
    assert "channel 2" in said


def test_what_lies_at_a_limit_is_near_and_neither_right_nor_wrong(own_check: ModuleType) -> None:
    classes = np.eye(4)[np.arange(64) % 4]
    answers = classes.copy()
    answers[:6] = np.roll(classes[:6], 1, axis=1)  # 90.6 % of 64, where 90 % are asked
    verdict, _ = own_check.check({"y": classes}, {"y": answers}, {"y": "classes"}, "int8")
    assert verdict == "near"


@pytest.mark.parametrize(
    ("ok", "verdicts", "forward", "state"),
    [
        (True, ["right", "near"], False, "verified"),
        (True, ["right", "wrong"], False, "wrong"),
        (False, ["wrong", "near"], True, "refused"),
        (False, ["wrong", "wrong"], False, "wrong"),
        (False, ["right", "right"], True, "wrong"),
        (False, ["right", "near"], True, "refused"),
        (False, [], True, "refused"),
        (False, [], False, "wrong"),
    ],
)
def test_a_cell_is_wrong_if_edgekit_is_contradicted_or_leaves_no_way(
    zoo: ModuleType, ok: bool, verdicts: list[str], forward: bool, state: str
) -> None:
    assert zoo.state_of(ok, verdicts, forward) == state


def test_what_is_done_is_shown_and_not_done_again(tmp_path: Path) -> None:
    cells = {p: {"state": "verified", "own": "litert right"} for p in PRECISIONS}
    cells["int8"] = {"state": "refused", "said": "out", "own": "litert wrong", "forward": "int16x8"}
    row = {"name": "U-Net", "cells": cells, "seconds": [3.0, 5.0], "reason": ""}
    (tmp_path / "U-Net.json").write_text(json.dumps(row))
    out = tmp_path / "zoo.json"
    command = [sys.executable, str(ZOO), "--only", "U-Net", "--work", str(tmp_path)]
    ran = subprocess.run([*command, "--json", str(out)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "1 models, 5 files: 4 verified, 1 refused, 0 wrong." in ran.stdout
    assert "U-Net, int8: refused\n  edgekit: out" in ran.stdout
    assert json.loads(out.read_text())[0]["cells"]["int8"]["forward"] == "int16x8"
    cells["int16x8"]["state"] = "wrong"
    (tmp_path / "U-Net.json").write_text(json.dumps(row))
    assert subprocess.run(command, capture_output=True).returncode == 1


def test_there_are_models_of_all_three_origins(zoo: ModuleType) -> None:
    names = list(zoo.MAKERS)
    assert len(names) >= 25
    assert sum(name.startswith("hub ") for name in names) >= 4
    assert "MobileNetV2" in names
    assert "detector" in names
