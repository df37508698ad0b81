"""Recurrent layers leave in a form that converts, runs and answers like Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.writing import write
from edgekit.converters.tflite import convert
from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.intake.options import Options
from edgekit.source_model.loading import load_model
from edgekit.source_model.recurrent import Form
from edgekit.source_model.reference import run_model
from edgekit.tflite.reader import read
from edgekit.verbs.check import check
from tests.support import strangers
from tests.support.recurrent import FUSED, converted, largest_error, operators

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def test_an_lstm_is_one_operator_and_a_gru_a_loop_or_steps(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain(
        (6, 4), layers.LSTM(5, return_sequences=True, name="one"), layers.GRU(3, name="two")
    )
    small, notes = converted(model, tmp_path, "float32")
    found = operators(small)
    assert (found[FUSED], found["WHILE"]) == (1, 1)
    assert "Layer 'one' (LSTM) is fused into one operator." in notes
    assert "Layer 'two' (GRU) is a loop of 6 steps." in notes
    assert largest_error(small, tmp_path / "m.keras") < 1e-5
    fast, notes = converted(model, tmp_path, "float32", recurrent="fast")
    found = operators(fast)
    assert (found[FUSED], found["WHILE"]) == (0, 0)
    assert "Layer 'one' (LSTM) is unrolled over 6 steps." in notes
    assert "Layer 'two' (GRU) is unrolled over 6 steps." in notes
    assert largest_error(fast, tmp_path / "m.keras") < 1e-5


def test_int8_holds_loops_or_steps(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain(
        (6, 4),
        layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
        layers.SimpleRNN(4, return_sequences=True),
        layers.GRU(3, name="memory"),
    )
    small, notes = converted(model, tmp_path, "int8")
    found = operators(small)
    assert (found["WHILE"], found[FUSED]) == (2, 2)
    assert "'memory' (GRU) is a loop of 6 steps with int8 weights and a float32 state." in notes
    assert "for want of" not in notes
    assert largest_error(small, tmp_path / "m.keras") < 0.1
    fast, notes = converted(model, tmp_path, "int8", recurrent="fast")
    assert operators(fast)["WHILE"] == 0
    assert "Layer 'memory' (GRU) is unrolled over 6 steps." in notes
    assert largest_error(fast, tmp_path / "m.keras") < 0.1


def test_an_unknown_form_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "m.keras"
    source.touch()
    options = Options(recurrent="big")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"'big'; allowed are small, fast"):
        convert(source, tmp_path / "m.tflite", precision="float32", options=options)


def test_a_bidirectional_lstm_is_as_exact_in_int8_as_its_halves(tmp_path: Path) -> None:
    """TensorFlow 2.21 alone is 0.17 off; see `requantization` and `tf_converter`."""
    import keras

    keras.utils.set_random_seed(1)
    lstm = keras.layers.LSTM(5, return_sequences=True)
    model = strangers.chain((6, 4), keras.layers.Bidirectional(lstm))
    file, _ = converted(model, tmp_path, "int8")
    assert largest_error(file, tmp_path / "m.keras") < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("form", ["small", "fast"])
def test_masks_states_and_cells_of_any_kind_convert_to_int8(tmp_path: Path, form: Form) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    start = keras.Input((6,), dtype="int32", name="words")
    words = layers.Embedding(4, 3, mask_zero=True)(start)
    code, *states = layers.LSTM(4, return_state=True, name="reader")(words)
    decoded = layers.LSTM(4, return_sequences=True, name="writer")(words, initial_state=states)
    both = layers.Bidirectional(layers.GRU(3, reset_after=False))(decoded)
    cells = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], name="cells")(words)
    relu = layers.LSTM(3, activation="relu", recurrent_dropout=0.5, name="relu")(words)
    model = keras.Model(start, layers.Concatenate()([code, both, cells, relu]))
    file, notes = converted(model, tmp_path, "int8", recurrent=form)
    assert (operators(file)["WHILE"] > 0) == (form == "small")
    if form == "small":
        how = "a loop of 6 steps with int8 weights and a float32 state, not fused"
        assert f"'reader' (LSTM) is {how}: its cell state is used" in notes
        assert f"'writer' (LSTM) is {how}: it " in notes
        assert f"'relu' (LSTM) is {how}: its activation is not tanh" in notes
    assert largest_error(file, tmp_path / "m.keras") < 0.1


@pytest.mark.slow
def test_int16x8_has_neither_fused_operators_nor_loops(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((6, 4), layers.LSTM(5, return_sequences=True), layers.GRU(3))
    file, _ = converted(model, tmp_path, "int16x8")
    assert not operators(file).keys() & {FUSED, "WHILE"}
    assert largest_error(file, tmp_path / "m.keras") < 0.02


@pytest.mark.slow
def test_the_names_of_many_steps_do_not_outweigh_them(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((40, 2), layers.GRU(8))
    file, _ = converted(model, tmp_path, "int8", recurrent="fast")
    tensors = read(file).main.tensors
    assert sum(len(tensor.name) for tensor in tensors) < 0.3 * file.stat().st_size
    assert largest_error(file, tmp_path / "m.keras") < 0.1


@pytest.mark.slow
def test_a_layer_of_keras_3_alone_does_not_stand_in_the_way(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((6, 4), layers.LSTM(5), layers.RMSNormalization())
    file, _ = converted(model, tmp_path, "float32")
    assert operators(file)[FUSED] == 1
    assert largest_error(file, tmp_path / "m.keras") < 1e-5


@pytest.mark.slow
def test_a_keras_2_file_converts_to_int8(tmp_path: Path) -> None:
    import tf_keras

    start = tf_keras.Input((6, 4), name="x")
    x = tf_keras.layers.LSTM(5, return_sequences=True)(start)
    model = tf_keras.Model(start, tf_keras.layers.GRU(3, name="memory")(x))
    model.save(tmp_path / "m.h5")
    np.savez(tmp_path / "m.npz", **strangers.examples(model))  # type: ignore[arg-type]
    out = tmp_path / "m.tflite"
    write(tmp_path / "m.h5", out, "int8", tmp_path / "m.npz", Options(io="float"))
    found = operators(out)
    assert (found[FUSED], found["WHILE"]) == (1, 1)
    assert largest_error(out, tmp_path / "m.h5") < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["litert", "tflite-runtime"])
def test_int8_weights_of_a_fused_lstm_run(tmp_path: Path, runtime: str) -> None:
    from keras import layers

    if reason := registry.get("runtimes", runtime).missing():
        pytest.skip(reason)
    model = strangers.chain((6, 40), layers.LSTM(32))
    file, _ = converted(model, tmp_path, "dynamic_int8")
    assert operators(file)[FUSED] == 1
    assert 1e-5 < largest_error(file, tmp_path / "m.keras", runtime) < 0.02


def reading_last_outputs(kind: str) -> Any:
    """Return a model whose last LSTM has a cell state that stays below 0.5."""
    from keras import layers

    lstm, answer = layers.LSTM(8), layers.Dense(3)
    if kind == "after TimeDistributed":
        return strangers.chain((4, 6, 8), layers.TimeDistributed(layers.LSTM(12)), lstm, answer)
    if kind == "after Reshape":
        return strangers.chain((6, 4), layers.LSTM(12), layers.Reshape((3, 4)), lstm, answer)
    small = layers.LSTM(8, kernel_initializer="random_normal")
    return strangers.chain((6, 4), small, answer)


@pytest.mark.parametrize("kind", ["after TimeDistributed", "after Reshape", "alone"])
def test_an_int8_lstm_with_a_small_state_agrees(tmp_path: Path, kind: str) -> None:
    import keras

    keras.utils.set_random_seed(1)
    file, notes = converted(reading_last_outputs(kind), tmp_path, "int8")
    assert operators(file)[FUSED] > 0
    assert "--recurrent fast" not in notes
    source = load_model(tmp_path / "m.keras")
    (wanted,) = run_model(source, dict(strangers.examples(source))).values()
    for runtime in ("litert", "tflite-runtime"):
        error = largest_error(file, tmp_path / "m.keras", runtime)
        assert error < 0.15 * np.ptp(wanted)


def test_an_int8_lstm_is_mapped_to_the_edge_tpu(tmp_path: Path) -> None:
    from keras import layers

    file, _ = converted(strangers.chain((6, 4), layers.LSTM(5)), tmp_path, "int8", io=None)
    verdicts = check(file, "edgetpu").operators
    assert [v.verdict for v in verdicts if v.name == FUSED] == ["yes"]
