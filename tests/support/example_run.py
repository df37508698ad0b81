"""A run folder as a build leaves it, of golden models: some verified, some not, some not run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.core import registry
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.report import Report, Row
from edgekit.tflite.sidecar import describe, write_sidecar
from tests.support.example_report import example_report
from tests.support.paths import GOLDEN

LABELS = ("cat", "dog", "bird, small")


def row(variant: str, runtime: str, **fields: object) -> Row:
    fields = {"status": "measured", "ok": True, "value": 91.0, "drop": 0.5, **fields}
    return Row(variant=variant, precision="int8", runtime=runtime, device="local", **fields)  # type: ignore[arg-type]


ROWS = (
    row("float32", "tflite-runtime", max_abs_error=1e-6),
    row("float32", "litert"),
    row("int8", "tflite-runtime"),
    row("int8", "litert", ok=False, drop=7.0),
    row("int16x8", "litert", ok=False, drop=9.0),
    row("float16", "edgetpu", status="predicted", ok=None, value=None, drop=None),
    row("dynamic_int8", "litert", status="not run", ok=None, value=None, drop=None),
)


def write_report(folder: Path, report: Report) -> None:
    registry.get("reports", "json").write(report, folder)


def write_run(folder: Path) -> Path:
    """Write the run folder, without a program; return it."""
    signature = Signature(
        inputs=(Tensor(name="image", shape=(1, 8, 8, 1), meaning="grey image, 0..1"),),
        outputs=(Tensor(name="scores", shape=(1, 3), meaning="logits"),),
        labels=LABELS,
    )
    for variant in dict.fromkeys(row.variant for row in ROWS):
        model = folder / variant / "model.tflite"
        model.parent.mkdir(parents=True)
        model.write_bytes((GOLDEN / f"{variant}.tflite").read_bytes())
        artifact = describe(model, precision=variant, signature=signature, made_by={})
        write_sidecar(artifact, model.parent / "artifact.json")
    random = np.random.default_rng(0)
    vectors = {
        "input:image": random.random((20, 8, 8, 1), np.float32),
        "output:scores": random.random((20, 3), np.float32).astype(">f4"),
    }
    np.savez(folder / "vectors.npz", **vectors)  # type: ignore[arg-type]
    write_report(folder, replace(example_report(), rows=ROWS))
    return folder


def add_program(run_dir: Path) -> None:
    """Add a program that greets, with a file it reads and the package it imports from."""
    folder = run_dir / "device"
    (folder / "on_device" / "__pycache__").mkdir(parents=True)
    (folder / "on_device" / "__pycache__" / "old.pyc").write_bytes(b"")
    (folder / "on_device" / "__init__.py").write_text("")
    (folder / "on_device" / "greeting.py").write_text("GREETING = 'hello'\n")
    (folder / "names.txt").write_text("Ada\nGrace\n")
    (folder / "greet.py").write_text(
        "import sys\nfrom on_device.greeting import GREETING\n"
        "names = open('names.txt').read().split()\nprint(GREETING, names[int(sys.argv[-1])])\n"
    )
    facts = {"name": "greet", "example": ["--who", "1"]}
    (folder / "program.json").write_text(json.dumps(facts))
