"""A model is loaded as the user wants it: shapes, one signature, their own layers, float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import BadInput, NotFound, UnsupportedLayer
from edgekit.intake.model import load
from edgekit.intake.shapes import parse_shapes, with_shapes
from edgekit.source_model.export import signature_of
from edgekit.source_model.interface import interface_of, is_tf_keras
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import run_model
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((3, 12, 8, 3)).astype(np.float32)


def free(library: str = "keras") -> Any:
    """A model of pictures of any size, with a nested model and a layer used twice."""
    import importlib

    keras = importlib.import_module(library)
    layers = keras.layers
    keras.utils.set_random_seed(1)
    inner = keras.Sequential([layers.Conv2D(4, 3, padding="same"), layers.ReLU()])
    image = keras.Input((None, None, 3), name="image")
    twice = layers.Conv2D(4, 1)
    x = inner(image)
    x = layers.GlobalAveragePooling2D()(twice(twice(x)))
    return keras.Model(image, layers.Dense(2, name="kind")(x))


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_free_axes_get_a_size(library: str) -> None:
    model = free(library)
    with pytest.raises(BadInput, match=r"Give the size .* --shape image=1,SIZE,SIZE,3\."):
        signature_of(model)
    shaped = with_shapes(model, {"image": (1, 12, 8, 3)})
    (image,) = signature_of(shaped).inputs
    assert image.shape == (1, 12, 8, 3)
    assert [t.name for t in signature_of(shaped).outputs] == ["kind"]
    assert interface_of(shaped).has_free_batch
    expected = model(IMAGES, training=False)
    answer = run_model(shaped, {"image": IMAGES})
    np.testing.assert_allclose(answer["kind"], expected, atol=1e-6)


@pytest.mark.parametrize("batch", [None, 4])
def test_a_savedmodel_gets_a_size_and_a_batch_of_one(tmp_path: Path, batch: int | None) -> None:
    import tensorflow as tf

    model = free()
    spec = tf.TensorSpec((batch, None, None, 3), name="image")
    model.export(tmp_path / "saved", verbose=False, input_signature=[spec])
    saved, _ = load(tmp_path / "saved", shapes={"": (1, 12, 8, 3)})
    signature = signature_of(saved)
    assert signature.inputs[0].shape == (1, 12, 8, 3)
    assert signature.outputs[0].shape == (1, 2)
    (answer,) = run_model(saved, {signature.inputs[0].name: IMAGES}).values()
    np.testing.assert_allclose(answer, model(IMAGES, training=False), atol=1e-6)


def test_a_fixed_batch_becomes_one(tmp_path: Path) -> None:
    import keras

    start = keras.Input(batch_shape=(8, 4), name="x")
    model = keras.Model(start, keras.layers.Dense(2)(start))
    with pytest.raises(BadInput, match=r"takes batches of 8; .* Give --shape x=1,4"):
        signature_of(model)
    assert signature_of(with_shapes(model, {"x": (1, 4)})).inputs[0].shape == (1, 4)


def test_several_inputs_keep_their_structure() -> None:
    import keras

    left, right = (keras.Input((None,), name=name) for name in ("left", "right"))
    total = keras.layers.Add()([left, right])
    model = keras.Model({"b": left, "a": right}, keras.ops.sum(total, axis=-1, keepdims=True))
    shaped = with_shapes(model, {"a": (1, 5), "b": (1, 5)})
    assert {t.name: t.shape for t in signature_of(shaped).inputs} == {"a": (1, 5), "b": (1, 5)}


def test_a_layer_shared_with_a_model_inside_stays_one() -> None:
    """So do keras-hub's causal language models, whose embedding also ends them."""
    import keras

    given, layer = keras.Input((None, 4), name="x"), keras.layers.Dense(4)
    inner = keras.Model(given, layer(given))
    model = keras.Model(given, layer(inner(given)))
    shaped: Any = with_shapes(model, {"": (1, 3, 4)})
    assert signature_of(shaped).inputs[0].shape == (1, 3, 4)
    assert len(shaped.weights) == 2
    x = RANDOM.random((5, 3, 4)).astype(np.float32)
    (answer,) = run_model(shaped, {"x": x}).values()
    np.testing.assert_allclose(answer, model(x), atol=1e-6)


@pytest.mark.parametrize(
    ("shapes", "sentence"),
    [
        ({"img": (1, 8, 8, 3)}, r"names 'img'; the inputs of .* are 'image' \(None, None, None, 3"),
        ({"image": (8, 8, 3)}, r"is \(8, 8, 3\); .* Give 4 positive numbers, the batch first"),
        ({"image": (1, 0, 8, 3)}, "Give 4 positive numbers"),
        ({"image": (2, 8, 8, 3)}, "a batch of 2; files here take one example at a time"),
        ({"image": (1, 8, 8, 1)}, r"Only axes that are free \(None\) and the batch"),
    ],
)
def test_a_wrong_shape_names_the_inputs_there_are(shapes: Any, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        with_shapes(free(), shapes)


def test_a_shape_that_the_model_cannot_take_is_refused(tmp_path: Path) -> None:
    import keras

    image = keras.Input((None, None, 1), name="image")
    x = keras.layers.Conv2D(2, 5)(image)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))
    with pytest.raises(BadInput, match=r"cannot take 'image' \(1, 2, 2, 1\): .* another shape"):
        with_shapes(model, {"image": (1, 2, 2, 1)})


