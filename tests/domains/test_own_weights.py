"""Training begins with the weights of a Keras application, layer by layer, or says what differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.building.parts import RecipeChoice
from edgekit.core.errors import BadInput, UnsupportedLayer
from edgekit.core.types import Array
from edgekit.domains.learning.own_weights import put_weights, read_weights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # TensorFlow and Keras warn about themselves
]
EXPECTED = "a model of two layers"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small model in every form a user may have."""
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    folder = tmp_path_factory.mktemp("weights")
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="first")], name="base")
    model = keras.Sequential([inner, keras.layers.Dense(2, name="last")])
    for name in ("model.keras", "model.h5"):
        model.save(folder / name)
    flat = keras.Sequential([keras.Input((3,)), *inner.layers, *model.layers[1:]])
    with h5py.File(folder / "alone.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, flat)
    model.save_weights(folder / "model.weights.h5")
    np.save(folder / "kernel.npy", inner.layers[0].get_weights()[0])
    return folder


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "alone.h5"])
def test_weights_are_read_by_layer_from_every_form(small: Path, name: str) -> None:
    weights = read_weights(small / name)
    assert {"first", "last"} <= set(weights)
    np.testing.assert_array_equal(weights["first"][0], np.load(small / "kernel.npy"))


def test_weights_without_names_of_layers_are_refused(small: Path) -> None:
    with pytest.raises(BadInput, match=r"holds weights only\. Save the whole model"):
        read_weights(small / "model.weights.h5")


def test_weights_that_lie_in_another_file_are_refused(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "alone.h5", "w") as file:
        file.attrs["layer_names"] = ["first"]
        group = file.create_group("first")
        group.attrs["weight_names"] = ["kernel"]
        group["kernel"] = h5py.ExternalLink("/etc/hostname", "/x")
    with pytest.raises(BadInput, match="lie in another file"):
        read_weights(tmp_path / "alone.h5")


def test_a_file_with_code_is_refused(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x)])
    model.save(tmp_path / "code.keras")
    with pytest.raises(UnsupportedLayer, match="a program stored in the file"):
        read_weights(tmp_path / "code.keras")


def test_what_does_not_fit_is_named_in_one_sentence(small: Path) -> None:
    import keras

    wider = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, name="first")])
    weights = read_weights(small / "model.keras")
    with pytest.raises(
        BadInput, match=r"layer 'first' needs weights of 3x5, 5, and there are 3x4, 4"
    ):
        put_weights(wider, weights, new=(), where="file", expected=EXPECTED)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, name="other")])
    with pytest.raises(BadInput, match=r"and there is none\. Give a model of two layers\."):
        put_weights(other, weights, new=(), where="file", expected=EXPECTED)
    before = other.get_weights()
    put_weights(other, weights, new=("other",), where="file", expected=EXPECTED)
    assert all((a == b).all() for a, b in zip(before, other.get_weights(), strict=True))


@pytest.fixture(params=[0.35, 0.5], scope="module")
def application(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float, Array, Array]:
    """A MobileNetV2 of Keras with busy weights: its file, width, a picture, and its features."""
    import keras

    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(
        weights=None, alpha=request.param, input_shape=(96, 96, 3), include_top=False
    )
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale, shift, mean, variance = (
                random.uniform(0.5, 1.5, w.shape) for w in layer.weights
            )
            layer.set_weights([scale, shift - 1, mean - 1, variance / 10])
    path = tmp_path_factory.mktemp("application") / "mobilenet.keras"
    model.save(path)
    picture = random.random((1, 96, 96, 3)).astype(np.float32)
    return path, request.param, picture, model.predict_on_batch(2 * picture - 1)


def test_the_recipe_answers_what_the_application_does(
    application: tuple[Path, float, Array, Array],
) -> None:
    import keras

    path, width, picture, features = application
    choice = RecipeChoice(name="image_mobilenet", weights=path)
    model = choice.load().build("tiny")
    assert model.get_layer("block_16_project").filters == round(320 * width)
    last = model.get_layer("Conv_1_bn").output
    found = keras.Model(model.inputs, keras.ops.relu6(last)).predict_on_batch(picture)
    assert features.std() > 0.1
    np.testing.assert_allclose(found, features, atol=1e-3)


def test_grey_pictures_see_what_three_equal_colours_do(
    application: tuple[Path, float, Array, Array],
) -> None:
    import keras

    from edgekit.recipes.image_mobilenet import pretrained

    path, _, picture, _ = application
    grey = picture[..., :1]
    answers = [
        keras.Model(model.inputs, model.get_layer("Conv1").output).predict_on_batch(seen)
        for model, seen in (
            (pretrained((96, 96, 1), 2, path), grey),
            (pretrained((96, 96, 3), 2, path), grey.repeat(3, axis=-1)),
        )
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-4)
