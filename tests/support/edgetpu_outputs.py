"""What edgetpu_compiler prints, laid out as in published output, from published numbers."""

from __future__ import annotations

import json
from typing import Any

from tests.support.paths import GOLDEN

REAL: dict[str, Any] = json.loads((GOLDEN / "edgetpu_logs.json").read_text())


def table(name: str) -> str:
    """Return a published operation log as the compiler writes it."""
    real = REAL["tables"][name]
    lines = [f"{op:<30} {count:<10} {status}" for op, count, status in real["rows"]]
    head = ["Edge TPU Compiler version " + real["version"], "Input: model.tflite"]
    head += ["Output: model_edgetpu.tflite", "", "Operator                       Count      Status"]
    return "\n".join([*head, "", *lines, ""])


def summary(*, subgraphs: int, total: int, tpu: int | None = None) -> str:
    """Return what the compiler prints after a success, in the layout of published output."""
    lines = [
        "Edge TPU Compiler version 16.0.384591198",
        "Started a compilation timeout timer of 180 seconds.",
        "\nModel compiled successfully in 1423 ms.\n",
        "Input model: model.tflite",
        "On-chip memory used for caching model parameters: 3.33MiB",
        "On-chip memory remaining for caching model parameters: 4.40MiB",
        "Off-chip memory used for streaming uncached model parameters: 512.00KiB",
        f"Number of Edge TPU subgraphs: {subgraphs}",
        f"Total number of operations: {total}",
    ]
    if tpu is not None:
        lines += [f"Number of operations that will run on Edge TPU: {tpu}"]
        lines += [f"Number of operations that will run on CPU: {total - tpu}"]
    return "\n".join([*lines, "Compilation succeeded! "])
