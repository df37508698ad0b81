"""Weights of 4 bits: LiteRT runs the file, and tflite-runtime refuses it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.conversion import int4_weights
from edgekit.conversion.writing import write
from edgekit.core.errors import ModelRefused
from edgekit.core.types import Array
from edgekit.core.variant import parse_precision
from edgekit.intake.options import Options
from edgekit.running.environments import tflite_runtime
from edgekit.running.session import open_session
from edgekit.tflite.reader import read

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # TensorFlow and Keras warn about themselves
    pytest.mark.skipif(bool(int4_weights.missing()), reason=int4_weights.missing()),
]

PICTURES = np.random.default_rng(0).normal(size=(16, 8, 8, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    given = keras.Input((8, 8, 8), name="given")
    x = layers.Conv2D(16, 3, activation="relu")(given)
    x = layers.DepthwiseConv2D(3, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    model = keras.Model(given, layers.Dense(5, name="answer")(x))
    path = tmp_path_factory.mktemp("int4") / "m.keras"
    model.save(path)
    np.save(path.with_suffix(".npy"), np.asarray(model(PICTURES)))
    return path


def converted(source: Path, text: str) -> Path:
    precision, quantization = parse_precision(text)
    out = source.with_name(f"{text}.tflite")
    written = write(source, out, precision, None, Options(quantization=quantization))
    assert ("ai-edge-quantizer" in written.made_by) == (quantization.weight_bits == 4)
    return out


def answers(file: Path, runtime: str) -> Array:
    with open_session(file, runtime=runtime) as session:
        (found,) = session({"given": PICTURES}).values()
    return found


def test_the_file_is_small_and_answers_on_litert_as_its_source(source: Path) -> None:
    file = converted(source, "dynamic_int8,weight_bits=4")
    assert file.stat().st_size < 0.7 * converted(source, "dynamic_int8").stat().st_size
    tensors = read(file).main.tensors
    types = [t.dtype for t in tensors if t.is_constant and len(t.shape) > 1]
    assert sorted(types) == ["int4", "int4", "int4", "int8"]
    expected = np.load(source.with_suffix(".npy"))
    error = answers(file, "litert") - expected
    assert error.std() < 0.3 * expected.std()


def test_blocks_have_a_scale_each(source: Path) -> None:
    file = converted(source, "dynamic_int8,weight_bits=4,block=64")
    assert dense_versions(file) == [14, 14]


def test_layers_that_blocks_do_not_divide_have_a_scale_for_each_channel(source: Path) -> None:
    precision, quantization = parse_precision("dynamic_int8,weight_bits=4,block=256")
    out = source.with_name("some_blocks.tflite")
    written = write(source, out, precision, None, Options(quantization=quantization))
    assert (
        "Weights in layer 'answer' (Dense) have one scale for each output channel: blocks of 256 "
        "do not divide what goes in."
    ) in written.made_by.values()
    assert dense_versions(out) == [14, 12]  # version 12: scales for channels
    expected = np.load(source.with_suffix(".npy"))
    assert (answers(out, "litert") - expected).std() < 0.3 * expected.std()


def test_weights_of_more_than_256_kib_are_in_the_file_too(tmp_path: Path) -> None:
    """ai-edge-quantizer puts so many behind the model, where other tools lose them."""
    import keras

    keras.utils.set_random_seed(0)
    given = keras.Input((1024,), name="given")
    model = keras.Model(given, keras.layers.Dense(600, name="answer")(given))
    model.save(tmp_path / "m.keras")
    out = tmp_path / "m.tflite"
    precision, quantization = parse_precision("dynamic_int8,weight_bits=4")
    write(tmp_path / "m.keras", out, precision, None, Options(quantization=quantization))
    assert 300_000 < out.stat().st_size < 320_000
    rows = np.random.default_rng(0).normal(size=(4, 1024)).astype(np.float32)
    expected = np.asarray(model(rows))
    with open_session(out, runtime="litert") as session:
        (found,) = session({"given": rows}).values()
    assert (found - expected).std() < 0.3 * expected.std()


def dense_versions(file: Path) -> list[int]:
    return [op.version for op in read(file).main.operators if op.name == "FULLY_CONNECTED"]


@pytest.mark.device
@pytest.mark.skipif(bool(tflite_runtime.missing()), reason=tflite_runtime.missing() or "-")
def test_tflite_runtime_refuses_the_file(source: Path) -> None:
    file = converted(source, "dynamic_int8,weight_bits=4")
    with pytest.raises(ModelRefused, match=r"version|resolve|registration"):
        answers(file, "tflite-runtime")
