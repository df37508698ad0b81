"""What `explain` proposes is the very file that `convert` then makes."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import registry
from edgekit.core.report import Evaluation, Score
from edgekit.core.types import Run, silent
from edgekit.core.variant import Precision, Quantization, parse_precision
from edgekit.explaining.laboratory import Laboratory, Request, Tried
from edgekit.explaining.next_steps import try_calibrations
from edgekit.explaining.ranking import LayerNoise
from edgekit.intake.options import Options
from edgekit.running.place import places
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import write_arrays
from edgekit.source_model.reference import judged_examples
from tests.explaining.test_ranking import PLAIN
from tests.support.paths import GOLDEN

WRITE_MODEL = """
import sys
from tests.support.strangers import sequential
sequential().save(sys.argv[1])
"""


def laboratory_of(
    model: Path, calibration: Path, vectors: Path, kind: type[Laboratory] = Laboratory
) -> Laboratory:
    return kind(
        request=Request(source=str(model), calibration=str(calibration), out="model.tflite"),
        source=model,
        calibration=calibration,
        vectors=vectors,
        options=Options(),
        places=[place for place in places(("cpu", "litert")).values() if not place.missing()],
        deadline=time.monotonic() + 600,
        progress=silent,
        skipped=[],
    )


def scored(right: float, _run: Run, runtime: str) -> Evaluation:
    def score(value: float) -> tuple[Score, ...]:
        return (Score(output="scores", question="accuracy", value=value, half_width=0.01),)

    return Evaluation(examples=400, data="", source=score(0.99), file={runtime: score(right)})


@pytest.mark.parametrize(("right", "ok"), [(0.985, True), (0.98, True), (0.97, False)])
def test_a_file_that_is_less_right_than_its_precision_may_be_is_not_within_limits(
    tmp_path: Path, right: float, ok: bool
) -> None:
    file, vectors = GOLDEN / "int8.tflite", tmp_path / "vectors.npz"
    inputs = {"image": np.random.default_rng(0).random((16, 8, 8, 1), np.float32)}
    with open_session(file, runtime="litert") as session:
        write_arrays(vectors, inputs, session(inputs))
    laboratory = laboratory_of(file, vectors, vectors)
    assert laboratory.judge_file(file, "int8").ok
    laboratory.exam = partial(scored, right)
    judged = laboratory.judge_file(file, "int8")
    assert judged.ok is ok
    assert judged.evaluation
    assert set(judged.evaluation.file) == set(judged.runtimes)
    words = "accuracy 97.0 %, 99.0 % of the source (at most 1.0 points less)"
    assert (words in judged.reason) is not ok


WIDE = LayerNoise(layer="fourth", kind="Multiply", blame=0.3, worst=replace(PLAIN, rms=0.1))
EVEN = LayerNoise(layer="even", kind="Conv2D", blame=0.2, worst=PLAIN)


class Noting(Laboratory):
    """Tries nothing, and says how it would."""

    def try_(
        self,
        what: str,
        precision: Precision,
        keep_float: Sequence[str] = (),
        *,
        split_outputs: bool = False,
        quantization: Quantization | None = None,
    ) -> Tried:
        assert quantization
        command = self.request.command(precision, replace(self.options, quantization=quantization))
        return Tried(what=what, precision=precision, command=command)


@pytest.mark.parametrize(
    ("noise", "told", "tried"),
    [
        (WIDE, "int8", ["int8,percentile=99.9", "int8,mse=1"]),
        (WIDE, "int8,percentile=99", ["int8", "int8,mse=1"]),
        (
            WIDE,
            "int8,mse=1,per_tensor=1",
            ["int8,per_tensor=1", "int8,percentile=99.9,per_tensor=1"],
        ),
        (
            replace(EVEN, worst=replace(PLAIN, clipped=0.02)),
            "int8,mse=1",
            ["int8", "int8,percentile=99.9"],
        ),
        (EVEN, "int8", []),
        (replace(WIDE, blame=0.001), "int8", []),
        (replace(WIDE, worst=replace(WIDE.worst, operator="SOFTMAX")), "int8", []),
    ],
)
def test_int8_is_calibrated_otherwise_where_ranges_spoil_it(
    noise: LayerNoise, told: str, tried: list[str]
) -> None:
    laboratory = laboratory_of(Path("my.keras"), Path("my.npz"), Path("vectors.npz"), Noting)
    laboratory.options = Options(quantization=parse_precision(told)[1])
    found = try_calibrations(laboratory, [EVEN, noise])
    assert [each.what for each in found] == tried
    for each in found:
        words = shlex.split(each.command)
        assert words[words.index("--precision") + 1] == each.what


@pytest.mark.slow
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
    laboratory = laboratory_of(model, calibration, vectors)
    assert laboratory.try_("int8", "int8").judged == laboratory.judge_file(file, "int8").judged
