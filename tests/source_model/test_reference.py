"""The source model's answers, and random input where there is no better."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.recipe import Signature, Tensor
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import (
    BATCH_SIZE,
    facts,
    random_inputs,
    read_signature,
    reference_outputs,
    run,
    run_model,
)
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves


def test_vectors_hold_inputs_and_keras_answers(tmp_path: Path) -> None:
    model = strangers.photo_and_facts()
    path, batch = strangers.saved(model, tmp_path / "m.keras"), strangers.examples(model, 5)
    np.savez(tmp_path / "in.npz", **{f"input:{name}": a for name, a in batch.items()})  # type: ignore[arg-type]
    run(path, tmp_path / "in.npz", tmp_path / "vectors.npz")
    with np.load(tmp_path / "vectors.npz", allow_pickle=False) as vectors:
        assert set(vectors) == {"input:photo", "input:facts", "output:kind", "output:age"}
        kind, age = model.predict(batch, verbose=0)
        np.testing.assert_allclose(vectors["output:kind"], kind, atol=1e-5)
        np.testing.assert_allclose(vectors["output:age"], age, atol=1e-5)
        np.testing.assert_array_equal(vectors["input:facts"], batch["facts"])


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
    path = strangers.saved(strangers.sequential(), tmp_path / "m.keras")
    np.savez(tmp_path / "in.npz", **{"input:other": np.ones((1, 8), np.float32)})
    with pytest.raises(BadData, match=r"The input for '.*' holds 'other'"):
        run(path, tmp_path / "in.npz", tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()


def test_integer_inputs_are_limited_by_the_smallest_embedding(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain(
        (6,), layers.Embedding(9, 3), layers.Flatten(), layers.Dense(2), dtype="int32"
    )
    assert facts(strangers.saved(model, tmp_path / "m.keras"))[1] == 9
    plain = strangers.saved(strangers.sequential(), tmp_path / "p.keras")
    assert facts(plain)[1] is None


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


def test_another_seed_gives_other_inputs() -> None:
    signature = Signature(inputs=(Tensor(name="x", shape=(1, 8)),), outputs=())
    first, second = (random_inputs(signature, 4, seed)["x"] for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.slow
def test_the_caller_never_loads_tensorflow(tmp_path: Path) -> None:
    path = strangers.saved(strangers.sequential(), tmp_path / "m.keras")
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from edgekit.source_model.reference import reference_outputs\n"
        f"out = reference_outputs(Path({str(path)!r}), {{'input_layer': np.ones((3, 8), 'f4')}},"
        f" out=Path({str(tmp_path / 'v.npz')!r}))\n"
        "print(out['answer'].shape, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    name = signature_of(load_model(path)).inputs[0].name
    ran = subprocess.run(
        [sys.executable, "-c", code.replace("input_layer", name)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == "(3, 3) False False"
    assert (tmp_path / "v.npz").exists()


@pytest.mark.slow
def test_a_model_file_tells_its_signature_from_outside(tmp_path: Path) -> None:
    model = strangers.photo_and_facts()
    path = strangers.saved(model, tmp_path / "m.keras")
    assert read_signature(path) == (signature_of(model), None)


@pytest.mark.slow
def test_a_missing_model_is_not_found_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no '.*none\.keras'"):
        reference_outputs(
            tmp_path / "none.keras", {"x": np.ones((1, 2))}, out=tmp_path / "v" / "v.npz"
        )
    assert list((tmp_path / "v").iterdir()) == []


@pytest.mark.slow
def test_a_layer_that_raises_is_a_sentence(tmp_path: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.serve = tf.function(
        lambda x: {"y": tf.ensure_shape(tf.boolean_mask(x, x > 0)[tf.newaxis], (1, 2))},
        input_signature=[tf.TensorSpec((1, 2), tf.float32, name="x")],
    )
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve)
    with pytest.raises(BadInput, match=r"'.*saved' cannot be run by Keras here"):
        reference_outputs(
            tmp_path / "saved", {"x": -np.ones((1, 2), np.float32)}, out=tmp_path / "v.npz"
        )