def test_shapes_are_read_from_text() -> None:
    assert parse_shapes(["image=1,2,3", "a=b=1"]) == {"image": (1, 2, 3), "a=b": (1,)}
    assert parse_shapes(["1,2"]) == {"": (1, 2)}
    for wrong in ("image", "image=", "image=1,x", "image=1x2"):
        with pytest.raises(BadInput, match="write the input's name and whole numbers"):
            parse_shapes([wrong])
    with pytest.raises(BadInput, match="names 'a' twice"):
        parse_shapes(["a=1", "a=2"])


# Signatures


@pytest.fixture(scope="module")
def two_signatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tensorflow as tf

    class Both(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((None, 3), name="x")])  # type: ignore[untyped-decorator]
        def double(self, x: Any) -> Any:
            return {"y": x * 2}

        @tf.function(input_signature=[tf.TensorSpec((None, 3), name="x")])  # type: ignore[untyped-decorator]
        def half(self, x: Any) -> Any:
            return {"z": x / 2}

    both = Both()
    folder = tmp_path_factory.mktemp("both") / "saved"
    tf.saved_model.save(both, str(folder), signatures={"double": both.double, "half": both.half})
    return folder


def test_a_signature_is_chosen_and_the_others_are_named(two_signatures: Path) -> None:
    with pytest.raises(BadInput, match=r"has the signatures 'double', 'half'; .*--signature"):
        load(two_signatures)
    with pytest.raises(BadInput, match="you asked for 'third': choose one"):
        load(two_signatures, signature="third")
    model, notes = load(two_signatures, signature="half")
    assert [t.name for t in signature_of(model).outputs] == ["z"]
    assert notes == ("Converted is the signature 'half'; left out: 'double' (--signature).",)


def test_keras_exports_one_signature_by_two_names(tmp_path: Path) -> None:
    strangers.sequential().export(tmp_path / "saved", verbose=False)
    assert load(tmp_path / "saved")[1] == ()


def test_a_file_has_no_signatures(tmp_path: Path) -> None:
    path = strangers.saved(strangers.sequential(), tmp_path / "m.keras")
    with pytest.raises(BadInput, match="only SavedModel folders have signatures"):
        load_model(path, signature="serving_default")


# Layers of the user's own

CODE = """
import keras

@keras.saving.register_keras_serializable("mine")
class Registered(keras.layers.Layer):
    def call(self, x):
        return x * 2

class Plain(keras.layers.Layer):
    def call(self, x):
        return x + 1

def bend(x):
    return keras.ops.abs(x)
"""


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """Write code and a model that needs it; forget the code."""
    import sys
    import types

    import keras

    (tmp_path / "code.py").write_text(CODE)
    before = dict(keras.saving.get_custom_objects())
    module = types.ModuleType("trainer")
    sys.modules["trainer"] = module
    exec(CODE, vars(module))
    model = strangers.chain(
        (3,), module.Registered(), module.Plain(), keras.layers.Dense(2, activation=module.bend)
    )
    model.save(tmp_path / "m.keras")
    expected = model(np.ones((1, 3)))
    del sys.modules["trainer"]
    keras.saving.get_custom_objects().clear()
    yield tmp_path, expected
    keras.saving.get_custom_objects().clear()
    keras.saving.get_custom_objects().update(before)


def test_layers_of_the_users_own_are_found_in_the_file_they_name(own: Any) -> None:
    folder, expected = own
    with pytest.raises(UnsupportedLayer, match=r"Registered|Plain|bend"):
        load(folder / "m.keras")
    model, _ = load(folder / "m.keras", custom=folder / "code.py")
    (answer,) = run_model(model, {"x": np.ones((1, 3), np.float32)}).values()
    np.testing.assert_allclose(answer, expected, atol=1e-6)


def test_code_that_fails_or_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("import no_such_package")
    with pytest.raises(BadInput, match=r"code\.py' fails: ModuleNotFoundError: No module named"):
        load(tmp_path / "m.keras", custom=tmp_path / "code.py")
    with pytest.raises(NotFound, match="There is no Python file"):
        load(tmp_path / "m.keras", custom=tmp_path / "other.py")


# Policies


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_policies_are_replaced_by_float32(tmp_path: Path, library: str, policy: str) -> None:
    import importlib

    keras = importlib.import_module(library)
    layers = keras.layers
    inner = keras.Sequential([layers.Dense(5, dtype=policy), layers.LayerNormalization()])
    start = keras.Input((4,), name="x")
    x = layers.BatchNormalization(dtype=policy)(inner(start))
    model = keras.Model(start, layers.Dense(2, dtype=policy, name="y")(x))
    path = tmp_path / "m.keras"
    model.save(path)
    loaded, (note,) = load(path)
    assert is_tf_keras(loaded) == (library == "tf_keras")
    assert f"computes in {policy}, which TFLite cannot" in note
    assert {t.dtype for t in signature_of(loaded).outputs} == {"float32"}
    values = RANDOM.random((6, 4)).astype(np.float32)
    expected = np.asarray(model(values, training=False)).astype(np.float32)
    (answer,) = run_model(loaded, {"x": values}).values()
    np.testing.assert_allclose(answer, expected, atol=2e-2 if "16" in policy else 1e-6)


def test_float32_models_stay_as_they_are(tmp_path: Path) -> None:
    path = strangers.saved(strangers.sequential(), tmp_path / "m.keras")
    assert load(path)[1] == ()
