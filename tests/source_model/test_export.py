"""Loading models of every kind, their signatures, and the SavedModel made of them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import BadInput, NotFound, UnsupportedLayer
from edgekit.core.recipe import Signature, Tensor
from edgekit.intake.model import load
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.keras_file import check_description
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import run_model
from tests.support import strangers

# TensorFlow and Keras warn about themselves and about HDF5.
pytestmark = pytest.mark.filterwarnings("ignore")


def names(signature: Signature) -> tuple[list[str], list[str]]:
    return [t.name for t in signature.inputs], [t.name for t in signature.outputs]


def test_names_and_order_are_those_of_keras() -> None:
    assert names(signature_of(strangers.photo_and_facts())) == (["photo", "facts"], ["kind", "age"])
    assert names(signature_of(strangers.answers_by_key())) == (["left", "right"], ["code", "score"])
    assert names(signature_of(strangers.subclassed())) == (["input"], ["mixed", "twice"])
    assert names(signature_of(strangers.keras_2())) == (["picture"], ["look"])


def test_a_free_batch_becomes_one() -> None:
    signature = signature_of(strangers.photo_and_facts())
    assert [t.shape for t in signature.inputs] == [(1, 16, 16, 3), (1, 5)]
    assert [t.shape for t in signature.outputs] == [(1, 4), (1, 1)]
    assert {t.dtype for t in signature.inputs} == {"float32"}


def test_an_unnamed_input_is_called_the_same_after_loading(tmp_path: Path) -> None:
    model = strangers.sequential()
    path = strangers.saved(model, tmp_path / "model.keras")
    assert signature_of(load_model(path)) == signature_of(model)


def test_outputs_of_one_layer_get_names_of_their_own() -> None:
    import keras

    dense = keras.layers.Dense(2, name="shared")
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    model = keras.Model([left, right], [dense(left), dense(right)])
    assert names(signature_of(model))[1] == ["shared", "shared_1"]


def test_a_sequential_without_input_says_what_to_add() -> None:
    import keras

    with pytest.raises(BadInput, match=r"does not know its inputs yet; begin it with keras\.Input"):
        signature_of(keras.Sequential([keras.layers.Dense(2)]))


def test_something_else_is_no_model() -> None:
    with pytest.raises(BadInput, match=r"The model is a dict; give a keras\.Model"):
        signature_of({})


@pytest.mark.parametrize(
    ("shape", "options", "sentence"),
    [
        ((None, 3), {"name": "steps"}, r"input 'steps' has shape \(None, None, 3\), whose axis 1"),
        ((4,), {"name": "x", "batch_size": 8}, "input 'x' takes batches of 8"),
        ((4,), {"name": "my x"}, "name 'my x' cannot be written"),
        ((4,), {"name": "class"}, "name 'class' cannot be written"),
        ((1,), {"name": "word", "dtype": "string"}, "input 'word' is string"),
    ],
)
def test_inputs_a_file_cannot_have_are_named(
    shape: tuple[int | None, ...], options: dict[str, Any], sentence: str
) -> None:
    import keras

    entry = keras.Input(shape, **options)
    with pytest.raises(BadInput, match=sentence):
        signature_of(keras.Model(entry, keras.layers.Identity(name="same")(entry)))


def test_a_layer_name_tensorflow_cannot_write_is_named() -> None:
    import keras

    model = strangers.chain((4,), keras.layers.Dense(2, name="my dense"))
    with pytest.raises(BadInput, match="the layer name 'my dense' cannot be written"):
        signature_of(model)


@pytest.mark.parametrize(
    "build",
    [strangers.photo_and_facts, strangers.answers_by_key, strangers.subclassed, strangers.keras_2],
)
def test_an_export_answers_like_the_model_and_keeps_its_signature(
    build: Callable[[], Any], tmp_path: Path
) -> None:
    model = build()
    batch = strangers.examples(model, 3)
    export(model, tmp_path / "saved", signature_of(model))
    program = load_model(tmp_path / "saved")
    assert signature_of(program) == signature_of(model)
    expected, found = run_model(model, batch), run_model(program, batch)
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6)


def test_an_export_takes_a_recipes_names_labels_and_meanings(tmp_path: Path) -> None:
    model = strangers.sequential()
    wanted = Signature(
        inputs=(Tensor(name="reading", shape=(1, 8), meaning="volt"),),
        outputs=(Tensor(name="state", shape=(1, 3)),),
        labels=("idle", "on", "off"),
    )
    export(model, tmp_path / "saved", wanted)
    assert signature_of(load_model(tmp_path / "saved")) == wanted


def test_outputs_with_a_name_of_their_own_keep_it_whatever_the_order(tmp_path: Path) -> None:
    """Keras sorts the keys of a dict; a signature may list them otherwise."""
    import keras

    x = keras.Input((6,), name="x")
    outputs = {name: keras.layers.Dense(4)(x) for name in ("near", "far")}
    model = keras.Model(x, outputs)
    signature = signature_of(model)
    assert [tensor.name for tensor in signature.outputs] == ["far", "near"]
    turned = replace(signature, outputs=signature.outputs[::-1])
    export(model, tmp_path / "saved", turned)
    batch = {"x": np.ones((1, 6), np.float32)}
    wanted, exported = run_model(model, batch), run_model(load_model(tmp_path / "saved"), batch)
    assert list(exported) == ["near", "far"]
    for name in wanted:
        np.testing.assert_allclose(exported[name], wanted[name], atol=1e-5)


def test_an_export_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    wrong = Signature(
        inputs=(Tensor(name="x", shape=(1, 9)),), outputs=(Tensor(name="y", shape=(1, 3)),)
    )
    with pytest.raises(BadInput, match=r"\(1, 8\) float32; the signature says 'x' \(1, 9\)"):
        export(strangers.sequential(), tmp_path / "saved", wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_lookup_table_is_refused(tmp_path: Path) -> None:
    import keras

    model = strangers.chain(
        (1,), keras.layers.IntegerLookup(vocabulary=[3, 4], name="find"), dtype="int64"
    )
    with pytest.raises(BadInput, match=r"looks values up in a table"):
        export(model, tmp_path / "saved", signature_of(model))


def test_a_savedmodel_with_swish_and_a_free_axis_is_exported_again(tmp_path: Path) -> None:
    """swish brings a gradient of its own, which cannot be saved twice and is not needed."""
    from keras import layers

    model = strangers.chain((None, 4), layers.Dense(3, activation="silu"))
    model.export(str(tmp_path / "saved"), verbose=False)
    loaded, _ = load(tmp_path / "saved", shapes={"x": (1, 5, 4)})
    export(loaded, tmp_path / "again", signature_of(loaded))
    batch = {"x": np.random.default_rng(0).normal(size=(1, 5, 4)).astype(np.float32)}
    (again,) = run_model(load_model(tmp_path / "again"), batch).values()
    np.testing.assert_allclose(again, model.predict(batch["x"], verbose=0), atol=1e-6)


def test_a_savedmodel_of_keras_gets_its_batch_fixed(tmp_path: Path) -> None:
    model = strangers.sequential()
    model.export(tmp_path / "saved", verbose=False)
    assert [t.shape for t in signature_of(load_model(tmp_path / "saved")).inputs] == [(1, 8)]


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_keras_2_files_answer_as_they_did(name: str, tmp_path: Path) -> None:
    model = strangers.keras_2()
    path = strangers.saved(model, tmp_path / name)
    batch = strangers.examples(model, 2)
    np.testing.assert_allclose(
        run_model(load_model(path), batch)["look"], model(batch["picture"]).numpy(), atol=1e-6
    )


def test_keras_3_h5_files_load(tmp_path: Path) -> None:
    model = strangers.sequential()
    path = strangers.saved(model, tmp_path / "model.h5")
    assert signature_of(load_model(path)) == signature_of(model)


# What is no model


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no '.*none\.keras'; give a \.keras or \.h5"):
        load_model(tmp_path / "none.keras")


@pytest.mark.parametrize("name", ["empty.keras", "empty.h5", "notes.txt"])
def test_a_file_that_is_no_model_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"hello" if name == "notes.txt" else b"")
    with pytest.raises(BadInput, match=f"'.*{name}' is (no|not)"):
        load_model(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_cut_file_is_refused(suffix: str, share: float, tmp_path: Path) -> None:
    path = strangers.saved(strangers.sequential(), tmp_path / f"model{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadInput, match=r"Save (it|the model) again"):
        load_model(path)


def test_a_file_of_weights_says_so(tmp_path: Path) -> None:
    strangers.sequential().save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(BadInput, match="holds weights only"):
        load_model(tmp_path / "model.weights.h5")


def test_a_folder_that_is_no_savedmodel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no saved_model\.pb"):
        load_model(tmp_path)


def test_a_damaged_savedmodel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x0a\xff nonsense")
    with pytest.raises(BadInput, match="is a damaged SavedModel"):
        load_model(tmp_path)


# Code in files


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_a_lambda_is_refused_and_not_run(name: str, package: str, tmp_path: Path) -> None:
    import importlib

    library, mark = importlib.import_module(package), str(tmp_path / "ran")
    start = library.Input((4,))
    # the path is a default argument, which a saved lambda carries
    layer = library.layers.Lambda(
        lambda x, p=mark: (__import__("os").makedirs(p, exist_ok=True), x)[1], name="mine"
    )
    library.Model(start, layer(start)).save(tmp_path / name)
    Path(mark).rmdir()
    with pytest.raises(UnsupportedLayer, match="layer 'mine' holds 'Lambda', a program"):
        load_model(tmp_path / name)
    assert not Path(mark).exists()


@pytest.mark.parametrize(
    "planted",
    [
        {"module": "os", "class_name": "function", "config": "system"},
        {"module": "builtins", "class_name": "function", "config": "exec"},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}},
    ],
)
def test_a_function_of_another_module_is_refused(planted: dict[str, Any], tmp_path: Path) -> None:
    source, target = tmp_path / "model.keras", tmp_path / "planted.keras"
    strangers.keras_2().save(source)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.namelist():
            data = old.read(entry)
            if entry == "config.json":
                config = json.loads(data)
                config["config"]["layers"][1]["config"]["activation"] = planted
                data = json.dumps(config).encode()
            new.writestr(entry, data)
    with pytest.raises(UnsupportedLayer, match="layer 'look_1'"):
        load_model(target)


def test_arithmetic_on_keras_2_tensors_is_carried_and_files_are_not(tmp_path: Path) -> None:
    import h5py
    import tf_keras

    start = tf_keras.Input((4,))
    tf_keras.Model(start, tf_keras.layers.Dense(2)(start * 2.0)).save(tmp_path / "model.h5")
    assert signature_of(load_model(tmp_path / "model.h5")).outputs[0].shape == (1, 2)
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        config = file.attrs["model_config"].replace("math.multiply", "io.write_file")
        file.attrs["model_config"] = config
    with pytest.raises(UnsupportedLayer, match=r"calls the TensorFlow function 'io\.write_file'"):
        load_model(tmp_path / "model.h5")


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_custom_layer_is_named(name: str, tmp_path: Path) -> None:
    import keras

    class Doubler(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 2

    strangers.chain((4,), Doubler()).save(tmp_path / name)
    with pytest.raises(UnsupportedLayer, match=r"'Doubler', which is not a part of Keras"):
        load_model(tmp_path / name)


def test_a_custom_layer_registered_in_this_process_loads(tmp_path: Path) -> None:
    import keras

    @keras.saving.register_keras_serializable("tests")
    class Tripler(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 3

    strangers.chain((4,), Tripler()).save(tmp_path / "model.keras")
    answer = run_model(load_model(tmp_path / "model.keras"), {"x": np.ones((1, 4), np.float32)})
    np.testing.assert_array_equal(answer["tripler"], np.full((1, 4), 3.0))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(before=JSON, after=JSON, depth=st.integers(0, 12), in_list=st.booleans())
def test_code_is_found_however_deep_it_is_hidden(
    before: Any, after: Any, depth: int, in_list: bool
) -> None:
    hidden: Any = {"class_name": "Lambda", "config": {"name": "deep"}}
    for level in range(depth):
        hidden = [before, hidden] if in_list else {"k": before, f"config{level}": hidden}
    with pytest.raises(UnsupportedLayer, match="layer 'deep'"):
        check_description({"layers": [hidden, after]}, Path("model.keras"))
