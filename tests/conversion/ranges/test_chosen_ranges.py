"""Ranges that leave out rare large values make others finer; other options of int8 do theirs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from edgekit.conversion.writing import Written, write
from edgekit.core.errors import BadInput
from edgekit.core.types import Array
from edgekit.core.variant import parse_precision
from edgekit.intake.options import Options
from edgekit.tflite.reader import Subgraph, read

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

WIDE = 200.0
"""What one value in a thousand is; the others are within 4 or so."""

Convert = Callable[[str], tuple[Path, Written]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two convolutions, and examples with rare large values in what goes in."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    given = keras.Input((16, 16, 3), name="given")
    inner = layers.Conv2D(8, 3, activation="relu", padding="same", name="first")(given)
    model = keras.Model(given, layers.Conv2D(4, 3, name="second")(inner))
    path = tmp_path_factory.mktemp("wide") / "m.keras"
    model.save(path)
    examples = usual(64)
    examples[np.random.default_rng(0).random(examples.shape) < 0.001] = WIDE
    np.savez(path.with_suffix(".npz"), given=examples)
    return path


@pytest.fixture(scope="module")
def convert(source: Path) -> Convert:
    """What converts it with floats outside, once for each text."""

    @cache
    def converted(text: str) -> tuple[Path, Written]:
        precision, quantization = parse_precision(text)
        out = source.with_name(f"{text}.tflite")
        options = Options(quantization=quantization, io="float")
        return out, write(source, out, precision, source.with_suffix(".npz"), options)

    return converted


def usual(count: int) -> Array:
    return np.random.default_rng(count).normal(size=(count, 16, 16, 3)).astype(np.float32)


def error(source: Path, file: Path, pictures: Array) -> float:
    """Return the mean squared error of a file against its source."""
    import keras
    import tensorflow as tf

    expected = np.asarray(keras.saving.load_model(source)(pictures))
    run = tf.lite.Interpreter(str(file)).get_signature_runner()
    answers = [next(iter(run(given=each[None]).values())) for each in pictures]
    return float(((np.concatenate(answers) - expected) ** 2).mean())


def scale_of_input(graph: Subgraph) -> float:
    quantize = next(op for op in graph.operators if op.name == "QUANTIZE")
    return graph.tensors[quantize.outputs[0]].scales[0]


def test_rare_large_values_are_cut_and_all_others_get_finer_steps(
    source: Path, convert: Convert
) -> None:
    plain, finer = convert("int8")[0], convert("int8,percentile=99.8")[0]
    assert scale_of_input(read(finer).main) < scale_of_input(read(plain).main) / 10
    assert error(source, finer, usual(8)) < error(source, plain, usual(8)) / 4


def test_activations_of_16_bits_are_cut_alike(convert: Convert) -> None:
    plain, finer = convert("int16x8")[0], convert("int16x8,percentile=99.8")[0]
    assert scale_of_input(read(finer).main) < scale_of_input(read(plain).main) / 10


def test_a_percentile_is_where_the_range_ends(source: Path, convert: Convert) -> None:
    file, _ = convert("int8,percentile=90")
    low, high = np.percentile(np.load(source.with_suffix(".npz"))["given"], [10, 90])
    assert 255 * scale_of_input(read(file).main) == pytest.approx(high - low, rel=0.01)


def test_long_tails_are_cut_where_that_makes_the_error_least(tmp_path: Path) -> None:
    import keras

    given = keras.Input((32, 32, 3), name="given")
    model = keras.Model(given, keras.layers.Rescaling(2.0)(given))
    model.save(path := tmp_path / "m.keras")
    examples = np.random.default_rng(0).laplace(size=(200, 32, 32, 3)).astype(np.float32)
    np.savez(calibration := tmp_path / "m.npz", given=examples)
    errors = {}
    for text in ("int8", "int8,mse=1"):
        precision, quantization = parse_precision(text)
        options = Options(quantization=quantization, io="float")
        write(path, out := tmp_path / "m.tflite", precision, calibration, options)
        errors[text] = error(path, out, examples)
    assert errors["int8,mse=1"] < 0.75 * errors["int8"]


def test_fewer_examples_are_spread_over_all(convert: Convert) -> None:
    _, written = convert("int8,examples=5")
    assert written.made_by["calibration"].startswith("5 of 64 examples")
    with pytest.raises(BadInput, match=r"100 calibration examples were asked for and .* has 64"):
        convert("int8,examples=100")


def test_a_weight_may_have_one_scale_for_all_channels(convert: Convert) -> None:
    scales = {}
    for text in ("int8", "int8,per_tensor=1"):
        file, _ = convert(text)
        weights = [t for t in read(file).main.tensors if t.is_constant and t.dtype == "int8"]
        scales[text] = sorted(len(tensor.scales) for tensor in weights)
    assert scales == {"int8": [4, 8], "int8,per_tensor=1": [1, 1]}
