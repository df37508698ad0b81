"""The benchmark that scores Edge TPU predictions against what the compiler did."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT


def listed(index: int, name: str, shape: list[int], out: list[int]) -> dict[str, object]:
    return {
        "i": index,
        "op": name,
        "v": 1,
        "in_": [["UINT8", shape, False]],
        "out": [["UINT8", out]],
    }


def test_the_benchmark_counts_misses_and_leaves_out_what_hangs_on_unknown_edges(
    tmp_path: Path,
) -> None:
    a, b, c = [1, 8, 8, 1], [1, 8, 8, 2], [1, 8, 8, 3]
    straight = [listed(0, "RELU", a, b), listed(1, "CAST", b, c)]
    # The last operator may read operator 0 or operator 1: both give [1, 8, 8, 2].
    forked = [listed(0, "RELU", a, b), listed(1, "CAST", b, b), listed(2, "RELU", b, c)]
    models = [
        {"repo": "r", "model": "straight", "cpu_op_indices": [0, 1], "per_op": straight},
        {"repo": "r", "model": "forked", "cpu_op_indices": [1, 2], "per_op": forked},
    ]
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"models": models}))
    command = [sys.executable, str(ROOT / "benchmarks" / "edgetpu_rules.py"), "--truth", str(truth)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "2 graphs, 5 operators, 4 of them left on the CPU" in printed
    assert "1 operators, 1 of them on the CPU, hang on edges that are not known" in printed
    ours = next(line for line in printed.splitlines() if line.startswith("all rules"))
    assert re.findall(r"\d+ of \d+", ours) == ["2 of 3", "2 of 2", "0 of 1"]
    always = next(line for line in printed.splitlines() if line.startswith("always mapped"))
    assert "0 of 4" in always
    assert "none claimed" in always
    assert "r straight, operator 0 RELU: on the CPU, predicted 'yes'" in printed


def test_the_benchmark_without_its_truth_says_what_to_give(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "edgetpu_rules.py"), "--truth", "nowhere"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 2
    assert "EDGEKIT_EDGETPU" in ran.stderr
