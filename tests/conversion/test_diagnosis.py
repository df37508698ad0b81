"""Failures of the converter, provoked for real: each gets its name, its layer and a remedy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.crash_diagnosis import explain_death
from edgekit.conversion.diagnosis import CATALOGUE, Layers, diagnose, listed
from edgekit.conversion.writing import write
from edgekit.core import registry
from edgekit.core.child_process import ChildDied
from edgekit.core.errors import ConversionFailed, reason
from edgekit.intake.options import Options
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def bicubic() -> Any:
    from keras import layers

    enlarge = layers.UpSampling2D(2, interpolation="bicubic", name="enlarge")
    return strangers.chain((8, 8, 2), layers.Conv2D(3, 3), enlarge, layers.Conv2D(2, 1))


def erf() -> Any:
    import keras

    start = keras.Input((4,), name="x")
    return keras.Model(start, keras.layers.Dense(2)(keras.ops.erf(start)))


def mixed() -> Any:
    from keras import layers

    return strangers.chain(
        (8, 8, 3), layers.Conv2D(4, 3, dtype="mixed_float16", name="half"), layers.Flatten()
    )


def double() -> Any:
    from keras import layers

    return strangers.chain((8,), layers.Dense(4, dtype="float64", name="wide"), dtype="float64")


def prelu() -> Any:
    from keras import layers

    return strangers.chain((8, 8, 3), layers.Conv2D(4, 3), layers.PReLU(name="bend"))


def embedding() -> Any:
    from keras import layers

    return strangers.chain((6,), layers.Embedding(5, 4), layers.Flatten(), dtype="int32")


def nan() -> Any:
    import keras

    start = keras.Input((4,), name="x")
    x = keras.ops.log(keras.ops.abs(keras.layers.Dense(4)(start)) * 0)
    return keras.Model(start, keras.layers.Dense(2)(x))


@pytest.mark.parametrize(
    ("build", "precision", "name", "sentence"),
    [
        (bicubic, "float32", "missing-operator", r"tf\.ResizeBicubic in layer 'enlarge' \(UpSa"),
        (erf, "float32", "missing-operator", r"tf\.Erf in layer 'erf' \(Erf\)\. Replace"),
        (prelu, "int16x8", "int16x8-operator", r"int16x8 has no PRELU in layer 'bend' \(PReLU\)"),
        (embedding, "int16x8", "int16x8-integer-input", "cannot take integers as input"),
        (nan, "int8", "not-finite", r"NaN or infinity for some .* in layer 'log' \(Log\)"),
    ],
)
def test_what_the_converter_refuses_names_the_layer(
    build: Callable[[], Any], precision: Any, name: str, sentence: str, tmp_path: Path
) -> None:
    source = strangers.saved(build(), tmp_path / "m.keras")
    out, calibration = tmp_path / "m.tflite", source.with_suffix(".npz")
    with pytest.raises(ConversionFailed, match=sentence) as failure:
        write(source, out, precision, calibration)
    assert f"[{name}]" in str(failure.value)
    assert not out.exists()


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (mixed, r"float16 or bfloat16 in '.*half.*Convert the \.keras .*\[half-precision\]"),
        (double, r"in float64 in '.*wide.*Convert the \.keras .*\[double-precision\]"),
    ],
)
def test_a_savedmodel_in_another_precision_is_sent_back_to_keras(
    build: Callable[[], Any], sentence: str, tmp_path: Path
) -> None:
    build().export(tmp_path / "saved", verbose=False)
    with pytest.raises(ConversionFailed, match=sentence):
        write(tmp_path / "saved", tmp_path / "m.tflite", "float32", None)


def test_a_loop_that_grows_a_list_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    def serve(x: Any) -> Any:
        results = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        count = tf.cast(tf.reduce_sum(x), tf.int32)
        for k in tf.range(count):
            results = results.write(k, x[0])
        return {"y": tf.reduce_sum(results.stack(), 0, keepdims=True)}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 4), tf.float32, "x")])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve)
    with pytest.raises(ConversionFailed, match=r"while it runs \(TensorList\).*\[growing-loop\]"):
        write(tmp_path / "saved", tmp_path / "m.tflite", "float32", None)


def test_python_code_inside_a_savedmodel_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    def serve(x: Any) -> Any:
        return {"y": tf.ensure_shape(tf.numpy_function(np.sort, [x], tf.float32), (1, 4))}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 4), tf.float32, "x")])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve)
    with pytest.raises(ConversionFailed, match=r"Python code runs inside the model.*\[python-"):
        write(tmp_path / "saved", tmp_path / "m.tflite", "float32", None)


def test_two_layers_with_numbered_names_are_told_apart() -> None:
    kinds = {"dense": "Dense", "dense_1": "Dense"}
    three, two = Layers(kinds=kinds), Layers(kinds=kinds, numbered=False)
    # Keras 3 appends a number to every name it traces, Keras 2 does not
    assert three.find("functional_1/dense_1/MatMul") == "dense"
    assert three.find("functional_1/dense_1_2/MatMul") == "dense_1"
    assert two.find("model/dense_1/MatMul") == "dense_1"
    assert two.find("model/dense/MatMul") == "dense"


def test_a_path_without_a_known_layer_is_shown_itself() -> None:
    assert Layers(kinds={}).sentence(["net_1/odd_2/FFT", "StatefulPartitionedCall"]) == (
        " in 'net_1/odd_2'"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("std::bad_alloc", "out-of-memory"),
        ("OOM when allocating tensor with shape[1000000]", "out-of-memory"),
        ("Unsupported input type INT16 for input tensor 0 of type FLOAT32.", "integer-io"),
        ("Empty min/max for tensor functional_1/inner_1/Mul_1", "no-range"),
        ("something nobody has seen", "unknown"),
        ("", "unknown"),
    ],
)
def test_texts_seen_in_the_wild_are_recognized(text: str, name: str) -> None:
    found = diagnose(text)
    assert found.name == name
    assert found.remedy
    assert str(found).endswith(f"[{name}]")


def test_names_in_the_catalogue_are_unique() -> None:
    names = [known.name for known in CATALOGUE]
    assert sorted(set(names)) == sorted(names)


def test_the_reason_is_the_line_that_says_most() -> None:
    text = (
        "in user code:\n\n    File 'a.py', line 3\n    \x1b[1mValueError: shapes differ.\x1b[0m\n"
    )
    assert reason(text) == "shapes differ"
    assert reason(KeyError()) == "KeyError"


def test_long_lists_are_cut() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh")) == "a, b, c, d, e and 3 more"


def test_a_process_killed_by_the_system_ran_out_of_memory() -> None:
    death = ChildDied("it ended with SIGKILL", cause="SIGKILL")
    sentence = explain_death(death, source=Path("m.keras"), precision="int8", calibration=None)
    assert sentence.startswith("The conversion ran out of memory.")


# Crashes: each starts processes that die


def fails(source: Path, tmp_path: Path, **options: Any) -> str:
    convert = registry.get("converters", "tflite").convert
    with pytest.raises(ConversionFailed) as failure:
        convert(source, tmp_path / "out" / "m.tflite", **options)
    assert not (tmp_path / "out" / "m.tflite").exists()
    return str(failure.value)


@pytest.mark.slow
def test_the_calibrator_crashes_on_a_loop(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8, 4), layers.GRU(5, name="memory"), layers.Dense(2))
    calibration = strangers.saved(model, tmp_path / "m.keras").with_suffix(".npz")
    # From the .keras file its steps would be unrolled; a SavedModel keeps the loop it has.
    model.export(tmp_path / "saved", verbose=False)
    sentence = fails(tmp_path / "saved", tmp_path, precision="int16x8", calibration=calibration)
    assert "crashes on the loop (WHILE)" in sentence
    assert ".keras" in sentence
    assert "[loop-in-int16x8]" in sentence


@pytest.mark.slow
def test_a_crash_without_a_message_is_traced_to_its_layer(tmp_path: Path) -> None:
    """NaN that never leaves a nested model: only converting ever longer beginnings finds it."""
    import keras

    ops = keras.ops
    entry = keras.Input((4,))
    hidden = keras.Model(entry, ops.nan_to_num(ops.log(ops.abs(entry) * 0) * 0), name="inner")
    model = strangers.chain(
        (4,), keras.layers.Dense(4), hidden, keras.layers.Dense(3), keras.layers.Dense(2)
    )
    source = strangers.saved(model, tmp_path / "m.keras")
    sentence = fails(source, tmp_path, precision="int8", calibration=source.with_suffix(".npz"))
    assert "died (SIGSEGV) while calibrating at layer 'inner'" in sentence
    assert "[crash]" in sentence


MINE = """
import keras

