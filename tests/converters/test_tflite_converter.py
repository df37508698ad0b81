"""Conversion in every precision: names, order, types, notes, and the numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.diagnosis import NO_LAYERS
from edgekit.conversion.tf_converter import fault_of
from edgekit.conversion.writing import write
from edgekit.core import registry
from edgekit.core.errors import BadData, BadInput, ConversionFailed, NotFound
from edgekit.core.variant import PRECISIONS, Precision
from edgekit.intake.options import Io, Options
from edgekit.running.session import open_session
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import run_model
from edgekit.tflite.metadata.reading import read_metadata
from edgekit.tflite.reader import Model, ports, read
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

STATE = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return strangers.saved(strangers.photo_and_facts(), folder / "model.keras")


def converted(
    source: Path,
    out: Path,
    precision: Precision = "float32",
    *,
    io: Io | None = None,
    allow_select_ops: bool = False,
) -> tuple[Model, dict[str, str]]:
    """Convert in this process, as the child does; return the file and `made_by`."""
    calibration = source.with_suffix(".npz")
    given = calibration if calibration.exists() else None
    options = Options(io=io, allow_select_ops=allow_select_ops)
    answer = write(source, out, precision, given, options)
    return read(out), dict(answer.made_by)


def notes(made_by: dict[str, str]) -> str:
    return " ".join(value for key, value in made_by.items() if key.startswith("note"))


IO = {"int8": "int8", "int16x8": "int16"}


@pytest.fixture(scope="module")
def in_precision(source: Path) -> Callable[[Precision], tuple[Model, dict[str, str]]]:
    """Convert `source` to a precision, once for all tests."""
    return cache(
        lambda precision: converted(source, source.with_name(f"{precision}.tflite"), precision)
    )


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_keeps_names_order_and_shapes(
    in_precision: Callable[[Precision], tuple[Model, dict[str, str]]], precision: Precision
) -> None:
    model, made_by = in_precision(precision)
    inputs, outputs = ports(model)
    assert [(p.name, p.shape) for p in inputs] == [("photo", (1, 16, 16, 3)), ("facts", (1, 5))]
    assert [(p.name, p.shape) for p in outputs] == [("kind", (1, 4)), ("age", (1, 1))]
    assert {p.dtype for p in (*inputs, *outputs)} == {IO.get(precision, "float32")}
    assert made_by["batch"] == "fixed at 1"
    assert "batch is fixed at 1" in notes(made_by)
    (signature,) = model.signatures
    assert (list(signature.inputs), list(signature.outputs)) == (
        ["photo", "facts"],
        ["kind", "age"],
    )
    told = read_metadata(model.metadata)
    assert (told.name, [tensor.name for tensor in told.inputs]) == ("model", ["photo", "facts"])
    assert precision in told.description


@pytest.mark.parametrize("precision", ["int8", "int16x8"])
def test_float_io_keeps_the_inside_integer(
    source: Path, tmp_path: Path, precision: Precision
) -> None:
    model, _ = converted(source, tmp_path / "m.tflite", precision, io="float")
    assert {p.dtype for side in ports(model) for p in side} == {"float32"}
    inside = [op for op in model.main.operators if op.name not in ("QUANTIZE", "DEQUANTIZE")]
    tensors = [model.main.tensors[k] for op in inside for k in op.outputs]
    assert {tensor.dtype for tensor in tensors} == {IO[precision]}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_weights_are_frozen_and_operators_built_in(
    in_precision: Callable[[Precision], tuple[Model, dict[str, str]]], precision: Precision
) -> None:
    model, _ = in_precision(precision)
    names = {op.name for graph in model.subgraphs for op in graph.operators}
    assert not names & STATE
    assert not any(name.startswith("CUSTOM") for name in names)


def test_dynamic_int8_keeps_dense_layers_at_version_9(
    in_precision: Callable[[Precision], tuple[Model, dict[str, str]]],
) -> None:
    model, made_by = in_precision("dynamic_int8")
    dense = [op for op in model.main.operators if op.name == "FULLY_CONNECTED"]
    weights = [model.main.tensors[op.inputs[1]] for op in dense]
    assert "int8" in {tensor.dtype for tensor in weights}
    assert max(op.version for op in dense) <= 9
    assert all(len(tensor.scales) <= 1 for tensor in weights)
    assert "int8" not in notes(made_by)


def test_dynamic_int8_feeds_transposed_convolutions_float_weights(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8, 8, 8), layers.Conv2DTranspose(16, 3, strides=2), layers.ReLU())
    found, _ = converted(strangers.saved(model, tmp_path / "m.keras"), tmp_path / "m.tflite",
                         "dynamic_int8")  # fmt: skip
    (op,) = [op for op in found.main.operators if op.name == "TRANSPOSE_CONV"]
    assert found.main.tensors[op.inputs[1]].dtype == "float32"
    assert "int8" in {tensor.dtype for tensor in found.main.tensors if tensor.is_constant}


def test_dynamic_int8_says_when_no_weight_became_int8(tmp_path: Path) -> None:
    path = strangers.saved(strangers.sequential(), tmp_path / "m.keras")
    _, made_by = converted(path, tmp_path / "m.tflite", "dynamic_int8")
    assert "No weight is int8" in notes(made_by)


@pytest.mark.parametrize("precision", ["dynamic_int8", "int8", "int16x8"])
def test_a_model_that_computes_nothing_has_nothing_to_quantize(
    tmp_path: Path, precision: Precision
) -> None:
    from keras import layers

    path = strangers.saved(strangers.chain((4,), layers.Identity()), tmp_path / "m.keras")
    found, made_by = converted(path, tmp_path / "m.tflite", precision)
    assert not found.main.operators
    assert [port.dtype for side in ports(found) for port in side] == ["float32", "float32"]
    assert f"computes nothing, so nothing of it is {precision}" in notes(made_by)


def test_int8_says_which_layers_stay_float(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8,), layers.Dense(4), layers.ELU(name="bend"), layers.Dense(2))
    path = strangers.saved(model, tmp_path / "m.keras")
    _, made_by = converted(path, tmp_path / "m.tflite", "int8")
    assert "Computed in float32, for want of an int8 operator: ELU in layer 'bend' (ELU)" in notes(
        made_by
    )


def test_the_last_layer_is_not_taken_for_the_one_before(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8,), layers.Dense(4), layers.ELU(name="bend"))
    path = strangers.saved(model, tmp_path / "m.keras")
    _, made_by = converted(path, tmp_path / "m.tflite", "int8")
    assert "ELU in layer 'bend' (ELU)" in notes(made_by)


def test_integers_stay_integers_in_int8(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain(
        (6,), layers.Embedding(4, 8), layers.Flatten(), layers.Dense(2), dtype="int32"
    )
    path = strangers.saved(model, tmp_path / "m.keras")
    found, _ = converted(path, tmp_path / "m.tflite", "int8")
    assert [p.dtype for side in ports(found) for p in side] == ["int32", "int8"]


def test_an_input_may_also_be_an_output(tmp_path: Path) -> None:
    import keras

    start = keras.Input((4,), name="seen")
    model = keras.Model(start, {"same": start, "new": keras.layers.Dense(2)(start)})
    path = strangers.saved(model, tmp_path / "m.keras")
    found, _ = converted(path, tmp_path / "m.tflite")
    assert [p.name for p in ports(found)[1]] == ["new", "same"]


@pytest.mark.parametrize("precision", ["int8", "int16x8"])
def test_without_calibration_data_it_says_how_to_make_it(
    source: Path, tmp_path: Path, precision: Any
) -> None:
    with pytest.raises(BadInput, match=r"photo=array, facts=array\), and give that file"):
        write(source, tmp_path / "m.tflite", precision, None)
    assert list(tmp_path.iterdir()) == []


def test_bad_calibration_data_stops_before_the_converter(source: Path, tmp_path: Path) -> None:
    photos = np.full((4, 16, 16, 3), np.nan, np.float32)
    np.savez(tmp_path / "c.npz", photo=photos, facts=np.ones((4, 5), np.float32))
    with pytest.raises(BadData, match="input 'photo' holds 3072 NaN"):
        write(source, tmp_path / "m.tflite", "int8", tmp_path / "c.npz")


def test_a_quantization_aware_model_brings_its_own_ranges(tmp_path: Path) -> None:
    import tensorflow as tf
    from tf_keras import layers

    class Ranged(layers.Layer):  # type: ignore[misc]
        """What tfmot puts around each tensor."""

        def call(self, x: Any) -> Any:
            return tf.quantization.fake_quant_with_min_max_vars(x, -4.0, 4.0)

    import tf_keras

    start = tf_keras.Input((8, 8, 2), name="image")
    x = layers.Conv2D(4, 3)(Ranged()(start))
    answer = Ranged(name="answer")(layers.ReLU()(x))
    model = tf_keras.Model(start, answer)
    export(model, tmp_path / "qat", signature_of(model))
    found, made_by = converted(tmp_path / "qat", tmp_path / "m.tflite", "int8")
    (port,), _ = ports(found)
    assert port.dtype == "int8"
    assert port.scale == pytest.approx(8 / 255)
    assert "quantization-aware training" in made_by["calibration"]


def test_an_artifact_that_cannot_be_written_well_is_not_written(tmp_path: Path) -> None:
    import keras

    start = keras.Input(batch_shape=(1, 4, 3), name="x")
    answer = keras.layers.LSTM(2, stateful=True, unroll=True)(start)
    keras.Model(start, answer).save(tmp_path / "m.keras")
    with pytest.raises(ConversionFailed, match=r"keeps state between calls .*\[state\]"):
        converted(tmp_path / "m.keras", tmp_path / "out" / "m.tflite")
    assert list((tmp_path / "out").iterdir()) == []


def test_faults_no_converter_reports_are_found_in_the_file(
    in_precision: Callable[[Precision], tuple[Model, dict[str, str]]],
) -> None:
    model, _ = in_precision("int8")
    assert fault_of(model, NO_LAYERS, allow_select_ops=False) is None
    large = fault_of(replace(model, size_bytes=3 << 30), NO_LAYERS, allow_select_ops=False)
    assert str(large).startswith("The file would have 3.0 GiB; 2 GiB are allowed.")
    wild = [replace(t, scales=(1.3e36,)) for t in model.main.tensors]
    clipped = replace(model, subgraphs=(replace(model.main, tensors=tuple(wild)),))
    assert str(fault_of(clipped, NO_LAYERS, allow_select_ops=False)).endswith("[not-finite]")


def test_select_operators_are_let_in_on_request_and_named(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8, 8, 2), layers.UpSampling2D(2, interpolation="bicubic"))
    path = strangers.saved(model, tmp_path / "m.keras")
    found, made_by = converted(path, tmp_path / "m.tflite", allow_select_ops=True)
    assert "CUSTOM:FlexResizeBicubic" in {op.name for op in found.main.operators}
    assert "needs an interpreter with the Flex delegate, for ResizeBicubic" in notes(made_by)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"source": Path("none.keras")}, NotFound, r"There is no 'none\.keras'"),
        ({"calibration": Path("none.npz")}, NotFound, r"no calibration file 'none\.npz'"),
        ({"precision": "int4"}, BadInput, "precision is 'int4'; allowed are float32, float16"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_at_once(
    source: Path, tmp_path: Path, change: dict[str, Any], error: Any, sentence: str
) -> None:
    request = {"source": source, "precision": "int8", "calibration": None, **change}
    with pytest.raises(error, match=sentence):
        registry.get("converters", "tflite").convert(
            request.pop("source"), tmp_path / "m.tflite", **request
        )


# In a child process, and run


@pytest.mark.slow
def test_the_artifact_says_what_it_is_and_how_it_was_made(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "m.tflite"
    artifact = registry.get("converters", "tflite").convert(
        source, out, precision="int8", calibration=source.with_suffix(".npz")
    )
    assert artifact.path == out
    assert artifact.size_bytes == out.stat().st_size
    assert artifact.signature == signature_of(load_model(source))
    assert artifact.made_by["calibration"].startswith("24 examples, sha256 ")
    assert artifact.made_by["tensorflow"].startswith("2.21")
    assert [path.name for path in out.parent.iterdir()] == ["m.tflite"]


def largest_error(path: Path, model: Any, batch: dict[str, Any]) -> float:
    """Return the largest error of a file run on litert, as a share of the reference's range."""
    expected = run_model(model, batch)
    with open_session(path, runtime="litert") as session:
        found = session(batch)
    return max(
        float(np.abs(found[name] - array).max() / np.ptp(array)) for name, array in expected.items()
    )


