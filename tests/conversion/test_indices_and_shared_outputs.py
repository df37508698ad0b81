"""Word numbers given as floats, outputs that are one tensor, and the place of the largest value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.conversion.writing import write
from edgekit.core.errors import ConversionFailed
from edgekit.core.types import Batch
from edgekit.core.variant import Precision
from edgekit.intake.model import load
from edgekit.running.session import open_session
from edgekit.source_model.reference import run_model
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def answers(
    model: Any, batch: Batch, folder: Path, precision: Precision = "int8"
) -> dict[str, tuple[Any, Any]]:
    """Convert with a batch as calibration; return what Keras and both runtimes answer to it."""
    source, out = folder / "m.keras", folder / f"{precision}.tflite"
    model.save(source)
    np.savez(source.with_suffix(".npz"), **batch)  # type: ignore[arg-type]
    write(source, out, precision, source.with_suffix(".npz"))
    wanted = run_model(load(source)[0], batch)
    given = []
    for runtime in ("litert", "tflite-runtime"):
        with open_session(out, runtime=runtime) as run:
            given.append(run(batch))
    return {name: (wanted[name], np.stack([each[name] for each in given])) for name in wanted}


def error(wanted: Any, given: Any) -> float:
    """Return the root mean square error over the spread of the answers."""
    return float(np.sqrt(np.mean((given - wanted) ** 2)) / wanted.std())


def words(most: int = 50) -> Batch:
    numbers = np.random.default_rng(0).integers(0, most, (100, 10))
    return {"x": numbers.astype(np.float32)}


def looked_up(kind: str, most: int = 50) -> Any:
    """Words come in as floats, the default of keras.Input, and are looked up or counted."""
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(3)
    given = keras.Input((10,), name="x")
    rows = layers.Embedding(most, 16, embeddings_initializer="normal")
    if kind == "reshaped":
        x = layers.Reshape((10, 16))(rows(layers.Reshape((5, 2))(given)))
    elif kind == "computed":
        x = rows(ops.cast(given[:, :5] + 0.0, "int32"))
    elif kind == "counted":
        x = ops.one_hot(ops.cast(given, "int32"), most)
    else:
        x = rows(given)
    return keras.Model(given, layers.Dense(5)(layers.GlobalAveragePooling1D()(x)))


@pytest.mark.parametrize("kind", ["plain", "reshaped", "computed", "counted"])
def test_word_numbers_given_as_floats_pick_their_rows(tmp_path: Path, kind: str) -> None:
    """https://github.com/tensorflow/model-optimization/issues/1090."""
    (pair,) = answers(looked_up(kind), words(), tmp_path).values()
    assert error(*pair) < 0.05  # 0.86 to 2.1 where rows are wrong


@pytest.mark.parametrize(("precision", "most"), [("int8", 300), ("int16x8", 50)])
def test_word_numbers_that_cannot_be_given_as_floats_are_refused(
    tmp_path: Path, precision: Precision, most: int
) -> None:
    with pytest.raises(ConversionFailed, match=r"(?s)Embedding.*dtype=\"int32\""):
        answers(looked_up("plain", most), words(most), tmp_path, precision)


def test_a_layer_whose_output_is_its_state_gives_both(tmp_path: Path) -> None:
    """https://github.com/tensorflow/tensorflow/issues/87468."""
    import keras

    keras.utils.set_random_seed(3)
    step, before = keras.Input((1, 16), name="step"), keras.Input((24,), name="before")
    both = keras.layers.GRU(24, return_state=True, name="gru")(step, initial_state=before)
    model = keras.Model([step, before], list(both))
    given = answers(model, strangers.examples(model, 64), tmp_path)
    assert list(given) == ["gru", "gru_1"]
    assert all(error(*pair) < 0.1 for pair in given.values())


def test_an_output_may_be_given_twice_and_an_input_returned(tmp_path: Path) -> None:
    import keras

    x, y = keras.Input((8,), name="x"), keras.Input((3,), name="y")
    dense = keras.layers.Dense(4)(x)
    model = keras.Model([x, y], {"a": dense, "b": y, "c": dense, "d": keras.layers.Dense(3)(dense)})
    given = answers(model, strangers.examples(model, 64), tmp_path)
    assert sorted(given) == ["a", "b", "c", "d"]
    assert all(error(*pair) < 0.1 for pair in given.values())


@pytest.mark.parametrize("find", ["argmax", "argmin"])
@pytest.mark.parametrize("how", [{"axis": -1}, {"axis": 2, "keepdims": True}])
def test_the_place_of_the_largest_is_one_operator(
    tmp_path: Path, find: str, how: dict[str, Any]
) -> None:
    """https://github.com/tensorflow/tensorflow/issues/35615; Keras 3.15 guards it with bits.."""
    import keras

    keras.utils.set_random_seed(3)
    given = keras.Input((8, 8, 3), name="x")
    x = keras.layers.Conv2D(5, 3, padding="same")(given)
    model = keras.Model(given, getattr(keras.ops, find)(x, **how))
    ((wanted, places),) = answers(model, strangers.examples(model), tmp_path, "float32").values()
    assert wanted.shape == places.shape[1:]
    assert (places == wanted).mean() > 0.999


def quantized_by_keras() -> Any:
    import keras

    keras.utils.set_random_seed(3)
    given = keras.Input((16, 8), name="x")
    model = keras.Model(given, keras.layers.Dense(5)(given))
    model.quantize("int8")
    return model


def test_a_model_that_keras_quantized_converts(tmp_path: Path) -> None:
    model = quantized_by_keras()
    batch = strangers.examples(model)
    given = answers(model, batch, tmp_path)
    assert all(error(np.asarray(model(batch["x"])), pair[1]) < 0.1 for pair in given.values())


def test_a_savedmodel_that_keras_quantized_is_refused_with_a_way_on(tmp_path: Path) -> None:
    quantized_by_keras().export(tmp_path / "saved", verbose=False)
    with pytest.raises(ConversionFailed, match=r"model\.quantize.*as it was before"):
        write(tmp_path / "saved", tmp_path / "m.tflite", "float32", None)