@keras.saving.register_keras_serializable("mine")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x
"""


@pytest.mark.slow
def test_the_layer_is_searched_for_in_the_model_that_was_asked_for(tmp_path: Path) -> None:
    """With the user's own layer, shape and folder of examples, as the conversion had them."""
    program, folder, source = tmp_path / "mine.py", tmp_path / "examples", tmp_path / "m.keras"
    program.write_text(MINE)
    folder.mkdir()
    examples = np.random.default_rng(0).normal(size=(100, 6, 4)).astype(np.float32)
    for number, example in enumerate(examples):
        np.save(folder / f"{number}.npy", example)
    write = """
import runpy, sys, keras
Doubled = runpy.run_path(sys.argv[1])["Doubled"]
ops = keras.ops
entry = keras.Input((None, 4))
hidden = keras.Model(entry, ops.nan_to_num(ops.log(ops.abs(entry) * 0) * 0), name="inner")
x = keras.Input((None, 4), name="x")
y = hidden(Doubled()(keras.layers.Dense(4)(x)))
keras.Model(x, keras.layers.Dense(2)(keras.layers.Dense(3)(y))).save(sys.argv[2])
"""
    command = [sys.executable, "-c", write, str(program), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    options = Options(custom=program, shapes={"x": (1, 6, 4)})
    sentence = fails(source, tmp_path, precision="int8", calibration=folder, options=options)
    assert "died (SIGSEGV) while calibrating at layer 'inner'" in sentence


@pytest.mark.slow
def test_a_conversion_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    source = strangers.saved(strangers.sequential(), tmp_path / "m.keras")
    sentence = fails(source, tmp_path, precision="float32", timeout_s=0.5)
    assert "took too long and was stopped while" in sentence
    assert "[timeout]" in sentence
