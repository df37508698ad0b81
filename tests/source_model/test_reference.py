"""The source model's answers, and random input where there is no better."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converters.tflite import convert
from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.recipe import Signature, Tensor
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.source_model.loading import load_model
from edgekit.source_model.random_inputs import expected_inputs, integer_limit, random_inputs
from edgekit.source_model.reference import (
    BATCH_SIZE,
    NUM_EXAMPLES,
    calibrating_examples,
    judged_examples,
    run_model,
    without_judged,
    write_reference,
)
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def test_vectors_hold_inputs_and_keras_answers(tmp_path: Path) -> None:
    model = strangers.photo_and_facts()
    batch = strangers.examples(model, 5)
    np.savez(tmp_path / "in.npz", **batch)  # type: ignore[arg-type]
    write_reference(model, tmp_path / "vectors.npz", calibration=tmp_path / "in.npz")
    with np.load(tmp_path / "vectors.npz", allow_pickle=False) as vectors:
        assert set(vectors) == {"input:photo", "input:facts", "output:kind", "output:age"}
        kind, age = model.predict(batch, verbose=0)
        np.testing.assert_allclose(vectors["output:kind"], kind, atol=1e-5)
        np.testing.assert_allclose(vectors["output:age"], age, atol=1e-5)
        np.testing.assert_array_equal(vectors["input:facts"], batch["facts"])


def test_vectors_hold_the_examples_that_are_kept_apart(tmp_path: Path) -> None:
    model = strangers.sequential()
    batch = strangers.examples(model, 200)
    np.savez(tmp_path / "in.npz", **batch)  # type: ignore[arg-type]
    write_reference(model, tmp_path / "vectors.npz", calibration=tmp_path / "in.npz")
    inputs, _ = read_vectors(tmp_path / "vectors.npz")
    for name, array in batch.items():
        np.testing.assert_array_equal(inputs[name], array[judged_examples(200)])


def test_without_calibration_data_the_inputs_are_random_and_within_the_limit(
    tmp_path: Path,
) -> None:
    from keras import layers

    model = strangers.chain(
        (6,), layers.Embedding(9, 3), layers.Flatten(), layers.Dense(2), dtype="int32"
    )
    write_reference(model, tmp_path / "vectors.npz", calibration=None)
    inputs, _ = read_vectors(tmp_path / "vectors.npz")
    assert inputs["x"].shape == (NUM_EXAMPLES, 6)
    assert set(np.unique(inputs["x"])) == set(range(9))


def test_more_examples_than_a_batch_come_back_in_order() -> None:
    model = strangers.sequential()
    batch = strangers.examples(model, BATCH_SIZE * 2 + 3)
    found = run_model(model, batch)["answer"]
    assert len(found) == BATCH_SIZE * 2 + 3
    (column,) = batch.values()
    np.testing.assert_allclose(found, model.predict(column, verbose=0), atol=1e-5)


def test_a_static_batch_is_run_one_by_one(tmp_path: Path) -> None:
    model = strangers.sequential()
    batch = strangers.examples(model, 5)
    export(model, tmp_path / "saved", signature_of(model))
    found = run_model(load_model(tmp_path / "saved"), batch)
    np.testing.assert_allclose(found["answer"], run_model(model, batch)["answer"], atol=1e-5)


def test_dropout_is_off() -> None:
    import keras

    model = strangers.chain((50,), keras.layers.Dropout(0.9, name="drop"))
    np.testing.assert_array_equal(run_model(model, {"x": np.ones((4, 50), np.float32)})["drop"], 1)


def test_inputs_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "in.npz", other=np.ones((1, 8), np.float32))
    with pytest.raises(BadData, match=r"Calibration file '.*' holds 'other'"):
        write_reference(
            strangers.photo_and_facts(), tmp_path / "out.npz", calibration=tmp_path / "in.npz"
        )
    assert not (tmp_path / "out.npz").exists()


def test_integer_inputs_are_limited_by_the_smallest_embedding() -> None:
    from keras import layers

    model = strangers.chain(
        (6,), layers.Embedding(9, 3), layers.Flatten(), layers.Dense(2), dtype="int32"
    )
    assert integer_limit(model) == 9
    assert integer_limit(strangers.sequential()) is None


def test_integer_inputs_stay_within_the_rows_that_are_taken() -> None:
    import keras
    from keras import layers

    which = keras.Input((4,), dtype="int32")
    rows = layers.Embedding(9, 3)(which)
    taking = keras.Model(which, keras.ops.take(rows[:, :3], which, axis=1))
    assert integer_limit(taking) == 3
    assert integer_limit(keras.Sequential([taking, layers.Dense(2)])) == 3
    whole = keras.Model(which, keras.ops.take(rows[:, :3], which))  # of all numbers, not of rows
    assert integer_limit(whole) == 9


def test_a_table_is_known_by_its_kind_and_not_by_what_its_attributes_are_called() -> None:
    import keras

    class Table(keras.layers.Embedding):  # type: ignore[misc]  # Keras has no types
        """A user's own."""

    class Sized(keras.layers.Layer):  # type: ignore[misc]
        """A user's own, which keeps how many numbers it is given."""

        input_dim = 3

        def call(self, x: Any) -> Any:
            return keras.ops.cast(x, "float32")

    for layer, limit in ((Table(5, 2), 5), (Sized(), None)):
        assert integer_limit(strangers.chain((4,), layer, dtype="int32")) == limit


DTYPES = ["float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"]