LIMITS = {"float32": 1e-5, "float16": 6e-4, "dynamic_int8": 2e-2, "int8": 5e-2, "int16x8": 3e-2}
"""About twice the largest error of eleven small models (CNN, U-Net, attention, Embedding ...)."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("precision", "io"),
    [
        *((precision, None) for precision in PRECISIONS),
        ("int8", "float"),
        ("int16x8", "float"),
        ("int8", "uint8"),
    ],
)
def test_every_precision_answers_like_keras(
    source: Path, tmp_path: Path, precision: Precision, io: Io | None
) -> None:
    model = load_model(source)
    converted(source, tmp_path / "m.tflite", precision, io=io)
    # the calibration data itself: what lies outside its range is clipped, and tests that instead
    batch = dict(strangers.examples(model))
    assert largest_error(tmp_path / "m.tflite", model, batch) < LIMITS[precision]


@pytest.mark.slow
def test_a_recurrent_savedmodel_with_a_free_batch_answers_like_its_source(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8, 4), layers.LSTM(5), layers.Dense(2))
    model.export(tmp_path / "saved", verbose=False)
    program = load_model(tmp_path / "saved")
    converted(tmp_path / "saved", tmp_path / "m.tflite")
    batch = dict(strangers.examples(program, 6))
    assert largest_error(tmp_path / "m.tflite", program, batch) < LIMITS["float32"]


@pytest.mark.slow
def test_a_real_quantization_aware_model_converts_without_calibration(tmp_path: Path) -> None:
    """tfmot changes its process, so it works in one of its own."""
    import subprocess
    import sys

    code = f"""
