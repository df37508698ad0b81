"""What the app's self-test on a phone shares."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np


def golden(bundle: Path) -> np.ndarray:
    with np.load(bundle / "golden/vectors.npz") as vectors:
        return np.asarray(vectors["output:scores"], np.float32)


def write_report(
    bundle: Path, answers: np.ndarray, *, told: float = 1.0, **changes: Any
) -> tuple[Path, dict[str, Any]]:
    """Write the report of a phone whose float32 model answered so; return its path and content."""
    described = json.loads((bundle / "bundle.json").read_text())["models"][0]
    values = np.ascontiguousarray(answers, "<f4")
    model = {
        "part": described["part"],
        "precision": described["precision"],
        "file": described["file"],
        "sha256": described["sha256"],
        "asked_for": "cpu",
        "ran_on": "cpu",
        "why_not": "",
        "examples": 8,
        "ok": True,
        "outputs": [{"name": "scores", "max_abs_error": told, "ok": True}],
        "answers": [
            {
                "name": "scores",
                "shape": list(values.shape),
                "float32": base64.b64encode(values.tobytes()).decode(),
            }
        ],
        **changes,
    }
    report = {
        "edgekit_device_report": 1,
        "recipe": "image_cnn",
        "variant": described["variant"],
        "device": {"manufacturer": "Fairphone", "model": "FP5", "android": "15"},
        "latency": {"runs": 48, "median_ms": 1.0, "p90_ms": 1.2},
        "models": [model],
    }
    path = bundle.parent / "device_report.json"
    path.write_text(json.dumps(report))
    return path, report