@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.lists(st.integers(1, 4), max_size=3),
    count=st.integers(1, 20),
    limit=st.none() | st.integers(1, 100),
    seed=st.integers(0, 9),
)
def test_random_inputs_fit_the_signature(
    dtype: str, shape: list[int], count: int, limit: int | None, seed: int
) -> None:
    tensor = Tensor(name="x", shape=(1, *shape), dtype=dtype)
    signature = Signature(inputs=(tensor,), outputs=())
    array = random_inputs(signature, count, seed, integer_limit=limit)["x"]
    assert array.shape == (count, *shape)
    assert array.dtype == dtype
    if dtype in ("int16", "int32", "int64"):
        assert array.min() >= 0
        assert array.max() < (limit or 2)
    again = random_inputs(signature, count, seed, integer_limit=limit)["x"]
    np.testing.assert_array_equal(array, again)


def test_random_inputs_are_those_the_first_layers_expect() -> None:
    import keras
    from keras import layers

    picture = keras.Input((4, 4, 3), name="picture")
    normalized = layers.Normalization(mean=[100.0, 0.0], variance=[4.0, 1.0], name="scale")
    facts, free = keras.Input((2,), name="facts"), keras.Input((2,), name="free")
    x = layers.Flatten()(layers.Rescaling(1 / 127.5, offset=-1)(picture))
    model = keras.Model([picture, facts, free], layers.Concatenate()([x, normalized(facts), free]))
    expected = expected_inputs(model)
    assert set(expected) == {"picture", "facts"}
    batch = random_inputs(signature_of(model), 200, 0, expected=expected)
    assert batch["picture"].min() >= 0
    assert 200 < batch["picture"].max() <= 255
    assert batch["facts"][:, 0].mean() == pytest.approx(100, abs=1)
    assert abs(batch["free"]).max() < 10


@given(st.integers(1, 3000))
def test_a_file_is_judged_on_what_calibration_did_not_see(count: int) -> None:
    judged, calibrating = set(judged_examples(count)), set(calibrating_examples(count))
    assert judged | calibrating == set(range(count))
    if count < 64:
        assert judged == calibrating
    else:
        assert not judged & calibrating
        assert 32 <= len(judged) <= 256
        assert len(judged) >= min(count // 2, 64)  # 32 alone let through what is right on 83 %
        assert len(calibrating) >= len(judged)


def test_what_calibrates_is_read_once_and_not_compressed(tmp_path: Path) -> None:
    source, out = tmp_path / "given.npz", tmp_path / "out.npz"
    np.savez_compressed(source, x=np.arange(100))
    path, sentence = without_judged(source, out)
    assert (path, sentence[:9]) == (out, "Judged on")
    with zipfile.ZipFile(out) as archive:
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
    with np.load(out) as arrays:
        np.testing.assert_array_equal(arrays["x"], calibrating_examples(100))


def test_another_seed_gives_other_inputs() -> None:
    signature = Signature(inputs=(Tensor(name="x", shape=(1, 8)),), outputs=())
    first, second = (random_inputs(signature, 4, seed)["x"] for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.slow
def test_the_caller_never_loads_tensorflow(tmp_path: Path) -> None:
    path = strangers.saved(strangers.sequential(), tmp_path / "m.keras")
    code = (
        "import sys; from pathlib import Path\n"
        "from edgekit.converters.tflite import convert\n"
        "from edgekit.source_model.golden_vectors import read_vectors\n"
        "folder = Path(sys.argv[1])\n"
        "convert(folder / 'm.keras', folder / 'm.tflite', precision='float32',"
        " vectors=folder / 'v.npz')\n"
        "inputs, outputs = read_vectors(folder / 'v.npz')\n"
        "print(outputs['answer'].shape, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, path.parent], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "(64, 3) False False"


@pytest.mark.slow
def test_vectors_are_the_untouched_models_answers(tmp_path: Path) -> None:
    """The converter's process changes recurrent layers; it asks the model before that."""
    from keras import layers

    model = strangers.chain((6, 4), layers.LSTM(5, return_sequences=True), layers.GRU(3))
    path, vectors = strangers.saved(model, tmp_path / "m.keras"), tmp_path / "v.npz"
    artifact = convert(path, tmp_path / "m.tflite", precision="float32", vectors=vectors)
    assert artifact.signature == signature_of(model)
    inputs, outputs = read_vectors(vectors)
    for name, array in run_model(load_model(path), inputs).items():
        np.testing.assert_allclose(outputs[name], array, atol=1e-6)


@pytest.mark.slow
def test_a_missing_model_is_not_found_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no '.*none\.keras'"):
        convert(
            tmp_path / "none.keras",
            tmp_path / "m.tflite",
            precision="float32",
            vectors=tmp_path / "v.npz",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_layer_that_raises_is_a_sentence(tmp_path: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.serve = tf.function(
        lambda x: {"y": tf.ensure_shape(tf.boolean_mask(x, x > 0)[tf.newaxis], (1, 2))},
        input_signature=[tf.TensorSpec((1, 2), tf.float32, name="x")],
    )
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve)
    np.savez(tmp_path / "c.npz", x=np.array([[-1, -2]], np.float32))
    with pytest.raises(BadInput, match=r"'.*saved' cannot be run by Keras here: .* ended with Inv"):
        convert(
            tmp_path / "saved",
            tmp_path / "m.tflite",
            precision="float32",
            calibration=tmp_path / "c.npz",
            vectors=tmp_path / "v.npz",
        )
    assert not (tmp_path / "v.npz").exists()
    assert not (tmp_path / "m.tflite").exists()
