"""Recurrent layers leave in a form that converts, runs and answers like Keras."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import strangers

from edgekit.converters.tflite import convert, write
from edgekit.errors import BadInput
from edgekit.flatbuffer import read
from edgekit.reference import run_model
from edgekit.saved_model import load_model
from edgekit.session import open_session

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

FUSED = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def operators(path: Path) -> Counter[str]:
    return Counter(op.name for graph in read(path).subgraphs for op in graph.operators)


def converted(model: Any, tmp_path: Path, precision: str, **options: Any) -> tuple[Path, str]:
    """Convert in this process, as the child does; return the file and all notes."""
    source, out = tmp_path / "m.keras", tmp_path / f"{precision}.tflite"
    strangers.saved(model, source)
    calibration = str(source.with_suffix(".npz"))
    io = {"float_io": True, "allow_select_ops": False}
    made_by = write(str(source), str(out), precision, calibration, io, **options)["made_by"]  # type: ignore[arg-type]
    return out, " ".join(made_by[key] for key in sorted(made_by) if key.startswith("note"))


def largest_error(path: Path, source: Path, runtime: str = "litert") -> float:
    """Run a file and its source on the calibration data."""
    model = load_model(source)
    batch = dict(strangers.examples(model))
    wanted = run_model(model, batch)
    with open_session(path, runtime=runtime) as session:
        found = session(batch)
    return max(float(np.abs(found[name] - wanted[name]).max()) for name in wanted)


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
    assert (found[FUSED], found["WHILE"]) == (1, 0)
    assert "Layer 'two' (GRU) is unrolled over 6 steps." in notes
    assert largest_error(fast, tmp_path / "m.keras") < 1e-5


def test_int8_holds_no_loop(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain(
        (6, 4),
        layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
        layers.SimpleRNN(4, return_sequences=True),
        layers.GRU(3, name="memory"),
    )
    file, notes = converted(model, tmp_path, "int8")
    found = operators(file)
    assert found["WHILE"] == 0
    assert found[FUSED] == 2
    assert "Layer 'memory' (GRU) is unrolled over 6 steps." in notes
    assert largest_error(file, tmp_path / "m.keras") < 0.1


def test_an_unknown_form_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "m.keras"
    source.touch()
    with pytest.raises(BadInput, match=r"'big'; allowed are small, fast, unrolled"):
        convert(source, tmp_path / "m.tflite", precision="float32", recurrent="big")  # type: ignore[arg-type]


def test_a_bidirectional_lstm_is_as_exact_in_int8_as_its_halves(tmp_path: Path) -> None:
    """Not so with TensorFlow 2.21 alone: 0.17 off; see `requantizing` and `tflite_writer`."""
    import keras

    keras.utils.set_random_seed(1)
    lstm = keras.layers.LSTM(5, return_sequences=True)
    model = strangers.chain((6, 4), keras.layers.Bidirectional(lstm))
    file, _ = converted(model, tmp_path, "int8")
    assert largest_error(file, tmp_path / "m.keras") < 0.02
