"""The parts of a last Concatenate become outputs, which put together are what was there before."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import BadInput
from edgekit.core.types import Batch
from edgekit.intake.joined_outputs.joints import Joint, how_to_join, renamed, too_different
from edgekit.intake.joined_outputs.splitting import joints_of, separate_outputs
from edgekit.source_model.interface import SourceModel
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import run_model

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

LIBRARIES = ("keras", "tf_keras")
IMAGES: Batch = {"image": np.random.default_rng(0).random((5, 6, 6, 3)).astype(np.float32)}


def parts(keras: Any) -> tuple[Any, Any, Any]:
    """An input, pixel boxes whose layer has a name and which are then scaled, and scores."""
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 6, 3), name="image")
    x = keras.layers.Flatten()(image)
    boxes = keras.layers.Dense(4, activation="sigmoid", name="boxes")(x) * 640.0
    return image, boxes, keras.layers.Dense(3, activation="softmax", name="scores")(x)


def detector(keras: Any) -> Any:
    image, boxes, scores = parts(keras)
    joined = keras.layers.Concatenate(name="detections")([boxes, scores])
    return keras.Model(image, keras.layers.Activation("linear", name="found")(joined))


def beside_others(keras: Any) -> Any:
    image, boxes, scores = parts(keras)
    joined = keras.layers.Concatenate()([boxes, scores])
    return keras.Model(image, {"detections": joined, "kinds": scores})


def nested(keras: Any) -> Any:
    """Two rows of boxes and scores."""
    image, boxes, scores = parts(keras)
    layers = keras.layers
    rows = [
        layers.Concatenate(axis=-1)(
            [layers.Reshape((1, 4))(scaled), layers.Reshape((1, 3))(scores)]
        )
        for scaled in (boxes, layers.Rescaling(0.5)(boxes))
    ]
    return keras.Model(image, layers.Concatenate(axis=1, name="table")(rows))


def together(joint: Joint, answers: Batch) -> Any:
    return eval(joint.expression(), {"np": np, **answers})


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("make", [detector, beside_others, nested])
def test_put_together_the_parts_are_the_old_output(
    library: str, make: Callable[[Any], Any]
) -> None:
    model = make(importlib.import_module(library))
    split, joints = separate_outputs(model)
    before, after = run_model(model, IMAGES), run_model(split, IMAGES)
    assert joints == joints_of(model)
    assert {joint.output for joint in joints} == set(before) - set(after)
    for joint in joints:
        np.testing.assert_array_equal(together(joint, after), before[joint.output])
    for name in set(before) & set(after):
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.parametrize("library", LIBRARIES)
def test_parts_are_called_after_the_layers_that_tell_what_they_are(library: str) -> None:
    keras = importlib.import_module(library)
    split, (joint,) = separate_outputs(detector(keras))
    assert str(joint) == "found = np.concatenate([boxes, scores], axis=-1)"
    assert set(run_model(split, IMAGES)) == {"boxes", "scores"}
    (joint,) = joints_of(beside_others(keras))
    assert joint.parts == ("boxes", "kinds")  # an output already


def test_names_are_unique_and_can_be_written() -> None:
    import keras

    image = keras.Input((4,), name="image")
    halves = [keras.layers.Dense(2)(image) for _ in range(2)]
    parts = [keras.ops.exp(halves[0]), halves[1], halves[1] * 9.0]
    joined = keras.ops.concatenate(parts, axis=-1)
    (joint,) = joints_of(keras.Model(image, joined))
    assert len(set(joint.parts)) == 3


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_saved_model_too(library: str, tmp_path: Path) -> None:
    model = detector(importlib.import_module(library))
    if library == "keras":
        model.export(tmp_path / "saved", verbose=False)
    else:
        import tensorflow as tf

        tf.saved_model.save(model, str(tmp_path / "saved"))
    saved: SourceModel = load_model(tmp_path / "saved")
    split, (joint,) = separate_outputs(saved)
    before, after = run_model(saved, IMAGES), run_model(split, IMAGES)
    assert "scores" in after
    np.testing.assert_allclose(together(joint, after), before[joint.output], rtol=1e-5)


def test_a_model_that_joins_nothing_is_refused_with_what_it_ends_in() -> None:
    import keras

    image, _, scores = parts(keras)
    with pytest.raises(BadInput, match=r"ends in 'scores' \(Dense\)\. Leave it out"):
        separate_outputs(keras.Model(image, scores))


def test_a_class_of_its_own_is_refused_with_a_way_on() -> None:
    import keras

    class Own(keras.Model):  # type: ignore[misc]
        def call(self, image: Any) -> Any:
            return image * 2

    own = Own()
    own(IMAGES["image"])
    with pytest.raises(BadInput, match="export it"):
        separate_outputs(own)


JOINT = Joint(output="found", axis=-1, parts=("boxes", "scores"), sizes=(4, 2))


def test_only_parts_too_different_for_one_step_are_told() -> None:
    scores = np.full((3, 2), 0.9)
    near = np.concatenate([np.full((3, 4), 5.0), scores], axis=-1)
    far = np.concatenate([np.full((3, 4), 600.0), scores], axis=-1)
    assert too_different([JOINT], {"found": near}) == []
    (sentence,) = too_different([JOINT], {"found": far})
    assert "'scores' (up to 0.9) and 'boxes' (up to 600)" in sentence
    assert "--split-outputs" in sentence


def test_names_that_the_user_gave_are_those_of_the_sentence() -> None:
    again = renamed(JOINT, {"boxes": "places", "found": "all"})
    assert how_to_join([again]) == (
        "Outputs are given in parts; together: all = np.concatenate([places, scores], axis=-1)."
    )
