"""What the GPU accelerator takes and gets wrong; when one of these tests fails, a rule can go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.converters.tflite import converter
from edgekit.core import registry
from edgekit.core.variant import Precision
from edgekit.running.judgement import judge
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.verbs.check import check

pytestmark = [pytest.mark.slow, pytest.mark.device]

WRITE = """
import sys, keras
path, kernel, stride = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
image = keras.Input((8, 8, 8), name="image")
layer = keras.layers.Conv2D(8, kernel, strides=stride, padding="same")
keras.Model(image, layer(image)).save(path)
"""


@pytest.mark.parametrize(
    ("kernel", "stride", "precision", "right"),
    [(1, 2, "int8", False), (1, 2, "float32", True), (3, 2, "int8", True), (1, 1, "int8", True)],
)
def test_int8_convolutions_of_1x1_with_stride_are_wrong(
    tmp_path: Path, kernel: int, stride: int, precision: Precision, right: bool
) -> None:
    if reason := registry.get("runtimes", "litert-gpu").missing():
        pytest.skip(reason)
    source, file = tmp_path / "model.keras", tmp_path / "model.tflite"
    command = [sys.executable, "-c", WRITE, str(source), str(kernel), str(stride)]
    subprocess.run(command, check=True, capture_output=True)
    images = np.random.default_rng(0).random((64, 8, 8, 8), np.float32)
    np.savez(tmp_path / "images.npz", image=images)
    calibration, vectors = tmp_path / "images.npz", tmp_path / "vectors.npz"
    converter.convert(source, file, precision=precision, calibration=calibration, vectors=vectors)
    inputs, expected = (
        {name: array[:8] for name, array in batch.items()} for batch in read_vectors(vectors)
    )
    with open_session(file, runtime="litert") as session:
        found = judge(expected, session(inputs), precision=precision, steps=session.steps)
        assert found.problem == ""
    with open_session(file, runtime="litert-gpu") as session:
        found = judge(expected, session(inputs), precision=precision, steps=session.steps)
    assert (found.problem == "") is right
    assert check(file, "gpu").ok is right
