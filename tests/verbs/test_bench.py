"""What a benchmark is of: latencies of an emulated machine never pass for real ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgekit.cli import tables
from edgekit.verbs.bench import Benchmark, bench
from tests.running.test_place import made_device
from tests.support.fake_runtime import fake_runtime
from tests.support.paths import GOLDEN

DOUBT = "these times say nothing of real hardware"


def printed(timed: Benchmark, capsys: pytest.CaptureFixture[str], *, json: bool = False) -> str:
    tables.show_benchmarks([timed], json=json)
    return capsys.readouterr().out


def test_an_emulated_device_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runtime, file = fake_runtime(tmp_path)
    timed = bench(file, runtime=runtime, device=made_device(tmp_path), runs=2)
    assert f"; emulated: {DOUBT}" in printed(timed, capsys)
    assert json.loads(printed(timed, capsys, json=True))["hardware"] == "emulated"


def test_hardware_that_is_there_needs_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    timed = bench(GOLDEN / "float32.tflite", runs=2)
    assert DOUBT not in printed(timed, capsys)
    assert json.loads(printed(timed, capsys, json=True))["hardware"] == "real"