import numpy as np, tf_keras
import tensorflow_model_optimization as tfmot
from pathlib import Path
from edgekit.source_model.export import export, signature_of
from tf_keras import layers
start = tf_keras.Input((12, 12, 1), name="image")
x = layers.Conv2D(4, 3, padding="same", use_bias=False)(start)
x = layers.ReLU()(layers.BatchNormalization()(x))
x = layers.GlobalAveragePooling2D()(x)
model = tf_keras.Model(start, layers.Dense(3, name="answer")(x))
aware = tfmot.quantization.keras.quantize_model(model)
aware.compile("adam", "mse")
random = np.random.default_rng(0)
images = random.random((256, 12, 12, 1), np.float32) * random.random((256, 1, 1, 1), np.float32)
wanted = images.mean(axis=(1, 2)) * np.array([[1.0, -2.0, 3.0]], np.float32)
aware.fit(images, wanted, epochs=12, batch_size=16, verbose=0)
export(aware, Path({str(tmp_path / "qat")!r}), signature_of(aware))
np.savez({str(tmp_path / "images.npz")!r}, image=images[:16])
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    found, made_by = converted(tmp_path / "qat", tmp_path / "m.tflite", "int8")
    assert {op.name for op in found.main.operators} >= {"CONV_2D", "FULLY_CONNECTED"}
    assert {t.dtype for t in found.main.tensors} == {"int8", "int32"}
    assert "float32" not in notes(made_by)
    with np.load(tmp_path / "images.npz") as images:
        batch = {"image": images["image"]}
    assert largest_error(tmp_path / "m.tflite", load_model(tmp_path / "qat"), batch) < 0.05
