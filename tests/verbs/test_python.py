"""The Python API as people call it: paths as text or Path, arrays, live models, names alone."""

from __future__ import annotations

import pydoc
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pytest

import edgekit
from edgekit.core.types import AnyPath
from edgekit.intake.examples import Given
from edgekit.reporting.verdict import verdict
from edgekit.verbs.delivery import Conversion, Conversions
from tests.support.example_report import example_report
from tests.support.example_run import write_run

WAYS: dict[str, Callable[[Path], AnyPath]] = {"text": str, "Path": Path}

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

EXAMPLES = np.random.default_rng(0).random((80, 8), dtype="float32")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8,), name="features")
    outputs = keras.layers.Dense(4, activation="softmax", name="classes")(inputs)
    return keras.Model(inputs, outputs, name="small")


@pytest.fixture(scope="module")
def folder(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python")
    model.save(folder / "small.keras")
    np.save(folder / "examples.npy", EXAMPLES)
    edgekit.convert(model, folder / "int8.tflite", precision="int8", calibration=EXAMPLES)
    return folder


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_files_are_named_by_text_or_path(
    way: Callable[[Path], AnyPath], folder: Path, tmp_path: Path
) -> None:
    file, out = way(tmp_path / "small.tflite"), way(tmp_path / "slim.tflite")
    done = edgekit.convert(
        way(folder / "small.keras"), file, calibration=way(folder / "examples.npy")
    )
    assert done.verdict == "verified"
    assert edgekit.inspect(file).inputs[0].name == "features"
    assert edgekit.check(file, "litert").ok
    assert all(proof.ok for proof in edgekit.verify(file, runtime="litert"))
    vectors = way(tmp_path / "small.vectors.npz")
    assert all(proof.ok for proof in edgekit.verify(file, runtime="litert", vectors=vectors))
    assert edgekit.bench(file, runs=2).latency_ms_median > 0
    assert edgekit.compare(file, file, runtime="litert").answers[0].same_bytes
    assert edgekit.slim(file, out).file == str(file)
    np.savez(tmp_path / "examples.npz", features=EXAMPLES)
    assert edgekit.run(file, way(tmp_path / "examples.npz")).answers[0].lines


@pytest.mark.parametrize("is_live", [True, False], ids=["from memory", "from files"])
def test_a_file_is_explained(is_live: bool, folder: Path, model: keras.Model) -> None:
    source = model if is_live else str(folder / "small.keras")
    examples = EXAMPLES if is_live else str(folder / "examples.npy")
    explained = edgekit.explain(str(folder / "int8.tflite"), source, examples, budget_s=0)
    assert explained.layers[0].layer == "classes"


@pytest.mark.parametrize(
    "calibration",
    [EXAMPLES, {"features": EXAMPLES}, list(EXAMPLES), iter(np.split(EXAMPLES, 8))],
    ids=["an array", "arrays by name", "a list of examples", "an iterator of batches"],
)
def test_a_live_model_is_converted_with_arrays(
    calibration: Given, model: keras.Model, tmp_path: Path
) -> None:
    done = edgekit.convert(
        model,
        str(tmp_path / "live.tflite"),
        precision="int8",
        calibration=calibration,
        shapes={"features": [1, 8]},
        evaluate={"features": EXAMPLES, "labels": np.zeros(len(EXAMPLES), np.int64)},
    )
    assert done.ok
    assert done.artifact.path == tmp_path / "live.tflite"
    assert done.evaluation


def test_one_name_may_stand_alone(tmp_path: Path, model: keras.Model) -> None:
    assert [str(line) for line in edgekit.setup("litert")] == ["litert: is in place"]
    assert edgekit.data_get("sea-temperature")[0].here
    with pytest.raises(edgekit.EdgekitError, match="There is no layer 'claases'"):
        edgekit.convert(
            model,
            tmp_path / "a.tflite",
            precision="int8",
            calibration=EXAMPLES,
            keep_float="claases",
        )


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_runs_are_named_by_text_or_path_and_one_variant_alone(
    way: Callable[[Path], AnyPath], tmp_path: Path
) -> None:
    run_dir = way(write_run(tmp_path / "image_cnn"))
    assert edgekit.load_report(run_dir).recipe == "image_cnn"
    packed = edgekit.bundle(run_dir, "bundle", variants="int8", out=way(tmp_path / "packed"))
    assert packed.folder == tmp_path / "packed"
    with pytest.raises(edgekit.EdgekitError, match="nowhere"):
        edgekit.build(
            "image_cnn", variants="int8", targets="cpu", out=run_dir, data=way(tmp_path / "nowhere")
        )


def test_a_notebook_shows_conversions_with_what_was_measured(
    tmp_path: Path, model: keras.Model
) -> None:
    one = edgekit.convert(model, tmp_path / "one.tflite", calibration=EXAMPLES)
    assert isinstance(one, Conversion)
    shown = one._repr_html_()
    assert f"<b>{tmp_path / 'one.tflite'}</b>: float32" in shown
    assert "verified." in shown
    assert "<td>litert</td><td>local</td><td>source model</td>" in shown
    several = edgekit.convert(
        model, tmp_path / "two.tflite", precision=["float32", "int8"], calibration=EXAMPLES
    )
    assert isinstance(several, Conversions)
    assert [
        precision in several._repr_html_()
        for precision in ("two.float32.tflite", "two.int8.tflite", "float16")
    ] == [True, True, False]


def test_a_notebook_shows_a_report_with_its_verdict() -> None:
    report = example_report()
    shown = report._repr_html_()
    assert f"<b>{report.recipe}</b>" in shown
    assert verdict(report) in shown
    assert all(f"<th>{row.variant}</th>" in shown for row in report.rows)


def test_a_notebook_escapes_what_names_hold() -> None:
    report = replace(example_report(), recipe="<script>alert(1)</script>")
    assert "<script>" not in report._repr_html_()


def test_help_names_every_verb() -> None:
    text = pydoc.plain(pydoc.render_doc(edgekit))
    for name in edgekit.__all__:
        assert name in (edgekit.__doc__ or ""), name
        assert f"\n    {name}(" in text or f"class {name}" in text, name


def test_the_version_is_that_of_the_package() -> None:
    assert edgekit.__version__ == version("edgekit-tflite")
    code = "import sys, edgekit; edgekit.__version__; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
