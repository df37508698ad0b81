"""What `explain` proposes is the very file that `convert` then makes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.types import silent
from edgekit.explaining.next_steps import Laboratory, Request
from edgekit.intake.options import Options
from edgekit.running.place import places
from edgekit.source_model.reference import judged_examples

pytestmark = pytest.mark.slow

WRITE_MODEL = """
import sys
from tests.support.strangers import sequential
sequential().save(sys.argv[1])
"""


def test_an_attempt_is_calibrated_without_the_examples_it_is_judged_on(tmp_path: Path) -> None:
    model = tmp_path / "model.keras"
    subprocess.run([sys.executable, "-c", WRITE_MODEL, model], check=True, capture_output=True)
    import keras

    shape = keras.saving.load_model(model).input_shape[1:]
    examples = np.random.default_rng(0).random((100, *shape), np.float32)
    examples[judged_examples(100)] *= 3  # seen in calibration, they would set every range
    calibration = tmp_path / "examples.npz"
    np.savez(calibration, examples)
    file, vectors = tmp_path / "model.tflite", tmp_path / "vectors.npz"
    convert = registry.get("converters", "tflite").convert  # as the verb calls it
    convert(model, file, precision="int8", calibration=calibration, vectors=vectors)
    laboratory = Laboratory(
        request=Request(source=str(model), calibration=str(calibration), out=str(file)),
        source=model,
        calibration=calibration,
        vectors=vectors,
        options=Options(),
        places=[place for place in places(("cpu", "litert")).values() if not place.missing()],
        deadline=time.monotonic() + 600,
        progress=silent,
        skipped=[],
    )
    assert laboratory.try_("int8", "int8").judged == laboratory.judge_file(file, "int8").judged
